"""Labels and vectors as conditions, and conditions as JSON that may be hostile."""

import json

import numpy as np
import pandas as pd
import pytest

from isthmus import InputError
from isthmus.data import conditions_from_json, fit_conditions


@pytest.mark.parametrize(
    "labels",
    [["b", "a", "b"], np.array([3, 1, 3]), np.array([True, False, True]), np.array([2.0, 0.0, 2.0]),
     pd.Series(["y", "x", "y"], dtype="category")],
)  # fmt: skip
def test_classes_are_one_hot_in_order(labels):
    conditions = fit_conditions(labels)
    np.testing.assert_array_equal(conditions.apply(labels), [[0, 1], [1, 0], [0, 1]])


def test_what_is_unknown_is_zeros():
    conditions = fit_conditions(np.array(["a", None, "b"], dtype=object))
    assert conditions.classes == ("a", "b")
    told = conditions.apply(np.array(["", None, "a", np.nan, pd.NA], dtype=object))
    np.testing.assert_array_equal(told, [[0, 0], [0, 0], [1, 0], [0, 0], [0, 0]])
    for labels in (["a", np.nan, "b"], ["a", None, "b"], ("a", "", "b"), pd.Series(["a", None, "b"])):
        assert fit_conditions(labels).classes == ("a", "b")
        np.testing.assert_array_equal(conditions.apply(labels), [[1, 0], [0, 0], [0, 1]])
    with pytest.raises(InputError, match=r"class 'c' was not among those fitted: 'a', 'b' \(row 1"):
        conditions.apply(["a", "c"])
    vectors = fit_conditions([[1.0, 5.0], [3.0, 5.0]])
    np.testing.assert_array_equal(vectors.apply([[np.nan, 5.0], [3.0, 6.0]]), [[0, 0], [1, 1]])


def test_vectors_are_standardised():
    y = np.random.default_rng(0).normal([1, -50], [3, 0.1], (500, 2))
    told = fit_conditions(y).apply(y)
    np.testing.assert_allclose(told.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(told.std(0), 1, atol=1e-4)
    assert fit_conditions([0.5, 1.25]).width == 1, "numbers with a fraction are no classes"


@pytest.mark.parametrize("y", [["b", "a"], [4, 2], [[0.5, 1.0], [0.2, 3.0]]])
def test_conditions_are_json_and_back(y):
    conditions = fit_conditions(y)
    assert conditions_from_json(json.loads(json.dumps(conditions.to_json()))) == conditions


@pytest.mark.parametrize(
    ("y", "words"),
    [([None, None], "every label is missing"), (np.arange(1001), "at most 1,000"), (np.array([1j]), "labels are"),
     (np.array(["a", 1], dtype=object), "mixed"), ([[np.nan]], "no known vector"), ([[np.inf]], "infinite"),
     ([["a", "b"]], "neither one label"), (np.zeros((2, 2, 2)), "shape")],
)  # fmt: skip
def test_labels_that_are_no_conditions_are_refused(y, words):
    with pytest.raises(InputError, match=words):
        fit_conditions(y)


@pytest.mark.parametrize(
    "description",
    [None, [], {}, {"kind": "classes"}, {"kind": "classes", "classes": []}, {"kind": "classes", "classes": ["b", "a"]},
     {"kind": "classes", "classes": ["a", 1]}, {"kind": "classes", "classes": [[1]]},
     {"kind": "classes", "classes": [True]}, {"kind": "vectors", "mean": [0.0], "std": [0.0]},
     {"kind": "vectors", "mean": [0.0], "std": [1.0, 1.0]}, {"kind": "vectors", "mean": ["a"], "std": [1.0]},
     {"kind": "vectors", "mean": [float("nan")], "std": [1.0]}],
)  # fmt: skip
def test_hostile_conditions_are_refused(description):
    with pytest.raises(InputError):
        conditions_from_json(description)


def test_files_and_commands_spell_a_class_as_text_or_number():
    """A column of whole numbers is read as texts as soon as one cell is none."""
    for fitted, given in (([1, 2], ["2", "", "1"]), (["1", "2"], [2, None, 1]), (["None", "x"], ["x", None, "None"])):
        conditions = fit_conditions(fitted)
        told = conditions.apply(conditions.spelt(given))
        assert told.sum(1).tolist() == [1, 0, 1]
        assert told[0].argmax() == 1
    vectors = fit_conditions([[1.0, 5.0], [3.0, 6.0]])
    np.testing.assert_array_equal(vectors.spelt(["3,6"]), [[3.0, 6.0]])
    with pytest.raises(InputError, match="rows of numbers"):
        vectors.spelt(["many"])
