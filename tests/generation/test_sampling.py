"""Rows drawn: from the density that was asked for, as the model says, and the same for the same seed."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

from isthmus import Autoencoder, open_data
from isthmus.errors import InputError
from isthmus.generation import generate, generator
from isthmus.generation.sources import of_flow, of_mixture
from isthmus.parts import Bernoulli, Laplace, Mixed, Normal
from isthmus.training import seeded

numbers = np.random.default_rng(0)


@pytest.fixture(scope="module")
def table():
    """Two kinds of rows: with a colour, a gap in a fifth of one column, and a whole number from 0 to 9."""
    kind = numbers.random(600) < 0.3
    frame = pd.DataFrame(
        {
            "size": np.where(kind, 5.0, -5.0) + numbers.normal(size=600),
            "count": numbers.integers(0, 10, 600),
            "colour": np.where(kind, "red", "blue"),
            "label": np.where(kind, "odd", "plain"),
        }
    )
    frame.loc[numbers.random(600) < 0.2, "size"] = np.nan
    return frame


@pytest.fixture(scope="module")
def fitted(table):
    data = open_data(table, label="label")
    return Autoencoder("vae", 2, epochs=60, random_state=0).fit(data), data


@pytest.mark.parametrize(
    ("likelihood", "raw", "cdf"),
    [(Normal(0.5), 2.0, stats.norm(2, 0.5).cdf), (Laplace(0.5), 2.0, stats.laplace(2, 0.5).cdf)],
)
def test_draws_of_numbers_have_the_density_that_costs_them(likelihood, raw, cdf):
    with torch.no_grad(), seeded(0, "cpu"):
        drawn = likelihood.draw(torch.full((4000, 1), raw)).numpy().ravel()
    assert stats.kstest(drawn, cdf).pvalue > 0.01


def test_draws_of_classes_have_their_shares():
    with torch.no_grad(), seeded(0, "cpu"):
        bits = Bernoulli().draw(torch.full((4000, 1), 1.0))
        rows = Mixed([("numeric", 1), ("categorical", 3)]).draw(torch.tensor([[0.0, 0.0, 1.0, 2.0]]).repeat(4000, 1))
    assert bits.mean() == pytest.approx(1 / (1 + np.exp(-1)), abs=0.03)
    assert set(bits.unique().tolist()) == {0.0, 1.0}
    assert (rows[:, 1:].sum(1) == 1).all()
    shares = np.exp([0, 1, 2]) / np.exp([0, 1, 2]).sum()
    np.testing.assert_allclose(rows[:, 1:].mean(0), shares, atol=0.03)


def test_rows_of_a_table_are_of_its_kinds_ranges_and_gaps(fitted, table):
    model, _ = fitted
    made = generate(model, 3000)
    assert list(made.columns) == ["size", "count", "colour"]
    assert made["size"].isna().mean() == pytest.approx(table["size"].isna().mean(), abs=0.03)
    assert made["size"].min() >= table["size"].min()
    assert made["size"].max() <= table["size"].max()
    assert made["count"].dtype == table["count"].dtype
    assert set(made["colour"]) == {"red", "blue"}
    assert (made["colour"] == "red").mean() == pytest.approx(0.3, abs=0.12)
    known = made.dropna()
    assert ((known["size"] > 0) == (known["colour"] == "red")).mean() > 0.9
    assert made["count"].std() > 1.5  # means alone would hardly vary


def test_the_same_seed_gives_the_same_rows(fitted):
    model, data = fitted
    pd.testing.assert_frame_equal(generate(model, 50), generate(model, 50))
    assert not generate(model, 50).equals(generate(model, 50, random_state=1))
    options = {"density": "mixture", "fitted_to": data}
    pd.testing.assert_frame_equal(generate(model, 50, **options), generate(model, 50, **options))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="draws on a GPU take one")
def test_draws_on_a_gpu_follow_the_seed(fitted):
    pd.testing.assert_frame_equal(generate(fitted[0], 50, draw="sample"), generate(fitted[0], 50, draw="sample"))


def test_a_label_gives_rows_of_its_class(fitted):
    model, data = fitted
    made = generate(model, 500, label="odd", fitted_to=data)
    assert (made["colour"] == "red").mean() > 0.95
    with pytest.raises(InputError, match="isn't told classes"):
        generate(model, 5, label="odd")
    with pytest.raises(InputError, match=r"no row has the label 'od'.*did you mean 'odd'"):
        generate(model, 5, label="od", fitted_to=data)


def test_a_conditional_model_is_told_the_class(table):
    model = Autoencoder("conditional", 2, epochs=40, random_state=0).fit(open_data(table, label="label"))
    assert (generate(model, 300, label="odd")["colour"] == "red").mean() > 0.95
    for row, colour in ((open_data(table, label="label").subset(np.array([i])), table["colour"][i]) for i in range(4)):
        made = generate(model, 100, like=row, spread=0.1)  # the class of the row isn't in its code, but told
        assert (made["colour"] == colour).mean() > 0.95
    with pytest.raises(InputError, match="'other' was not among those fitted"):
        generate(model, 3, label="other")


def test_rows_like_one_are_about_it(fitted, table):
    model, data = fitted
    row = data.subset(np.array([int(np.flatnonzero(table["colour"] == "red")[0])]))
    codes = generator(model, like=row, spread=0.1).codes(2000, 0)
    np.testing.assert_allclose(codes.mean(0), model.transform(row)[0], atol=0.02)
    np.testing.assert_allclose(codes.std(0), 0.1, rtol=0.1)  # of N(0, I)
    assert (generate(model, 200, like=row, spread=0.0, draw="mean")["colour"] == "red").all()


def two_clumps():
    return np.where(numbers.random((3000, 1)) < 0.25, -4.0, 2.0) + numbers.normal(size=(3000, 2)) * [1.0, 0.2]


@pytest.mark.parametrize("source", [of_mixture, of_flow])
def test_a_fitted_density_is_that_of_the_codes(source):
    codes = two_clumps()
    with torch.no_grad(), seeded(0, "cpu"):
        drawn = source(codes, 1.0, 0).sample(3000).numpy()
    assert (drawn[:, 0] < -1).mean() == pytest.approx(0.25, abs=0.05)
    for part, told in ((drawn[:, 0] < -1, codes[:, 0] < -1), (drawn[:, 0] > 0, codes[:, 0] > 0)):
        np.testing.assert_allclose(drawn[part].mean(0), codes[told].mean(0), atol=0.2)
        np.testing.assert_allclose(drawn[part].std(0), codes[told].std(0), rtol=0.25)


def test_a_low_temperature_narrows_each_component():
    with torch.no_grad(), seeded(0, "cpu"):
        drawn = of_mixture(two_clumps(), 0.0, 0).sample(500).numpy()
    assert len(np.unique(drawn.round(6), axis=0)) <= 30


def test_temperature_of_the_prior_and_models_without_one(fitted):
    codes = generator(fitted[0], temperature=0.5).codes(4000, 0)
    np.testing.assert_allclose(codes.std(0), 0.5, rtol=0.05)
    plain = Autoencoder("ae", 2, epochs=1).fit(numbers.normal(size=(50, 4)))
    with pytest.raises(InputError, match="no density over its codes"):
        generate(plain, 3)
    assert generate(plain, 3, density="mixture", fitted_to=numbers.normal(size=(50, 4))).shape == (3, 4)


@pytest.mark.parametrize(
    ("options", "said"),
    [({"density": "priors"}, "did you mean 'prior'"), ({"draw": "means"}, "did you mean 'mean'"),
     ({"temperature": -1}, "0 or more"), ({"spread": float("nan")}, "0 or more"),
     ({"density": "flow"}, "fitted to codes"), ({"n": 0}, "n=0")],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(fitted, options, said):
    with pytest.raises(InputError, match=said):
        generate(fitted[0], **{"n": 3, **options})
