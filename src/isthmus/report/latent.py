"""The report's section on what code values do: their plane decoded, and one value moved at a time."""

import numpy as np
from numpy.typing import NDArray

from isthmus.autoencoder import Autoencoder
from isthmus.conditioning import own_labels
from isthmus.data import Dataset, ImageSchema, SeriesSchema
from isthmus.errors import InputError
from isthmus.generation.maps import Unit, grid, middles, prior_quantiles, traversal, units_by_rate
from isthmus.parts import Discrete
from isthmus.report.markup import figure, paragraph, section, tag
from isthmus.report.sheets import SMALLEST_TILE, image_tag, sheet
from isthmus.report.study import some_rows
from isthmus.report.svg import line_chart

Floats = NDArray[np.float64]
SIDE = 15
"""Pictures along each side of the grid of a code of two values."""
STEPS, LINES = 11, 5
"""Pictures, or series, along one code value."""
MOST_UNITS = 10


def latent_section(estimator: Autoencoder, data: Dataset) -> str:
    """A section for pictures and series of a model that has a prior; for others nothing."""
    schema = estimator.schema_
    if not isinstance(schema, ImageSchema | SeriesSchema) or isinstance(estimator.model_.bottleneck, Discrete):
        return ""
    try:
        quantiles = prior_quantiles(estimator.model_, middles(STEPS if isinstance(schema, ImageSchema) else LINES))
    except InputError:  # there is no prior
        return ""
    some = data.subset(some_rows(data, np.arange(data.n, dtype=np.int64)))
    units, start = units_by_rate(estimator, some)[:MOST_UNITS], _Start.of(estimator, some)
    if not units:
        return ""
    drawn = _pictures if isinstance(schema, ImageSchema) else _series
    shown = [_plane(estimator, start)] if isinstance(schema, ImageSchema) and start.code.shape == (2,) else []
    return section("What the code values do", *shown, *drawn(estimator, start, units, quantiles), name="latent")


class _Start:
    """The code that traversals leave from, and what a conditional model is told with it."""

    def __init__(self, code: Floats, told: object) -> None:
        self.code, self.told = code, told

    @classmethod
    def of(cls, estimator: Autoencoder, data: Dataset) -> "_Start":
        """The most typical row's: whose code lies nearest to the mean, in standard deviations."""
        codes = estimator.transform(data).astype(np.float64)
        off = (codes - codes.mean(0)) / np.maximum(codes.std(0), 1e-12)
        row = int((off**2).sum(1).argmin())
        labels = own_labels(estimator.conditions_, data)
        return cls(codes[row], None if labels is None else labels[row])

    def decoded(self, estimator: Autoencoder, codes: Floats) -> NDArray[np.generic]:
        """Raw rows of codes (n, Z), in the shape of a row each."""
        return estimator.decode_raw(codes, self.told).reshape(len(codes), *estimator.schema_.shape)


def _plane(estimator: Autoencoder, start: _Start) -> str:
    pictures = start.decoded(estimator, grid(prior_quantiles(estimator.model_, middles(SIDE))))
    image = image_tag(sheet(pictures, SIDE, largest=SMALLEST_TILE), f"{SIDE} by {SIDE} decoded codes")
    return figure(
        image,
        "What the plane of codes decodes to: the first value rises to the right, the second upwards, through the "
        f"quantiles of the prior from {0.5 / SIDE:.0%} to {1 - 0.5 / SIDE:.0%}, so that each picture stands for as "
        "many samples.",
    )


def _pictures(estimator: Autoencoder, start: _Start, units: list[Unit], quantiles: Floats) -> list[str]:
    codes = np.concatenate([traversal(start.code, unit.index, quantiles[:, unit.index]) for unit in units])
    image = sheet(start.decoded(estimator, codes), STEPS, largest=SMALLEST_TILE)
    alt = f"{len(units)} code values, each moved in {STEPS} steps"
    named = f"From above: {', '.join(_named(unit) for unit in units)}."
    return [paragraph(_explained(units)), figure(image_tag(image, alt), named)]


def _series(estimator: Autoencoder, start: _Start, units: list[Unit], quantiles: Floats) -> list[str]:
    names = estimator.schema_.names  # type: ignore[union-attr]
    charts = []
    for unit in units:
        series = start.decoded(estimator, traversal(start.code, unit.index, quantiles[:, unit.index]))[..., 0]
        lines = {
            f"{share:.0%}": list(enumerate(line.tolist())) for share, line in zip(middles(LINES), series, strict=True)
        }
        caption = f"{_named(unit)[0].upper()}{_named(unit)[1:]}, at quantiles of the prior."
        charts.append(figure(line_chart(lines, "step", names[0]), caption))
    return [paragraph(_explained(units)), tag("div", *charts, class_="figures")]


def _explained(units: list[Unit]) -> str:
    order = "spread" if units[0].rate is None else "rate"
    return (
        "One code value at a time goes through the quantiles of the prior, from low to high; the others stay those of "
        f"the most typical row. Those that tell rows apart, by {order}, at most {MOST_UNITS}."
    )


def _named(unit: Unit) -> str:
    told = f"{unit.spread:.2g} standard deviation" if unit.rate is None else f"{unit.rate:.2g} nats"
    return f"code value {unit.index + 1} ({told})"
