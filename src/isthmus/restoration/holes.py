"""Which cells of pictures and tables are to be filled."""

import copy
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.autoencoder import Autoencoder
from isthmus.data import Column, Dataset, Schema, TableSchema
from isthmus.data.dataset import some
from isthmus.errors import DataError, InputError

Mask = NDArray[np.bool_]


def taking_gaps(estimator: Autoencoder) -> Autoencoder:
    """The same fitted estimator to open rows by, any cell of which may be missing."""
    loose, schema = copy.copy(estimator), estimator.schema_
    if isinstance(schema, TableSchema):
        loose.schema_ = replace(schema, columns=tuple(replace(column, missing=True) for column in schema.columns))
    return loose


def hidden_cells(data: Dataset, mask: ArrayLike | None) -> tuple[NDArray[Any], Mask]:
    """Raw rows and which of their cells are to be filled, both (n, *shape).

    Raises
    ------
    InputError
        If pictures have no mask, or it is of another size.
    """
    raw = data.source.read(0, data.n)
    empty = np.isnan(raw) if raw.dtype.kind == "f" else np.zeros(raw.shape, bool)
    if mask is not None:
        return raw, empty | np.broadcast_to(_fitting(np.asarray(mask), raw.shape), raw.shape)
    if data.kind == "images":
        raise InputError("pictures need a mask that says what is to be filled: --mask FILE or --box x,y,w,h (mask=)")
    return raw, empty


def _fitting(mask: NDArray[Any], shape: tuple[int, ...]) -> Mask:
    """The mask with as many axes as the rows have."""
    check_numbers(mask)
    n, *row = shape
    known = [tuple(shape), tuple(row)]
    if len(row) == 3:
        known += [(n, *row[:2]), tuple(row[:2])]
    if mask.shape not in known:
        sizes = "x".join(map(str, mask.shape)), "x".join(map(str, row[:2] if len(row) == 3 else shape))
        raise InputError(
            f"the mask is of size {sizes[0]}, where {sizes[1]} is wanted, or one such for each of {n} rows"
        )
    if len(row) == 3 and mask.shape in ((n, *row[:2]), tuple(row[:2])) and mask.shape not in known[:2]:
        mask = mask[..., None]
    return np.asarray(mask != 0)


def check_numbers(mask: NDArray[Any]) -> None:
    """Refuse a mask that holds something else than true and false, or numbers.

    Raises
    ------
    InputError
        Naming its type.
    """
    if mask.dtype.kind not in "biuf" or (mask.dtype.kind == "f" and np.isnan(mask).any()):
        raise InputError(f"a mask of {mask.dtype}: give true and false, or numbers, of which 0 stands for known")


def check_some_known(hidden: Mask, data: Dataset) -> None:
    """Refuse rows of which nothing is known.

    Raises
    ------
    DataError
        Naming the first such row.
    """
    bare = np.flatnonzero(hidden.reshape(len(hidden), -1).all(1))
    if not len(bare):
        return
    what = "picture" if data.kind == "images" else "row"
    name = repr(data.names[bare[0]]) if data.names else str(bare[0])
    counted = "" if data.names else f" (the first is {what} 0)"
    rest = f", nor of {len(bare) - 1} more" if len(bare) > 1 else ""
    raise DataError(
        f"nothing is known of {what} {name}{rest}{counted}: there is nothing to fill it by; "
        f"{'make the mask smaller' if data.kind == 'images' else 'leave such rows out'}"
    )


def rounded(guess: NDArray[Any], scales: NDArray[np.float64]) -> NDArray[Any]:
    """Guessed rows of a table, to so many digits as say something: a 100,000th of a column's standard deviation."""
    found = guess.copy()
    for i in np.flatnonzero(scales > 1e-300):  # a column that never changed has its one value, exactly
        found[:, i] = np.round(guess[:, i], 5 - int(np.floor(np.log10(scales[i]))))
    return found


def exact_schema(schema: Schema, raw: NDArray[Any], hidden: Mask) -> Schema:
    """The schema to give rows back by: a type that known cells don't fit gives way to float64.

    A column of whole numbers to a model may hold others in these rows, which must stay as they are.
    """
    if not isinstance(schema, TableSchema):
        return schema
    columns = [_exact(c, raw[~hidden[:, i], i]) for i, c in enumerate(schema.columns)]
    kept = np.dtype(schema.dtype) if schema.dtype != "bool" else np.dtype("float64")
    whole = all(column == was for column, was in zip(columns, schema.columns, strict=True))
    return replace(
        schema, columns=tuple(columns), dtype=kept.name if whole and _holds(kept, raw[~hidden]) else "float64"
    )


def _exact(column: Column, known: NDArray[np.float64]) -> Column:
    if column.role != "numeric" or _holds(column.number_type, known):
        return column
    return replace(column, dtype="float64")


def _holds(dtype: np.dtype[Any], values: NDArray[np.float64]) -> bool:
    """Whether values stay what they are in this type."""
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return bool(((values == np.floor(values)) & (values >= info.min) & (values <= info.max)).all())
    return bool((values.astype(dtype).astype(np.float64) == values).all())


def box_mask(box: tuple[int, int, int, int], height: int, width: int) -> Mask:
    """A mask (height, width) of one rectangle: x and y of its upper left corner, its width and height in pixels.

    Raises
    ------
    DataError
        If it reaches beyond the picture.
    """
    x, y, wide, high = box
    if x + wide > width or y + high > height or not (wide and high):
        raise DataError(f"box {some(box, 4)} (x, y, width, height) doesn't lie within pictures of {width}x{height}")
    mask = np.zeros((height, width), bool)
    mask[y : y + high, x : x + wide] = True
    return mask
