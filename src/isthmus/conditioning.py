"""What a conditional model is told: the user's `y`, or the captions or labels that the data bring along."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from isthmus.data import (
    CaptionConditions,
    ClassConditions,
    Conditions,
    Dataset,
    as_labels,
    check_one_each,
    fit_captions,
    fit_conditions,
)
from isthmus.errors import InputError

Told = NDArray[np.float32]


def learn(data: Dataset, learned: NDArray[np.int64], y: Any, recipe: str) -> Conditions:
    """What the conditions are: vectors by the rows learned from, classes and the words of captions by all.

    A class or word of which all rows are held out is known too, for these rows are judged.
    """
    if y is None and data.captions is not None:
        return fit_captions(data.captions)
    y = data.labels if y is None else y
    if y is None:
        raise InputError(
            f"recipe {recipe!r} is told the class of every row, and these data have no labels: give y to fit, "
            "name the column of a table with --label (in Python open_data(..., label=...)), sort pictures into a "
            "sub-folder per class, or give captions (--captions, captions=)"
        )
    told = as_labels(y)
    check_one_each(len(told) if told.ndim else 1, data.n)
    everything = fit_conditions(told)
    if isinstance(everything, ClassConditions):
        return everything
    return fit_conditions(told[learned].reshape(len(learned), -1))


def of_rows(conditions: Conditions | None, data: Dataset, y: Any) -> Told | None:
    """The conditions of every row: `y`, else the data's own labels; None where nothing is known, or wanted.

    Raises
    ------
    InputError
        If there is not one for each row, or one isn't known.
    """
    y = own_labels(conditions, data) if y is None else y
    if conditions is None or y is None:
        return None
    told = conditions.apply(y)
    check_one_each(len(told), data.n)
    return told


def own_labels(conditions: Conditions | None, data: Dataset) -> NDArray[Any] | None:
    """The data's own labels or captions as the model knows them; None where there are none, or it isn't conditional."""
    own = data.captions if isinstance(conditions, CaptionConditions) else data.labels
    return None if conditions is None or own is None else conditions.spelt(own)


def shared_label(conditions: Conditions | None, data: Dataset) -> Any:
    """The label that all rows have; None where they differ, or the model isn't conditional."""
    labels = own_labels(conditions, data)
    return labels[0] if labels is not None and len(labels) and (labels == labels[0]).all() else None


def asked_for(conditions: Conditions | None, n: int, y: Any, recipe: str) -> Told:
    """The conditions of `n` rows to decode, of one condition or of one a row.

    Raises
    ------
    InputError
        If the model isn't conditional, or doesn't know the condition.
    """
    if conditions is None:
        raise InputError(f"y={y!r}: recipe {recipe!r} isn't conditional and can't be asked for a class")
    array = as_labels(y)
    told = conditions.apply(array if array.ndim > conditions.axes else array[None])
    if len(told) == 1:
        return told.repeat(n, 0)
    check_one_each(len(told), n)
    return told
