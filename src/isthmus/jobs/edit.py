"""Edit: rows changed by changing their codes; judged by how far that can go before rows leave the data."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from isthmus.autoencoder import Autoencoder
from isthmus.data import ArraySource, Dataset
from isthmus.errors import DataError, InputError
from isthmus.generation.directions import Attribute, Transformation, attribute, transformation
from isthmus.names import nearest

MOST_ROWS = 5000
USUAL = 0.99
"""Share of learned codes that lie as near to another one as a code must to be on the data."""
FURTHEST, STEP = 4.0, 0.25
"""Amounts tried to find how far a change can go."""


class Change(Protocol):
    """What moves codes (n, latent_dim) by an amount."""

    def change(self, codes: NDArray[np.float64], amount: float) -> NDArray[np.float64]:
        """The codes, moved."""


def learn_attribute(estimator: Autoencoder, data: Dataset, label: str, *, how: str = "means") -> Attribute:
    """The direction of codes towards rows with a label, from labelled rows.

    Raises
    ------
    DataError
        If the rows have no labels.
    InputError
        If no row has this one, or all have it.
    """
    if data.labels is None:
        raise DataError(f"these rows have no labels, so there is nothing to learn {label!r} from")
    labels = data.labels.astype(str)
    if label not in labels:
        raise InputError(f"no row has the label {label!r}: {nearest(label, sorted(set(labels.tolist()))[:20])}")
    return attribute(estimator.transform(data).astype(np.float64), labels == label, how=how)


def learn_transformation(
    estimator: Autoencoder, data: Dataset, transform: Callable[[NDArray[Any]], NDArray[Any]]
) -> Transformation:
    """What a transformation of pictures (n, height, width, channels) does to codes, from at most 5,000 of them."""
    rows = np.random.default_rng(0).permutation(data.n)[:MOST_ROWS].astype(np.int64)
    some = data.subset(np.sort(rows))
    raw = some.source.read(0, some.n)
    changed = Dataset(some.schema, ArraySource(transform(raw.reshape(-1, *some.schema.shape)).reshape(raw.shape)))
    before, after = (estimator.transform(each).astype(np.float64) for each in (some, changed))
    return transformation(before, after)


@dataclass(frozen=True)
class Edited:
    """Raw rows whose codes were changed, and how far each could be before it left the data, in the same amounts."""

    rows: NDArray[Any]
    reach: NDArray[np.float64]


def edit(
    estimator: Autoencoder, data: Dataset, change: Change, amount: float, *, learned: Dataset | None = None
) -> Edited:
    """Rows decoded from codes changed by an amount, and with the `learned` rows how far the change could go."""
    codes = estimator.transform(data).astype(np.float64)
    rows = estimator.decode_raw(change.change(codes, amount))
    away = np.full(len(codes), np.nan) if learned is None else reach(estimator, codes, change, amount, learned)
    return Edited(rows, away)


def reach(
    estimator: Autoencoder, codes: NDArray[np.float64], change: Change, amount: float, learned: Dataset
) -> NDArray[np.float64]:
    """The largest multiple of an amount, up to 4, at which a changed code still has a learned one near it, (n,).

    Near is what 99 of 100 learned codes are to their nearest neighbours.
    """
    rows = np.random.default_rng(0).permutation(learned.n)[:MOST_ROWS].astype(np.int64)
    known = estimator.transform(learned.subset(np.sort(rows))).astype(np.float64)
    scale = np.maximum(known.std(0), 1e-12)
    search = NearestNeighbors(n_neighbors=2).fit(known / scale)
    usual = np.quantile(search.kneighbors(known / scale)[0][:, 1], USUAL)
    found, on = np.zeros(len(codes)), np.ones(len(codes), bool)
    for share in np.arange(STEP, FURTHEST + STEP / 2, STEP):
        distance = search.kneighbors(change.change(codes, share * amount) / scale, 1)[0][:, 0]
        on &= distance <= usual
        found[on] = share
    return found * amount
