"""The figures of evaluation against codes, clouds and curves whose figures are known."""

import math

import numpy as np
import pytest
from sklearn.datasets import make_swiss_roll
from sklearn.linear_model import LogisticRegression

from isthmus.data import open_data, shapes
from isthmus.errors import InputError
from isthmus.evaluation import (
    active_units,
    bits_per_dimension,
    completeness,
    continuity,
    dci,
    knee,
    maximum_likelihood_dimension,
    mig,
    sap,
    two_nn,
)

numbers = np.random.default_rng(0)
FACTORS = numbers.integers(0, 5, (3000, 4))
PERFECT = FACTORS[:, [2, 0, 3, 1]] * [1.0, -2.0, 0.5, 3.0] + 0.01 * numbers.normal(size=(3000, 4))
RANDOM = numbers.normal(size=(3000, 4))
TURNED = PERFECT @ np.linalg.qr(numbers.normal(size=(4, 4)))[0]


def test_a_perfect_code_scores_one():
    assert mig(PERFECT, FACTORS) == pytest.approx(1, abs=0.02)
    assert sap(PERFECT, FACTORS) == pytest.approx(1, abs=0.02)
    found = dci(PERFECT, FACTORS)
    assert found.disentanglement == pytest.approx(1, abs=0.02)
    assert found.completeness == pytest.approx(1, abs=0.02)
    assert found.informativeness == pytest.approx(1, abs=0.02)


def test_a_random_code_scores_nothing():
    assert mig(RANDOM, FACTORS) < 0.02
    assert sap(RANDOM, FACTORS) < 0.02
    found = dci(RANDOM, FACTORS)
    assert max(found) < 0.1


def test_a_turned_code_tells_all_but_is_not_disentangled():
    found = dci(TURNED, FACTORS)
    assert found.informativeness > 0.6
    assert found.disentanglement < 0.6
    assert mig(TURNED, FACTORS) < 0.4
    assert sap(TURNED, FACTORS) < 0.6


def test_a_factor_told_twice_has_no_gap():
    twice = np.hstack([PERFECT, PERFECT])
    assert mig(twice, FACTORS) == pytest.approx(0, abs=0.01)
    assert sap(twice, FACTORS) == pytest.approx(0, abs=0.01)
    assert dci(twice, FACTORS).completeness < 0.8


def test_categories_may_be_words():
    words = np.array(["a", "bc", "d", "e", "f"], dtype=object)[FACTORS]
    assert mig(PERFECT, words) == pytest.approx(mig(PERFECT, FACTORS))
    assert mig(PERFECT[:10, :1], [["a"], ["b"]] * 5) >= 0
    every, mixed = range(4), np.column_stack([words[:, :1], FACTORS[:, 1:]])
    assert sap(PERFECT, words, categorical=every) == pytest.approx(sap(PERFECT, FACTORS, categorical=every))
    some = slice(300)
    found, known = (dci(PERFECT[some], v[some], categorical=[0]) for v in (mixed, FACTORS))
    assert found == pytest.approx(known)
    for judge in (sap, dci):
        with pytest.raises(InputError, match="name those that are categories"):
            judge(PERFECT, words)
    with pytest.raises(InputError, match="give \\(n, Z\\)"):
        mig(PERFECT, ["a"] * 3000)
    with pytest.raises(InputError, match="finite"):
        mig(PERFECT, np.where(FACTORS == 1, np.nan, FACTORS))


def test_a_gap_by_hand():
    """One code value tells the whole bit, another is right 3 times in 4: I = ln 2, and ln 2 - H(1/4)."""
    bit = np.tile([0, 1], 4000)
    noisy = np.where(np.arange(8000) % 8 < 2, 1 - bit, bit)
    told = math.log(2) + 0.25 * math.log(0.25) + 0.75 * math.log(0.75)
    codes = np.column_stack([bit, noisy]).astype(float)
    assert mig(codes, bit[:, None]) == pytest.approx(1 - told / math.log(2), abs=1e-6)
    assert sap(codes, bit[:, None]) == pytest.approx(1 - 0.25, abs=1e-6)  # the correlation is 1/2
    assert sap(codes, bit[:, None], categorical=(0,)) == pytest.approx(1 - 0.75, abs=1e-6)


def test_dci_of_two_factors_in_one_code_value():
    """A code value that serves both of two factors alike isn't disentangled; each factor needs just one."""
    pair = numbers.integers(0, 2, (4000, 2))
    codes = np.column_stack([pair @ [1.0, 2.0], numbers.normal(size=4000)])
    found = dci(codes, pair, categorical=(0, 1))
    assert found.disentanglement < 0.1
    assert found.completeness > 0.9
    assert found.informativeness == pytest.approx(1, abs=0.01)


def test_what_can_not_be_scored_is_refused():
    with pytest.raises(InputError, match="same 10 or more rows"):
        mig(PERFECT[:-1], FACTORS)
    with pytest.raises(InputError, match="constant"):
        dci(PERFECT, np.ones((3000, 2)))
    with pytest.raises(InputError, match="finite"):
        sap(np.full((3000, 1), np.nan), FACTORS)


def sphere(dimension: int, count: int = 2000) -> np.ndarray:
    points = np.random.default_rng(dimension).normal(size=(count, dimension + 1))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


@pytest.mark.parametrize("estimator", [two_nn, maximum_likelihood_dimension])
def test_intrinsic_dimensions_are_recovered(estimator):
    assert estimator(make_swiss_roll(2000, random_state=0)[0]) == pytest.approx(2, abs=0.2)
    for dimension in (1, 2, 5):
        assert estimator(sphere(dimension)) == pytest.approx(dimension, rel=0.1), dimension
    flat = np.random.default_rng(3).normal(size=(2000, 3)) @ np.random.default_rng(4).normal(size=(3, 40))
    assert estimator(flat) == pytest.approx(3, rel=0.12)
    assert estimator(np.vstack([flat, flat])) == pytest.approx(estimator(flat), rel=0.01), "copies are no neighbours"
    assert math.isnan(estimator(np.ones((50, 3))))
    with pytest.raises(InputError, match="missing"):
        estimator(np.array([[1.0, np.nan]] * 30))


def test_bits_of_uniform_noise_are_eight():
    """Every level equally likely: the density is 255/256 over an interval of 256/255."""
    assert bits_per_dimension(100 * math.log(256 / 255), 100) == pytest.approx(8, abs=1e-12)
    assert bits_per_dimension(10 * math.log(16 / 15), 10, levels=16) == pytest.approx(4, abs=1e-12)


def test_bits_of_a_known_histogram():
    """A density that is constant over each level, from counts, costs the histogram's entropy."""
    p = np.array([0.5, 0.25, 0.125, 0.125])
    nll = -(p * np.log(p * 3)).sum()
    assert bits_per_dimension(float(nll), 1, levels=4) == pytest.approx(1.75)
    with pytest.raises(InputError, match="levels=1"):
        bits_per_dimension(1.0, 1, levels=1)


def test_active_units_of_a_constructed_posterior():
    means = np.random.default_rng(0).normal(size=(5000, 3)) * np.sqrt([1.0, 0.02, 0.005])
    assert active_units(means).tolist() == [True, True, False]
    assert active_units(np.zeros((10, 2))).tolist() == [False, False]


def test_a_linear_decoder_is_perfectly_continuous_and_a_step_is_not():
    weights, codes = np.random.default_rng(0).normal(size=(2, 6)), np.array([[0.0, 0.0], [3.0, 4.0]])
    even = continuity(lambda z: z @ weights, codes, steps=10, pairs=5)
    assert even.jump == pytest.approx(1)
    assert even.move == pytest.approx(np.linalg.norm([3.0, 4.0] @ weights) / 10)
    step = continuity(lambda z: (z[:, :1] > 1.4).astype(float), codes, steps=10, pairs=5)
    assert step.jump == pytest.approx(10)
    assert step.move == pytest.approx(0.1)
    assert continuity(np.zeros_like, codes) == (0, 1)


def test_completeness_counts_the_samples_on_the_data():
    real = np.random.default_rng(0).normal(size=(500, 2))
    near = np.random.default_rng(1).normal(size=(100, 2)) * 0.5
    assert completeness(near, real) > 0.9
    assert completeness(np.vstack([near, near + 50]), real) == pytest.approx(completeness(near, real) / 2)
    line = LogisticRegression().fit(np.vstack([real, real + 9]), [1] * 500 + [0] * 500)
    judged = completeness(np.vstack([near, near + 50]), real, judge=lambda x: line.predict(x) == 1)
    assert judged == pytest.approx(0.5)


def test_the_knee_of_known_curves():
    assert knee([1, 2, 4, 8, 16], [10, 5, 0.1, 0.05, 0.0]) == 2
    assert knee([1, 2, 3, 4, 5], [5, 4, 3, 2, 1]) == 4, "a straight line has no knee"
    assert knee([1, 2, 3], [1, 1, 1]) == 0
    assert knee([3], [1]) == 0
    x = np.arange(1, 200) / 20
    # 1/x on [a, b] lies furthest below its chord at sqrt(ab): the tangent there is parallel to it
    assert x[knee(x, 1 / x)] == pytest.approx(math.sqrt(x[0] * x[-1]), abs=0.05)
    assert knee([1, 2, 4, 8], [10, 1, 1.3, 0.9]) == 1
    with pytest.raises(InputError, match="ascend"):
        knee([2, 1], [1, 0])


def test_shapes_hold_every_combination_once_and_say_what_they_show():
    pictures, factors = shapes()
    assert pictures.shape == (3072, 16, 16)
    assert len(np.unique(factors, axis=0)) == 3072
    assert len(np.unique(pictures.reshape(3072, -1), axis=0)) == 3072
    mass = pictures.astype(float).sum((1, 2))
    across = (pictures * (np.arange(16) + 0.5)).sum((1, 2)) / mass
    down = (pictures * (np.arange(16) + 0.5)[:, None]).sum((1, 2)) / mass
    assert np.corrcoef(across, factors[:, 1])[0, 1] > 0.999
    assert np.corrcoef(down, factors[:, 2])[0, 1] > 0.98  # a triangle's centre of mass lies low
    disc = factors[:, 0] == 1
    top = pictures.max((1, 2))
    area = mass[disc] / (255 * (0.4 + 0.2 * factors[disc, 4]))
    np.testing.assert_allclose(area, math.pi * (2 + 0.5 * factors[disc, 3]) ** 2, rtol=0.06)
    assert [int(top[factors[:, 4] == g].max()) for g in range(4)] == [102, 153, 204, 255]
    data = open_data("shapes")
    assert data.kind == "images"
    assert (data.labels == np.array(["square", "disc", "triangle"])[factors[:, 0]]).all()
