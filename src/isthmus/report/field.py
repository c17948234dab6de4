"""Where a model moves points of the plane: the vector field of an autoencoder of two columns."""

import numpy as np
from numpy.typing import NDArray

from isthmus.autoencoder import Autoencoder
from isthmus.data import Dataset, Schema, TableSchema
from isthmus.data.source import ArraySource
from isthmus.report.axes import number
from isthmus.report.markup import figure, paragraph, section
from isthmus.report.study import some_rows
from isthmus.report.svg import arrows

SIDE = 21
"""Places along each axis of the grid."""
ROOM = 0.15
"""Of the data's range, on either side."""
MOST_DOTS = 500


def field_section(estimator: Autoencoder, data: Dataset) -> str:
    """How far and where each place of a 2-D data set travels; nothing for other data.

    Of a denoising autoencoder under gaussian noise of variance s2, (r(x) - x) / s2 tends to the gradient of log p(x)
    as s2 goes to 0 (Alain & Bengio, JMLR 2014): the arrows lead to where data are.
    """
    schema = estimator.schema_
    if not _is_plane(schema) or estimator.conditions_ is not None:
        return ""
    points = data.source.take(some_rows(data, np.arange(data.n, dtype=np.int64)))
    points = points[np.isfinite(points).all(1)][:MOST_DOTS].astype(np.float64)
    if not len(points):
        return ""
    grid = _grid(points)
    moved = estimator.reconstruct_raw(Dataset(schema, ArraySource(grid))).astype(np.float64)
    far = np.linalg.norm((moved - grid) / np.maximum(points.std(0), 1e-12), axis=1)
    x_label, y_label = (column.name for column in schema.columns)  # type: ignore[union-attr]
    drawn = arrows(grid, moved, points, x_label=x_label, y_label=y_label, title="Where the model moves each place")
    said = f"The median way is {number(float(f'{np.median(far):.3g}'))} standard deviations, the longest "
    said += f"{number(float(f'{far.max():.3g}'))}."
    return section(
        "Where it moves things",
        paragraph(f"From each place of a grid, a dot, to what the model makes of it. {said}"),
        figure(drawn, "The rows themselves stand behind. A model that learned where data are leads there from afar."),
        name="field",
    )


def _is_plane(schema: Schema) -> bool:
    return (
        isinstance(schema, TableSchema)
        and len(schema.columns) == 2
        and all(column.role == "numeric" for column in schema.columns)
    )


def _grid(points: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = points.min(0), points.max(0)
    room = ROOM * np.maximum(high - low, 1e-12)
    axes = [np.linspace(a - r, b + r, SIDE) for a, b, r in zip(low, high, room, strict=True)]
    return np.stack(np.meshgrid(*axes), -1).reshape(-1, 2)
