"""What a conditional model is told of each row: a class, a vector or a caption, as the numbers of a condition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.data.captions import CaptionConditions, captions_from_json
from isthmus.data.dataset import Dataset, some
from isthmus.errors import DataError, InputError
from isthmus.names import did_you_mean

Label = str | int | float
MOST_CLASSES = 1000
MOST_VALUES = 1 << 16
SMALLEST = 1e-12


@dataclass(frozen=True)
class ClassConditions:
    """Classes, sorted, as one-hot rows; a label that is unknown (None, NaN or an empty text) is a row of zeros."""

    classes: tuple[Label, ...]
    axes: ClassVar[int] = 0  # of one condition as a user gives it

    @property
    def width(self) -> int:
        """How many values a condition has."""
        return len(self.classes)

    def apply(self, y: ArrayLike) -> NDArray[np.float32]:
        """Conditions (n, classes) of labels (n,).

        Raises
        ------
        DataError
            If the labels are not one a row.
        InputError
            If one is none of the classes; the message names it and them.
        """
        places = {name: place for place, name in enumerate(self.classes)}
        labels = _labels(y)
        told = np.zeros((len(labels), self.width), np.float32)
        for row, label in enumerate(labels):
            if label is None:
                continue
            if label not in places:
                known = some([repr(name) for name in self.classes], 12)
                known += did_you_mean(str(label), map(str, self.classes))
                where = f" (row {row}; None is unknown)" if len(labels) > 1 else ""
                raise InputError(f"y: class {label!r} was not among those fitted: {known}{where}")
            told[row, places[label]] = 1
        return told

    def spelt(self, texts: ArrayLike) -> NDArray[Any]:
        """Labels as a file or a command has them: each the class that is written so, whether text or number.

        A column's type hangs on all of its cells: one that is whole numbers here may have been texts in another file.
        """
        written = {str(name): name for name in self.classes}
        found = [label if label is None else written.get(str(label), label) for label in _labels(texts)]
        return np.array(found, dtype=object)

    def to_json(self) -> dict[str, Any]:
        """The conditions as plain data."""
        return {"kind": "classes", "classes": list(self.classes)}


@dataclass(frozen=True)
class VectorConditions:
    """Vectors of numbers, standardised value by value; a row with a NaN is unknown, a row of zeros."""

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def axes(self) -> int:
        """Axes of one condition as a user gives it: vectors of one value are numbers too."""
        return 0 if self.width == 1 else 1

    @property
    def width(self) -> int:
        """How many values a condition has."""
        return len(self.mean)

    def apply(self, y: ArrayLike) -> NDArray[np.float32]:
        """Conditions (n, c) of vectors (n, c).

        Raises
        ------
        DataError
            If the vectors are of another length, or not finite.
        """
        vectors = _vectors(y)
        if vectors.shape[1] != self.width:
            raise DataError(f"y: conditions of {vectors.shape[1]} values; the model was fitted with {self.width}")
        with np.errstate(over="ignore"):
            told: NDArray[np.float32] = ((vectors - np.array(self.mean)) / np.array(self.std)).astype(np.float32)
        told[np.isnan(vectors).any(1)] = 0
        if not np.isfinite(told).all():
            raise DataError("y: a value too far from those that the model was fitted with")
        return told

    def spelt(self, texts: ArrayLike) -> NDArray[Any]:
        """Vectors as a file or a command has them: numbers, or texts of numbers with commas between."""
        array = as_labels(texts)
        if array.dtype.kind in "iuf":
            return array
        return _vectors([[part or np.nan for part in str(text).split(",")] for text in array.tolist()])

    def to_json(self) -> dict[str, Any]:
        """The conditions as plain data."""
        return {"kind": "vectors", "mean": list(self.mean), "std": list(self.std)}


Conditions = ClassConditions | VectorConditions | CaptionConditions


def fit_conditions(y: ArrayLike) -> Conditions:
    """Learn what the conditions are: classes of (n,) labels, or vectors (n, c) of numbers.

    Labels that are numbers with a fraction are vectors of one value.

    Raises
    ------
    InputError
        If they are neither, or there are no or too many classes.
    """
    array = as_labels(y)
    if array.ndim == 2:
        return _fit_vectors(array)
    labels = _labels(array)
    if any(isinstance(label, float) and not label.is_integer() for label in labels):
        return _fit_vectors(_vectors(array))
    found = {label for label in labels if label is not None}
    if not found:
        raise InputError("y: every label is missing, and a conditional recipe learns from labels")
    if len(found) > MOST_CLASSES:
        raise InputError(
            f"y: {len(found):,} different labels, and at most {MOST_CLASSES:,} are classes; numbers can be given as "
            "vectors instead, y.reshape(-1, 1)"
        )
    if len({isinstance(label, str) for label in found}) > 1:
        raise InputError(f"y: labels that are texts and numbers mixed ({some(sorted(map(str, found)))})")
    return ClassConditions(tuple(sorted(found)))


def _fit_vectors(y: NDArray[Any]) -> VectorConditions:
    vectors = _vectors(y)
    known = vectors[~np.isnan(vectors).any(1)]
    if not known.size:
        raise InputError(f"y: no known vector among {len(vectors)}, and a conditional recipe learns from them")
    if vectors.shape[1] > MOST_VALUES:
        raise InputError(f"y: conditions of {vectors.shape[1]:,} values; at most {MOST_VALUES:,} are taken")
    std = known.std(0)
    return VectorConditions(tuple(known.mean(0).tolist()), tuple(np.where(std > SMALLEST, std, 1.0).tolist()))


def as_labels(y: Any) -> NDArray[Any]:
    """Labels or vectors as an array; of a list of texts the None and NaN stay what they are."""
    array = np.asarray(y)
    return np.asarray(y, dtype=object) if array.dtype.kind == "U" and not isinstance(y, np.ndarray) else array


def labelled(data: Dataset, y: ArrayLike) -> Dataset:
    """The same data with these labels or vectors.

    Raises
    ------
    DataError
        If there is not one for each row.
    """
    labels = as_labels(y)
    check_one_each(len(labels) if labels.ndim else 1, data.n)
    return replace(data, labels=labels)


def check_one_each(conditions: int, rows: int) -> None:
    """Refuse conditions that are not one a row."""
    if conditions != rows:
        raise DataError(f"y: {conditions:,} conditions for {rows:,} rows; give one for each")


def _labels(y: ArrayLike) -> list[Label | None]:
    array = as_labels(y)
    if array.ndim != 1:
        raise DataError(f"y: shape {array.shape}; labels are one a row, (n,)")
    return [_label(value) for value in array.tolist()]


def _label(value: Any) -> Label | None:
    """A label as JSON has it: True is 1, a whole number int; None, NaN, pandas' NA and '' are None."""
    value = value.item() if isinstance(value, np.generic) else value  # as an array of objects may hold
    if value is None or type(value).__name__ == "NAType" or value != value or value == "":
        return None
    if isinstance(value, (bool, int)):
        return int(value)
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, str):
        return value
    raise DataError(f"y: {value!r} is {type(value).__name__}; labels are texts or numbers")


def _vectors(y: ArrayLike) -> NDArray[np.float64]:
    try:
        vectors = np.asarray(y, np.float64)
    except (TypeError, ValueError):
        raise DataError("y: conditions that are neither one label a row nor rows of numbers") from None
    vectors = vectors[:, None] if vectors.ndim == 1 else vectors
    if vectors.ndim != 2 or not vectors.shape[1]:
        raise DataError(f"y: shape {vectors.shape}; conditions are labels (n,) or vectors (n, c)")
    if np.isinf(vectors).any():
        raise DataError("y: an infinite value; mark unknown conditions as NaN")
    return vectors


def conditions_from_json(description: Any) -> Conditions:
    """Rebuild the conditions from a model file, which may be hostile.

    Raises
    ------
    DataError
        If a part is missing, of the wrong type, or out of bounds.
    """
    kind = description.get("kind") if isinstance(description, Mapping) else None
    if kind == "classes":
        return _classes(description.get("classes"))
    if kind == "vectors":
        mean, std = (_numbers(description.get(name)) for name in ("mean", "std"))
        if len(mean) != len(std) or not all(scale > 0 for scale in std):
            raise DataError("conditions: means and deviations don't belong together")
        return VectorConditions(mean, std)
    if kind == "captions":
        return captions_from_json(description)
    raise DataError("conditions: neither classes, vectors nor captions")


def _classes(found: Any) -> ClassConditions:
    sound = isinstance(found, Sequence) and 1 <= len(found) <= MOST_CLASSES
    kinds = {type(label) for label in found} if sound else set()
    if not (kinds == {str} or (kinds and kinds <= {int, float})) or list(found) != sorted(set(found)):
        raise DataError("conditions: the classes are not a sorted list of texts or of numbers")
    return ClassConditions(tuple(found))


def _numbers(found: Any) -> tuple[float, ...]:
    if not (isinstance(found, list) and 1 <= len(found) <= MOST_VALUES):
        raise DataError("conditions: not a list of numbers")
    if not all(type(value) in (int, float) and abs(value) < 1e300 for value in found):
        raise DataError("conditions: not a list of finite numbers")
    return tuple(float(value) for value in found)
