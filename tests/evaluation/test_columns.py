"""Distances of tables, against what they must be; and what made rows are worth to learn from."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from isthmus.errors import InputError
from isthmus.evaluation import associations, column_distances, pair_distances, train_on_synthetic

numbers = np.random.default_rng(0)
BEGUN = numbers.bit_generator.state


@pytest.fixture(autouse=True)
def begin_anew():
    """Every test has the same random numbers, in whatever order and process they run."""
    numbers.bit_generator.state = BEGUN


def mixed(n=400):
    """A number, one that follows it, a colour that follows it too, and a town and a flag that follow nothing."""
    x = numbers.normal(size=n)
    return pd.DataFrame(
        {
            "x": x,
            "twice": (10 * x).round().astype(int),
            "colour": np.where(x > 0, "red", "blue"),
            "town": numbers.choice(["Ulm", "Bonn", "Jena"], n),
            "flag": numbers.random(n) < 0.5,
        }
    )


def test_a_table_is_at_no_distance_from_itself_and_its_shuffled_rows():
    table = mixed()
    table.loc[:50, "x"] = np.nan
    table.loc[:20, "town"] = None
    for other in (table, table.sample(frac=1, random_state=0)):
        np.testing.assert_array_equal(column_distances(other, table), 0)
        np.testing.assert_allclose(pair_distances(other, table), 0, atol=1e-12)


def test_a_column_shuffled_by_itself_shows_in_its_pairs_alone():
    table, apart = mixed(4000), mixed(4000)
    apart["x"] = numbers.permutation(apart["x"])
    apart = apart[table.columns]
    assert column_distances(apart, table).max() < 0.06
    far = pair_distances(apart, table)
    assert far[0, 1] > 0.9  # the number that followed it
    assert far[0, 2] > 0.7  # the colour
    assert far[1:, 1:].max() < 0.1


@given(st.floats(0.1, 0.9), st.integers(10, 60))
def test_the_distance_of_numbers_is_the_part_that_was_moved(share, n):
    """Uniform numbers and the same of which some are moved above all others: KS is the share moved."""
    real = np.linspace(0, 1, n)[:, None]
    moved = int(share * n)
    made = np.concatenate([real[moved:], real[:moved] + 2])
    assert column_distances(made, real)[0] == pytest.approx(moved / n)


def test_known_distances():
    a = np.array([["u", 1.0], ["u", 2.0], ["v", 3.0], [None, 4.0]], dtype=object)
    b = np.array([["u", 1.0], ["v", 2.0], ["v", np.nan], ["w", np.nan]], dtype=object)
    # shares 2 1 1(missing) 0 and 1 2 0 1 of 4; a missing number lies below all others
    np.testing.assert_allclose(column_distances(a, b), [0.5, 0.5])
    np.testing.assert_allclose(column_distances(np.eye(2), 1 - np.eye(2)), 0)
    np.testing.assert_allclose(column_distances([[0.0], [1.0]], [[5.0], [6.0]]), 1)
    np.testing.assert_allclose(column_distances([[-1.0], [-1.0]], [[np.nan], [-1.0]]), 0.5)


def test_associations_are_those_of_the_books():
    x, y = numbers.normal(size=(2, 500))
    y += x
    np.testing.assert_allclose(associations(np.stack([x, y, -y], 1))[0], [1, r := spearmanr(x, y)[0], -r])
    alike = np.array([["a", "p"], ["b", "q"], ["c", "r"]] * 20, dtype=object)
    np.testing.assert_allclose(associations(alike), 1)
    crossed = np.array([[first, second] for first in "ab" for second in "pqr"] * 10, dtype=object)
    np.testing.assert_allclose(associations(crossed), np.eye(2), atol=1e-12)
    # two groups of ranks 1, 2 and 3, 4: between them 4 of 5 of the sum of squares
    grouped = np.array([[0.1, "low"], [0.2, "low"], [7.0, "high"], [9.0, "high"]], dtype=object)
    assert associations(grouped)[0, 1] == pytest.approx(np.sqrt(4 / 5))


def test_associations_pass_over_gaps_and_what_doesnt_vary():
    x = numbers.normal(size=300)
    table = np.stack([x, np.where(numbers.random(300) < 0.3, np.nan, x), np.ones(300)], 1)
    np.testing.assert_allclose(associations(table), [[1, 1, 0], [1, 1, 0], [0, 0, 1]])


@pytest.mark.parametrize("classes", [2, 3])
def test_rows_drawn_as_the_real_ones_teach_as_much_and_shuffled_labels_nothing(classes):
    def draw(n):
        label = numbers.integers(0, classes, n)
        return pd.DataFrame({"a": 2 * label + numbers.normal(size=n), "is": [f"k{k}" for k in label]})

    real, tested = draw(600), draw(600)
    same = train_on_synthetic(real, real, tested, "is")
    assert same.synthetic == same.real
    other = train_on_synthetic(draw(600), real, tested, "is")
    assert other.synthetic == pytest.approx(other.real, abs=0.05)
    assert other.real > 0.65
    shuffled = draw(600)
    shuffled["is"] = numbers.permutation(shuffled["is"])
    assert train_on_synthetic(shuffled, real, tested, 1).synthetic == pytest.approx(0.5, abs=0.1)


def test_a_class_that_was_never_made_is_guessed_at():
    rows = np.array([[0.0, "a"], [1.0, "b"], [2.0, "c"]] * 30, dtype=object)
    made = rows[rows[:, 1] != "c"]
    found = train_on_synthetic(made, rows, rows, 1)
    assert found.real == 1
    assert found.synthetic == pytest.approx((1 + 0.75 + 0.5) / 3)  # c looks like b, and nothing is said of c


def test_numbers_are_explained_from_numbers_categories_and_gaps():
    table = mixed(600)
    table.loc[::7, "twice"] = np.nan
    table = table[["twice", "colour", "x"]]
    assert train_on_synthetic(table, table, table, "x").real > 0.8
    assert train_on_synthetic(table.assign(x=numbers.permutation(table["x"])), table, table, "x").synthetic < 0.5


@pytest.mark.parametrize(
    ("call", "said"),
    [(lambda: column_distances(np.ones((3, 2)), np.ones((3, 1))), "2 and 1 columns"),
     (lambda: pair_distances(np.ones((1, 2)), np.ones((3, 2))), "2 rows or more"),
     (lambda: associations(np.ones(3)), "rows and columns"),
     (lambda: train_on_synthetic(*[mixed()] * 3, "colours"), "target='colours': no column of x, twice"),
     (lambda: train_on_synthetic(*[mixed()] * 3, 5), "target=5: the table has 5 columns"),
     (lambda: train_on_synthetic(*[mixed().assign(town="Ulm")] * 3, "town"), "all of one class")],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(call, said):
    with pytest.raises(InputError, match=said):
        call()


def test_frames_whose_columns_stand_in_another_order_are_refused():
    table = mixed(20)
    with pytest.raises(InputError, match="differ in name or order"):
        column_distances(table[table.columns[::-1]], table)
