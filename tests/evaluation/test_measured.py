"""Samples beside simple models' on real rows: what is on the data is told from what isn't, and copies from new rows."""

import numpy as np
import pytest

from isthmus import Autoencoder, open_data
from isthmus.errors import InputError
from isthmus.jobs import samples
from isthmus.jobs.reduce import Judged, judged_rows
from isthmus.jobs.samples import measure

from .conftest import judged_fit

OURS = ["prior", "mixture of codes"]
SIMPLE = ["gaussian", "mixture", "PPCA"]


@pytest.fixture(scope="module")
def measured(variational):
    return measure(*variational, densities=("prior", "mixture"))


def test_every_source_is_there_and_the_models_own_come_first(measured):
    assert [each.source for each in measured.sources] == OURS + SIMPLE
    assert (measured.ours, measured.rows, measured.judge) == (2, 180, "a classifier of the labels")


def test_the_share_of_each_figure_is_a_share(measured):
    for each in measured.sources:
        assert each.frechet >= 0
        for value in (each.precision, each.recall, each.coverage, each.sure, each.copies, each.told_apart):
            assert 0 <= value <= 1


@pytest.fixture(scope="module")
def table(variational):
    """What sources are compared with: the digits learned from, and as many others."""
    estimator, judged = variational
    numbers = np.random.default_rng(0)
    learned, other = judged.fitted.subset(judged.fitted_rows), judged.data.subset(judged.rows)
    judge = samples._judge(estimator, learned, 0)
    return samples._Table(estimator, judge, learned, other, other.n, numbers), learned, other


def test_the_compared_rows_themselves_have_perfect_figures(table):
    compared, _, other = table
    found = compared.row("itself", other.source.read(0, other.n))
    assert found.frechet == pytest.approx(0, abs=1e-6)
    assert (found.precision, found.recall, found.coverage, found.copies) == (1, 1, 1, 0)
    assert found.sure > 0.8


def test_learned_rows_given_out_as_new_are_copies(table):
    compared, learned, other = table
    numbers = np.random.default_rng(0)
    learned_again = learned.source.read(0, learned.n)[np.sort(numbers.permutation(learned.n)[: other.n])]
    assert compared.row("copies", learned_again).copies > 0.9


def test_noise_is_off_the_data(table):
    compared, learned, other = table
    found = compared.row("noise", np.random.default_rng(0).permuted(other.source.read(0, other.n), axis=1))
    real = compared.row("learned", learned.source.read(0, other.n))
    assert found.frechet > 5 * real.frechet
    assert found.coverage < 0.6 * real.coverage
    assert found.sure < 0.3 < real.sure
    assert found.told_apart > 0.7 > real.told_apart


def test_unlabelled_rows_are_compared_by_principal_components():
    rows = np.random.default_rng(0).normal(size=(300, 5))
    found = measure(*judged_fit(rows, recipe="vae", epochs=3), n=20, densities=("prior",))
    assert found.judge == "the first 5 principal components"
    assert found.sources[0].sure is None
    assert found.rows == 20


def test_counts_stand_beside_a_multinomial():
    counts = np.random.default_rng(0).poisson(3.0, size=(200, 12))
    found = measure(*judged_fit(counts, kind="counts", recipe="multinomial", epochs=3), densities=("prior",))
    assert [each.source for each in found.sources] == ["prior", "multinomial"]


def test_a_judge_of_the_users_own_is_asked(variational):
    asked = []

    def judge(rows):
        asked.append(rows.shape)
        return rows.reshape(len(rows), -1)[:, :3]

    found = measure(*variational, densities=("prior",), judge=judge)
    assert found.judge == "the features given"
    assert {shape[1:] for shape in asked} == {(1, 8, 8)}


def test_a_model_without_a_prior_is_measured_by_what_is_fitted_to_its_codes(healthy):
    found = measure(*healthy, densities=("prior", "mixture"))
    assert found.sources[0].source == "mixture of codes"
    with pytest.raises(InputError, match="no density over its codes"):
        measure(*healthy, densities=("prior",))


@pytest.mark.parametrize(
    ("options", "message"),
    [({"n": 5}, "5 rows .* too few"), ({"judge": lambda rows: rows}, "judge: features"), ({"n": 2.5}, "n=2.5")],
)
def test_what_cannot_be_measured_is_refused(variational, options, message):
    with pytest.raises(InputError, match=message):
        measure(*variational, densities=("prior",), **options)


def test_rows_the_model_saw_are_not_needed_twice():
    x = np.random.default_rng(0).normal(size=(60, 4))
    estimator, judged = judged_fit(x, recipe="vae", epochs=2, validation=0)
    assert isinstance(judged, Judged)
    assert isinstance(estimator, Autoencoder)
    assert measure(estimator, judged, densities=("prior",)).rows == 60


def test_a_conditional_model_is_asked_for_classes_as_often_as_they_were_learned():
    """Told them, its rows have the labels' shares; told none they couldn't, for a code says nothing of the class."""
    labels = np.repeat(["few", "many"], [60, 240])
    x = np.where(labels == "few", 8.0, -8.0)[:, None] + np.random.default_rng(0).normal(size=(300, 3))
    data = open_data(x, label=None)
    estimator = Autoencoder("conditional", 2, epochs=30, random_state=0).fit(data, labels)
    made = []

    def judge(rows):
        made.append(rows[:, :1])
        return rows

    measure(estimator, judged_rows(estimator, data, labels), n=30, densities=("prior",), judge=judge)
    assert 0.05 < (made[2] > 0).mean() < 0.4


def test_options_that_say_nothing_are_refused_by_name(variational):
    with pytest.raises(InputError, match="temperature=-1"):
        measure(*variational, temperature=-1)
