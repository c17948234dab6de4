"""Edit: rows changed by changing their codes; judged by how far that can go before rows leave the data."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from isthmus.autoencoder import Autoencoder
from isthmus.conditioning import own_labels
from isthmus.data import ArraySource, Dataset, cut_like
from isthmus.data.partners import in_step
from isthmus.errors import DataError, InputError
from isthmus.generation.directions import Attribute, Transformation, attribute, transformation
from isthmus.names import nearest

MOST_ROWS = 5000
USUAL = 0.99
"""Share of learned codes that lie as near to another one as a code must to be on the data."""
FEWEST = 20
"""Rows from which it can be told how near that is."""
FURTHEST, STEP = 4.0, 0.25
"""Amounts tried to find how far a change can go."""


class Change(Protocol):
    """What moves codes (n, latent_dim) by an amount."""

    def change(self, codes: NDArray[np.float64], amount: float) -> NDArray[np.float64]:
        """The codes, moved."""


def learn_attribute(
    estimator: Autoencoder, data: Dataset, label: str, *, how: str = "means", apart_from: Sequence[str] = ()
) -> Attribute:
    """The direction of codes towards rows with a label, from labelled rows; orthogonal to those of other labels.

    Raises
    ------
    DataError
        If the rows have no labels.
    InputError
        If no row has this one, or all have it, or it is one of the others.
    """
    if data.labels is None or data.labels.ndim > 1:
        raise DataError(f"these rows have no labels, so there is nothing to learn {label!r} from")
    labels, codes = data.labels.astype(str), estimator.transform(data).astype(np.float64)
    for each in (label, *apart_from):
        if each not in labels:
            raise InputError(f"no row has the label {each!r}: {nearest(each, sorted(set(labels.tolist()))[:20])}")
    others = [attribute(codes, labels == other, how=how).direction_Z for other in apart_from]
    return attribute(codes, labels == label, how=how, apart_from=others)


def learn_from_pairs(estimator: Autoencoder, before: Dataset, after: Dataset) -> Transformation:
    """What is done to codes from the rows before to those after it, partners by `data.partners.in_step`.

    Raises
    ------
    DataError
        If a row has no partner.
    InputError
        If there are fewer than two pairs.
    """
    both = in_step(before, after)
    return transformation(*(estimator.transform(each).astype(np.float64) for each in both))


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
    """Raw rows whose codes were changed, and how far each could be before it left the data, in the same amounts.

    ``reach`` is NaN where nothing is known of that.
    """

    rows: NDArray[Any]
    reach: NDArray[np.float64]


def edit(
    estimator: Autoencoder,
    data: Dataset,
    change: Change,
    amount: float,
    *,
    learned: Dataset | None = None,
    keep_detail: bool = False,
) -> Edited:
    """Rows decoded from codes changed by an amount, and with the `learned` rows how far the change could go.

    Parameters
    ----------
    estimator : Autoencoder
        Fitted. A conditional one is told the rows' own labels.
    data : Dataset
    change : Change
        As `learn_attribute`, `learn_transformation` and `learn_from_pairs` give it.
    amount : float
        How many times over.
    learned : Dataset, optional
    keep_detail : bool
        Add to the rows what the change makes of their reconstructions, x + decode(changed) - decode(code), in place
        of decode(changed): what a code doesn't hold of a row then stays. Where something moves, so does a shadow of
        the old place.

    Raises
    ------
    InputError
        If the detail of counts is to be kept.
    """
    if keep_detail and data.kind == "counts":
        raise InputError("the detail of counts can't be kept: they would fall below 0")
    codes, told = estimator.transform(data).astype(np.float64), own_labels(estimator.conditions_, data)
    prepared = estimator.decode_prepared(change.change(codes, amount), told)
    raw = data.source.read(0, data.n)
    if keep_detail:
        prepared = estimator.preparation_.apply(raw) + prepared - estimator.decode_prepared(codes, told)
        prepared = prepared.clip(0, 1) if data.kind == "images" else prepared
    rows = estimator.preparation_.undo(prepared)
    rows = cut_like(rows, raw, data.lengths) if data.kind == "series" else rows
    away = np.full(len(codes), np.nan) if learned is None else reach(estimator, codes, change, amount, learned)
    return Edited(rows, away)


def reach(
    estimator: Autoencoder, codes: NDArray[np.float64], change: Change, amount: float, learned: Dataset
) -> NDArray[np.float64]:
    """The largest multiple of an amount, up to 4, at which a changed code still has a learned one near it, (n,).

    Near is what 99 of 100 learned codes are to their nearest neighbours; of fewer than 20 codes that isn't known: NaN.
    """
    if learned.n < FEWEST:
        return np.full(len(codes), np.nan)
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
