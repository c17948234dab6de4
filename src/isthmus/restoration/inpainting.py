"""Filling what is missing of pictures and tables by the code that agrees best with what is known.

Legend: B rows, S starts, Z code values, C condition values, `___` the shape of one prepared row.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from isthmus import choices, conditioning, inference, opening
from isthmus.autoencoder import Autoencoder
from isthmus.data import Dataset, Schema, open_data, restore
from isthmus.errors import InputError, naming
from isthmus.parts import Autoregressive, Discrete, FeatureMap
from isthmus.restoration.energy import FEWEST_CODES, Density, fitted_density, has_density, own_density, search
from isthmus.restoration.holes import check_some_known, exact_schema, hidden_cells, rounded, taking_gaps
from isthmus.restoration.painting import Inpainter, learned_holes
from isthmus.restoration.recalling import TEMPERATURES, best_temperature, hide, numeric_features, recall, weigh

REFILLS = 10
"""Times the first guess is encoded, decoded and put into the gaps."""


@dataclass(frozen=True, eq=False)
class Inpainted:
    """Rows whose unknown cells were filled.

    ``filled`` is of the kind of object that came in, every known cell as it was; ``hidden`` (n, ...) tells what was
    filled, and ``rows`` (m,) in which rows; ``codes`` (m, latent_dim) and ``energies`` (steps + 1, m), in nats, are
    those of these rows' best starts; ``raw`` and ``schema`` are all rows as they are written to files.
    """

    filled: Any
    codes: NDArray[Any]
    energies: NDArray[Any]
    hidden: NDArray[np.bool_]
    rows: NDArray[np.int64]
    raw: NDArray[Any]
    schema: Any


def inpaint(
    estimator: Autoencoder,
    X: Any,
    mask: ArrayLike | None = None,
    *,
    y: Any = None,
    like: Any = None,
    beta: float = 1.0,
    draws: int = 2,
    steps: int = 200,
    blend: bool = False,
    random_state: int = 0,
) -> Inpainted:
    """Fill the unknown cells of every row by the code of least energy; of a model that learned holes by one pass.

    E(z) = -sum over known cells of log p(x_i|z) + beta x rate(z), rate(z) = -log p(z), is made small by `steps` of
    Adam from several starts: the row's code when its gaps are filled by the mean, the same after ten rounds of
    encoding and decoding, the prior's mean, and `draws` codes from the prior. What the best code decodes to goes into
    the gaps; known cells stay as they are. At beta = 1 the code is the mode of p(z|known cells), which for a linear
    decoder under gaussian noise is the posterior's mean.

    Parameters
    ----------
    estimator : Autoencoder
        Fitted to tables or pictures, with a code that gradients pass.
    X : array, frame, tensor, path or Dataset
        Rows like those fitted on. Cells of a table that are NaN or empty are unknown, whether or not there were
        such when the model was fitted.
    mask : array of bool or numbers, optional
        Of pictures, which must have one; of tables besides the empty cells. What is not 0 is unknown: (height, width)
        for all pictures, (n, height, width[, channels]) or (n, columns). A model that learned holes sees a pixel only
        where all of its channels are known.
    y : array, optional
        For conditional recipes, as in `Autoencoder.transform`.
    like : like X, optional
        Where the recipe has no density over codes, such as "ae": complete rows, the training ones at best, to whose
        codes a gaussian is fitted (Ledoit & Wolf 2004) to be p(z). Default: the rows X themselves, as first filled.
    beta : float, default=1
        Weight of the rate.
    draws, steps : int
    blend : bool, default=False
        Tables: mix what was searched with what the rows `like`, which are then needed, hold where they agree with what
        is known: their mean, weighted by exp(-mean squared difference / t). t and the two shares are those that best
        give back a fifth of the cells of these rows, hidden for it; of recipes without a density over codes, of half of
        the rows by one fitted to the other half.
    random_state : int
        Of the codes drawn, which are the same for every row.

    Returns
    -------
    Inpainted

    Raises
    ------
    InputError
        If there is nothing to fill by (all cells of a row are unknown), the mask is of another size, the code is
        discrete or a map, or the data are neither pictures nor a table.

    Notes
    -----
    A search of this kind for images: Yeh et al., "Semantic image inpainting with deep generative models", CVPR 2017;
    filling in rounds: Rezende, Mohamed & Wierstra, ICML 2014, appendix F.
    """
    check_is_fitted(estimator, "model_")
    _check(estimator, beta=beta, draws=draws, steps=steps, random_state=random_state, blend=blend, like=like)
    if learned_holes(estimator):
        if like is not None:
            raise InputError("like has no use with a model that learned to fill holes: leave it out")
        return _painted(estimator, X, mask)
    data = opening.opened(taking_gaps(estimator), X, fitting=False, fewest=1)
    raw, hidden = hidden_cells(data, mask)
    check_some_known(hidden, data)
    rows = np.flatnonzero(hidden.reshape(data.n, -1).any(1))
    told = conditioning.of_rows(estimator.conditions_, data, y)
    filler = _Filler(estimator, _prepared(estimator, raw, hidden), None if told is None else torch.from_numpy(told))
    density = filler.density(like, draws, random_state)
    decoded, codes, energies = filler.fill(rows, density, beta, steps)
    if blend:
        decoded = _blended(estimator, filler, rows, decoded, like, density, beta, steps, random_state)
    raw = raw.copy()
    guess = estimator.preparation_.undo(decoded)
    if data.kind == "table":
        guess = rounded(guess, estimator.preparation_.scales)  # type: ignore[attr-defined]
    raw[rows] = np.where(hidden[rows], guess, raw[rows])
    schema = exact_schema(data.schema, raw, hidden)
    filled = _given_back(raw, schema, X, data)
    return Inpainted(filled, codes, energies, hidden, rows, raw, schema)


def _painted(estimator: Autoencoder, X: Any, mask: ArrayLike | None) -> Inpainted:
    """Pictures filled by one pass of a model that learned it; there is no code that was searched."""
    data = X if isinstance(X, Dataset) else open_data(X, kind="images", memory=choices.memory_budget(estimator.memory))
    if data.kind != "images":
        raise InputError(f"this model fills pictures; these data are a {data.kind}")
    inpainter = Inpainter(estimator, estimator.device)
    raw, hidden = hidden_cells(data, mask)
    anywhere = np.broadcast_to(hidden.any(-1, keepdims=True), hidden.shape)
    check_some_known(anywhere, data)
    rows = np.flatnonzero(hidden.reshape(data.n, -1).any(1))
    raw = raw.copy()
    for row in rows:
        with naming(data.names[row] if data.names else f"picture {row}"):
            raw[row] = np.where(hidden[row], inpainter.fill(raw[row], anywhere[row, ..., 0]), raw[row])
    none = np.zeros((len(rows), 0)), np.zeros((0, len(rows)))
    return Inpainted(_given_back(raw, data.schema, X, data), *none, hidden, rows, raw, data.schema)


def _given_back(raw: NDArray[Any], schema: Schema, X: Any, data: Dataset) -> Any:
    """Raw rows as the kind of object that came in."""
    given = restore(raw, schema, data.container, index=getattr(X, "index", None), names=data.names)
    return torch.from_numpy(given) if data.container == "torch" else given


def check_fills(estimator: Autoencoder) -> None:
    """Refuse a fitted model that can't fill anything.

    Raises
    ------
    InputError
        If it is neither of pictures nor of tables, or it didn't learn holes and its code is discrete or a map.
    """
    model, kind = estimator.model_, estimator.schema_.kind
    if kind not in ("table", "images"):
        raise InputError(f"inpainting fills pictures and tables; this model is of {kind}")
    searched = not learned_holes(estimator)
    if (searched and isinstance(model.bottleneck, (Discrete, FeatureMap))) or isinstance(
        model.likelihood, Autoregressive
    ):
        raise InputError(
            f"recipe {estimator.recipe!r} fills no gaps, for it has no code that could be searched by gradient: fit "
            "another, such as 'vae' or, of pictures, 'inpainting'"
        )


def _check(
    estimator: Autoencoder, *, beta: float, draws: int, steps: int, random_state: int, blend: bool, like: Any
) -> None:
    check_fills(estimator)
    kind = estimator.schema_.kind
    if not (np.isfinite(beta) and beta >= 0):
        raise InputError(f"beta={beta!r}: give a number, 0 or more")
    if blend and (kind != "table" or estimator.conditions_ is not None or like is None):
        raise InputError(
            "blend mixes in what other rows of a table hold: give complete ones with --like (like=); it serves neither "
            "pictures nor conditional recipes"
        )
    for name, value, least in (("draws", draws, 0), ("steps", steps, 0), ("random_state", random_state, 0)):
        if not (isinstance(value, int) and value >= least):
            raise InputError(f"{name}={value!r}: give a whole number, {least} or more")


def _blended(
    estimator: Autoencoder,
    filler: "_Filler",
    rows: NDArray[np.int64],
    searched_BF: NDArray[Any],
    like: Any,
    density: Density,
    beta: float,
    steps: int,
    seed: int,
) -> NDArray[Any]:
    """What was searched, and what is recalled of other rows, weighed by how well both fill cells hidden from these."""
    raw, empty = hidden_cells(opening.opened(taking_gaps(estimator), like, fitting=False, fewest=2), None)
    x_NF = _prepared(estimator, raw, empty)
    rows_NF = _Filler(estimator, x_NF, None).complete()
    fitted = not has_density(filler.model.bottleneck)
    some, hidden = hide(x_NF, numeric_features(estimator), seed, len(x_NF) // 2 if fitted else len(x_NF))
    if fitted:
        density = _of_others(estimator, x_NF, some, len(density.typical_SZ) - 1, seed)
    some_BF, hidden_BF = x_NF[torch.from_numpy(some)].double(), torch.from_numpy(hidden)
    gappy_BF = some_BF.masked_fill(hidden_BF, torch.nan)
    found_TBF = recall(gappy_BF, rows_NF, TEMPERATURES, torch.from_numpy(some))
    best = best_temperature(found_TBF, some_BF, hidden_BF)
    trial = _Filler(estimator, gappy_BF, None).fill(np.arange(len(some), dtype=np.int64), density, beta, steps)[0]
    share = weigh(torch.from_numpy(trial), found_TBF[best], some_BF, hidden_BF)
    recalled_BF = recall(filler.x_B___[torch.from_numpy(rows)].double(), rows_NF, TEMPERATURES[best : best + 1])[0]
    mixed_BF: NDArray[Any] = share * searched_BF + (1 - share) * recalled_BF.numpy()
    return mixed_BF


def _of_others(estimator: Autoencoder, x_NF: Tensor, judged: NDArray[np.int64], draws: int, seed: int) -> Density:
    """A density of the codes of all rows but those judged, whose hidden cells it must not have seen."""
    if len(x_NF) < 2 * FEWEST_CODES:
        raise InputError(
            f"blend with recipe {estimator.recipe!r} takes {2 * FEWEST_CODES} or more rows, half of them to fit a "
            f"density of codes to; {len(x_NF)} were given with --like (like=)"
        )
    others = np.setdiff1d(np.arange(len(x_NF)), judged)
    return _Filler(estimator, x_NF[torch.from_numpy(others)], None).density(None, draws, seed)


def _prepared(estimator: Autoencoder, raw: NDArray[Any], hidden: NDArray[np.bool_]) -> Tensor:
    """Prepared rows; what is unknown is NaN, of a category its whole group."""
    if estimator.schema_.kind == "table":
        return torch.from_numpy(estimator.preparation_.apply(np.where(hidden, np.nan, raw)))
    x_BCHW = torch.from_numpy(estimator.preparation_.apply(raw))
    return x_BCHW.masked_fill(torch.from_numpy(np.moveaxis(hidden, 3, 1)), torch.nan)


class _Filler:
    """A fitted model at work on prepared rows whose unknown cells are NaN."""

    def __init__(self, estimator: Autoencoder, x_B___: Tensor, condition_BC: Tensor | None) -> None:
        self.device = choices.device(estimator.device)
        self.dtype = torch.float32 if estimator.schema_.kind == "images" else torch.float64
        self.model = copy.deepcopy(estimator.model_).to(self.device, self.dtype).eval().requires_grad_(False)
        self.takes_gaps = choices.has_missing(estimator.schema_)
        self.x_B___, self.condition_BC, self.estimator = x_B___, condition_BC, estimator
        self.size = inference.rows_at_once(tuple(x_B___.shape[1:]))

    def parts(self, rows: NDArray[np.int64], times: int = 1) -> Iterator[tuple[Tensor, Tensor | None]]:
        """So many rows that they can be worked on at once, so many times over, and their conditions."""
        for part in torch.from_numpy(rows).split(max(1, self.size // times)):
            told_BC = None if self.condition_BC is None else self.condition_BC[part].to(self.device)
            yield self.x_B___[part].to(self.device, self.dtype), told_BC

    def first(self, x_B___: Tensor, condition_BC: Tensor | None, rounds: int) -> Tensor:
        """Codes of rows whose gaps are filled by the mean, and then by what they decode to, (B, Z)."""
        gap_B___ = x_B___.isnan()
        seen_B___ = x_B___ if self.takes_gaps else torch.where(gap_B___, _means(x_B___), x_B___)
        z_BZ = self.model.encode(seen_B___, condition_BC)
        for _ in range(rounds):
            guess_B___ = self.model.decode(z_BZ, condition_BC)
            z_BZ = self.model.encode(torch.where(gap_B___, guess_B___, x_B___), condition_BC)
        return z_BZ

    def complete(self) -> Tensor:
        """These rows, their gaps filled by what ten rounds of encoding and decoding come to."""
        filled = []
        with torch.no_grad():
            for x_B___, told_BC in self.parts(np.arange(len(self.x_B___), dtype=np.int64)):
                guess_B___ = self.model.decode(self.first(x_B___, told_BC, REFILLS), told_BC)
                filled.append(torch.where(x_B___.isnan(), guess_B___, x_B___).cpu())
        return torch.cat(filled)

    def density(self, like: Any, draws: int, seed: int) -> Density:
        """Of codes: the model's own, or a gaussian fitted to those of complete rows, or of these rows."""
        own = own_density(self.model.bottleneck, draws, seed)
        if own is not None:
            return own
        if like is not None:
            codes_BZ = torch.from_numpy(np.asarray(self.estimator.transform(like), np.float64))
        else:
            with torch.no_grad():
                parts = self.parts(np.arange(len(self.x_B___), dtype=np.int64))
                codes_BZ = torch.cat([self.first(*part, rounds=0).double().cpu() for part in parts])
        return fitted_density(codes_BZ, draws, seed, self.estimator.recipe)

    def fill(
        self, rows: NDArray[np.int64], density: Density, beta: float, steps: int
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """What these rows' best codes decode to, (m, *shape), the codes, and their energies after every step."""
        if not len(rows):
            nothing = np.zeros((0, self.model.bottleneck.latent_dim))
            return np.zeros((0, *self.x_B___.shape[1:])), nothing, np.zeros((steps + 1, 0))
        decoded, codes, energies = [], [], []
        for x_B___, told_BC in self.parts(rows, 2 + len(density.typical_SZ)):
            with torch.no_grad():
                typical_SBZ = density.typical_SZ[:, None].expand(-1, len(x_B___), -1)
                begun_SBZ = torch.stack([self.first(x_B___, told_BC, rounds) for rounds in (0, REFILLS)])
            starts_SBZ = torch.cat([begun_SBZ, typical_SBZ.to(begun_SBZ)])
            found = search(self.model, x_B___, starts_SBZ, density, beta=beta, steps=steps, condition_BC=told_BC)
            with torch.no_grad():
                decoded.append(self.model.decode(found.z_BZ, told_BC).cpu().numpy())
            codes.append(found.z_BZ.cpu().numpy())
            energies.append(found.energy_TB.cpu().numpy())
        return np.concatenate(decoded), np.concatenate(codes), np.concatenate(energies, 1)


def _means(x_B___: Tensor) -> Tensor:
    """What stands for an unknown cell at first: a column's mean, which is 0, or the mean of the known pixels."""
    if x_B___.dim() == 4:
        return x_B___.flatten(1).nanmean(-1)[:, None, None, None]
    return torch.zeros_like(x_B___)
