"""Gaps filled by the code of least energy."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_breast_cancer, load_digits, load_wine

from isthmus import Autoencoder
from isthmus.errors import InputError
from isthmus.jobs.inpaint import impute
from isthmus.model import Model
from isthmus.parts import Dense, Gaussian, Normal, Part
from isthmus.restoration import inpaint
from isthmus.restoration.energy import energy, fitted_density, own_density, search
from isthmus.restoration.holes import rounded
from isthmus.restoration.inpainting import _of_others

QUICK = {"random_state": 0, "device": "cpu"}


def gappy(X, share=0.25, seed=0):
    """The table as floats with some cells NaN, at least one known in each row."""
    hidden = np.random.default_rng(seed).random(X.shape) < share
    hidden[:, 0] = False
    return np.where(hidden, np.nan, X), hidden


@pytest.fixture(scope="module")
def wine():
    return load_wine().data


@pytest.fixture(scope="module")
def linear(wine):
    """A vae whose decoder is linear: x|z ~ N(W z + b, s^2 I), z ~ N(0, I)."""
    return Autoencoder("vae", 4, hidden=(), epochs=30, **QUICK).fit(wine)


@pytest.fixture(scope="module")
def digits():
    return load_digits().images.astype(np.uint8) * 16 - (load_digits().images == 16).astype(np.uint8)


@pytest.fixture(scope="module")
def digits_model(digits):
    return Autoencoder("vae", 12, epochs=15, **QUICK).fit(digits[:1500])


@pytest.mark.parametrize("beta", [1.0, 3.0])
def test_linear_gaussian_posterior_mean(linear, wine, beta):
    """E[z|known] = (W'W + beta s^2 I)^-1 W'(x - b) over the known rows of W, and beta weighs the prior."""
    holes, hidden = gappy(wine[:20])
    found = inpaint(linear, holes, beta=beta)
    decoder = next(m for m in linear.model_.decoder.modules() if isinstance(m, torch.nn.Linear))
    W, b = decoder.weight.detach().double().numpy(), decoder.bias.detach().double().numpy()
    variance = float(torch.as_tensor(2 * linear.model_.likelihood.scale.log()).detach().exp())
    prepared = linear.preparation_.apply(holes).astype(float)
    for row, code in zip(found.rows, found.codes, strict=True):
        known = ~hidden[row]
        A = W[known]
        exact = np.linalg.solve(A.T @ A + beta * variance * np.eye(4), A.T @ (prepared[row, known] - b[known]))
        np.testing.assert_allclose(code, exact, atol=1e-4)
        expected = (W @ exact + b) * linear.preparation_.scales + linear.preparation_.means
        np.testing.assert_allclose(found.filled[row, hidden[row]], expected[hidden[row]], rtol=1e-3, atol=1e-4)


def test_energy_at_the_code_is_minus_log_joint(linear, wine):
    """-log p(x known|z) - log p(z), each gaussian with its constants."""
    holes, hidden = gappy(wine[:5])
    found = inpaint(linear, holes, steps=20)
    variance = float(torch.as_tensor(2 * linear.model_.likelihood.scale.log()).detach().exp())
    prepared = linear.preparation_.apply(holes).astype(float)
    for place, row in enumerate(found.rows):
        decoded = linear.decode_prepared(found.codes[place : place + 1])[0]
        error = (prepared[row] - decoded)[~hidden[row]]
        distortion = 0.5 * (error**2 / variance + np.log(2 * np.pi * variance)).sum()
        rate = 0.5 * (found.codes[place] ** 2 + np.log(2 * np.pi)).sum()
        assert found.energies[:, place].min() == pytest.approx(distortion + rate, rel=1e-6)


@pytest.mark.parametrize("recipe", ["vae", "ae", "rae", "hierarchical", "sparse", "iwae"])
def test_known_cells_stay_and_the_energy_falls(wine, recipe):
    model = Autoencoder(recipe, 3, epochs=2, **QUICK).fit(wine)
    holes, hidden = gappy(wine[:30])
    found = inpaint(model, holes, steps=30)
    assert (found.filled[~hidden] == wine[:30][~hidden]).all()
    assert np.isfinite(found.filled).all()
    assert (found.energies.min(0) <= found.energies[0]).all()
    assert found.energies.min(0).mean() < found.energies[0].mean()
    assert np.isnan(holes[hidden]).all()  # the caller's array is not written to


def test_a_row_is_filled_the_same_beside_others(linear, wine):
    holes, _ = gappy(wine[:8])
    together, alone = inpaint(linear, holes).filled, inpaint(linear, holes[3:4]).filled
    np.testing.assert_allclose(together[3:4], alone, rtol=1e-9)


class Wave(Part):
    """A decoder of one code value with many valleys: (sin 4z, z / 4)."""

    def forward(self, z_B1, condition_BC=None):
        return torch.cat([(4 * z_B1).sin(), z_B1 / 4], -1)


def test_several_starts_find_the_deepest_of_many_valleys():
    model = Model(Dense((2,), (2,)), Gaussian(1), Wave(), Normal(0.1)).double().eval().requires_grad_(False)
    target_B2 = model.decoder(torch.tensor([[-1.9], [0.3], [1.4]], dtype=torch.float64))
    target_B2[1, 1] = torch.nan  # one cell unknown: all valleys of the sine fit, and the prior takes the innermost
    density = own_density(model.bottleneck, draws=12, seed=0)
    starts_SB1 = density.typical_SZ[:, None].expand(-1, 3, -1).double()
    found = search(model, target_B2, starts_SB1, density, beta=1.0, steps=200)
    grid = torch.linspace(-4, 4, 20001, dtype=torch.float64)[:, None]
    for row in range(3):
        every = energy(model, target_B2[row].expand(len(grid), -1), grid, density.rate, 1.0)
        assert found.energy_TB[:, row].min() == pytest.approx(float(every.min()), abs=1e-3)
        assert float(found.z_BZ[row]) == pytest.approx(float(grid[every.argmin()]), abs=2e-3)
    alone = search(model, target_B2, starts_SB1[:1], density, beta=1.0, steps=200)
    assert (alone.energy_TB.min(0).values > found.energy_TB.min(0).values + 1).any()


def test_pictures_under_each_shape_of_mask(digits_model, digits):
    clean = digits[1500:1530]
    hidden = np.zeros((8, 8), bool)
    hidden[2:5, 2:6] = True
    damaged = np.where(hidden, 128, clean).astype(np.uint8)
    found = inpaint(digits_model, damaged, hidden)
    assert found.filled.dtype == np.uint8
    assert (found.filled[:, ~hidden] == clean[:, ~hidden]).all()
    error = ((found.filled / 255.0 - clean / 255.0) ** 2)[:, hidden].mean()
    mean = np.broadcast_to(digits[:1500].mean(0), clean.shape)
    assert error < 0.6 * (((mean - clean) / 255.0) ** 2)[:, hidden].mean()
    for mask in (np.repeat(hidden[None], 30, 0), hidden.astype(np.uint8), np.repeat(hidden[None, ..., None], 30, 0)):
        np.testing.assert_array_equal(inpaint(digits_model, damaged, mask).filled, found.filled)
    white = np.where(hidden, 255, clean).astype(np.uint8)  # what stands under the mask tells nothing
    np.testing.assert_array_equal(inpaint(digits_model, white, hidden).filled, found.filled)


def test_imputation_beats_the_mean_on_a_real_table():
    X = load_breast_cancer().data
    model = Autoencoder("vae", 8, corruption="masking:0.2", epochs=30, **QUICK).fit(X[:400])
    holes, hidden = gappy(X[400:], 0.2)
    error = (inpaint(model, holes).filled - X[400:]) / X[:400].std(0)
    mean = (X[:400].mean(0) - X[400:]) / X[:400].std(0)
    assert np.sqrt((error[hidden] ** 2).mean()) < 0.7 * np.sqrt((mean[hidden] ** 2).mean())


def test_frames_keep_names_index_and_types():
    frame = pd.DataFrame(
        {
            "x": np.arange(60) / 7,
            "whole": np.arange(60) * 2,
            "flag": np.arange(60) % 2 == 0,
            "colour": np.where(np.arange(60) < 30, "red", "blue"),
        },
        index=np.arange(100, 160),
    )
    model = Autoencoder("vae", 2, epochs=20, **QUICK).fit(frame)
    holes = frame.astype({"whole": float, "flag": object})
    holes.loc[103, "x"] = holes.loc[104, "whole"] = np.nan
    holes.loc[105, "colour"] = None
    holes.loc[106, "whole"] = 12.5  # no whole number, though it was fitted on such
    filled = inpaint(model, holes.astype({"flag": "boolean"})).filled
    assert list(filled.columns) == list(frame.columns)
    assert (filled.index == frame.index).all()
    assert filled.notna().all().all()
    assert filled.loc[106, "whole"] == 12.5
    assert filled.loc[105, "colour"] in ("red", "blue")
    known = holes.notna()
    assert (filled[known["x"]]["x"] == frame[known["x"]]["x"]).all()


def test_nothing_missing_is_a_copy(linear, wine):
    found = inpaint(linear, wine[:4])
    np.testing.assert_array_equal(found.filled, wine[:4])
    assert found.filled is not wine
    assert len(found.rows) == found.codes.shape[0] == found.energies.shape[1] == 0


def test_a_plain_autoencoder_is_held_to_its_codes(wine):
    """Without a rate the search runs off to codes that nothing has; a gaussian fitted to the codes forbids it."""
    order = np.random.default_rng(0).permutation(len(wine))
    learned, others = wine[order[:130]], wine[order[130:]]
    model = Autoencoder("ae", 5, epochs=200, **QUICK).fit(learned)
    holes, hidden = gappy(others, 0.3)
    scale = learned.std(0)
    free, held = (
        np.sqrt(((((inpaint(model, holes, like=learned, beta=beta).filled - others) / scale)[hidden]) ** 2).mean())
        for beta in (0.0, 1.0)
    )
    assert held < 0.95 * free


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mask": None}, "need a mask"),
        ({"mask": np.ones((8, 9))}, "size 8x9, where 8x8"),
        ({"mask": np.ones((8, 8))}, "nothing is known of picture 0, nor of 3 more"),
        ({"mask": np.full((8, 8), np.nan)}, "mask of float64"),
        ({"mask": np.eye(8), "beta": -1.0}, "beta=-1.0"),
        ({"mask": np.eye(8), "steps": 1.5}, "steps=1.5"),
    ],
)
def test_bad_pictures_and_options(digits_model, digits, change, words):
    with pytest.raises(InputError, match=words):
        inpaint(digits_model, digits[:4], **change)


def test_what_has_no_code_to_search(wine):
    with pytest.raises(InputError, match="'vq' fills no gaps, for it has no code"):
        inpaint(Autoencoder("vq", 4, epochs=1, **QUICK).fit(wine), wine[:3])
    model = Autoencoder("ae", 2, epochs=1, **QUICK).fit(wine)
    holes, _ = gappy(wine[:4])
    with pytest.raises(InputError, match=r"4 rows are too few .* --like"):
        inpaint(model, holes)
    empty = wine[:4].copy()
    empty[2] = np.nan
    with pytest.raises(InputError, match="nothing is known of row 2"):
        inpaint(model, empty)


def test_guesses_are_rounded_by_the_spread_of_their_column():
    scales = np.array([0.8, 300.0, 1e9, 1e-310, 0.0])
    guess = np.array([[13.123456789, 1.7e9 + 0.123456, 123456.789, 1 / 3 * 1e-310, 1 / 3]])
    found = rounded(guess, scales)
    assert found[0, [0, 1, 4]].tolist() == [13.123457, 1.7e9 + 0.123, 1 / 3]
    assert (abs(found - guess) <= 1e-5 * scales).all()


def test_the_iterative_imputer_goes_all_its_rounds():
    """Fitted to complete rows nothing changes in its first round; one round alone would be no fair peer."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(300, 2)) @ random.normal(size=(2, 8)) + 0.1 * random.normal(size=(300, 8))
    gappy = np.where(random.random((100, 8)) < 0.4, np.nan, rows[200:])
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer

    one_round = IterativeImputer(random_state=0).fit(rows[:200]).transform(gappy)
    found = impute(rows[:200], gappy)["iterative"]
    gaps = np.isnan(gappy)
    error, once = (np.square(each - rows[200:])[gaps].mean() for each in (found, one_round))
    assert error < 0.8 * once


def test_blend_is_weighed_by_a_density_of_other_rows(wine):
    """Of a recipe without a prior: a gaussian of the codes of the rows that aren't judged, and of these alone."""
    model = Autoencoder("ae", 3, hidden=(), epochs=5, **QUICK).fit(wine)
    judged = np.arange(0, len(wine), 2)
    others = np.delete(wine, judged, 0)
    exact = fitted_density(torch.from_numpy(model.transform(others)).double(), 2, 0, "ae")
    x_NF = torch.from_numpy(model.preparation_.apply(wine))
    x_NF[judged] = 1e3
    found = _of_others(model, x_NF, judged, 2, 0)
    z_BZ = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(found.rate(z_BZ), exact.rate(z_BZ), rtol=1e-4, atol=1e-4)
    with pytest.raises(InputError, match="takes 20 or more rows, half of them"):
        inpaint(model, gappy(wine)[0], like=wine[:15], blend=True, steps=1)
    filled = inpaint(model, gappy(wine)[0], like=wine, blend=True, steps=5).filled
    assert np.isfinite(filled).all()
