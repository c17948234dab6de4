"""Inpaint: judged in PSNR and SSIM beside OpenCV's two methods; of tables in RMSE beside scikit-learn's imputers."""

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import KNNImputer, SimpleImputer

from isthmus.autoencoder import Autoencoder
from isthmus.data import Dataset, TableSchema
from isthmus.errors import InputError
from isthmus.jobs.denoise import psnr
from isthmus.restoration import inpaint

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
RADIUS = 3
"""Pixels around each unknown one that OpenCV's methods look at."""
SHARE = 0.1
"""Of a table's known cells, hidden to judge by."""
FEWEST_ROWS = 10
MOST_ROWS = 2000
"""KNN imputation compares every row with every other."""


@dataclass(frozen=True)
class Figures:
    """One number for the model and for each classical method; `unit` says of what, and whether more is better."""

    ours: float
    peers: dict[str, float]
    unit: str
    more_is_better: bool

    @property
    def verdict(self) -> str:
        """Who is better, in words."""
        if not self.peers:
            return "the classical methods are not installed or don't take such data, so nothing to compare with"
        sign = 1 if self.more_is_better else -1
        best = max(self.peers, key=lambda name: sign * self.peers[name])
        ahead = sign * (self.ours - self.peers[best])
        words = "better than" if ahead >= 0 else "worse than"
        return f"{abs(ahead):.3g} {words} {best}" + ("" if ahead >= 0 else ": use that")

    def to_json(self) -> dict[str, Any]:
        """The figures and the verdict."""
        return asdict(self) | {"verdict": self.verdict}


def mean_figures(found: Sequence[Figures]) -> Figures:
    """The mean of each over pictures; of the classical methods those that all have.

    Raises
    ------
    InputError
        If there are none.
    """
    if not found:
        raise InputError("there are no pictures to judge by")
    common = [name for name in found[0].peers if all(name in each.peers for each in found)]
    peers = {name: float(np.mean([each.peers[name] for each in found])) for name in common}
    return replace(found[0], ours=float(np.mean([each.ours for each in found])), peers=peers)


def classical_pictures(pictures: NDArray[np.uint8], hidden: Mask) -> dict[str, NDArray[np.uint8]]:
    """What OpenCV's two methods make of pictures (n, height, width, channels) of 8 bits.

    Telea's fast marching (J. Graphics Tools 2004) and Navier-Stokes (Bertalmio, Bertozzi & Sapiro, CVPR 2001).

    Raises
    ------
    InputError
        If OpenCV is not installed.
    """
    cv2 = _opencv()
    methods = {"Telea": cv2.INPAINT_TELEA, "Navier-Stokes": cv2.INPAINT_NS}
    masks = np.asarray(hidden.any(-1), np.uint8)
    return {
        name: np.stack(
            [
                cv2.inpaint(np.ascontiguousarray(picture), mask, RADIUS, method).reshape(picture.shape)
                for picture, mask in zip(pictures, masks, strict=True)
            ]
        )
        for name, method in methods.items()
    }


def _opencv() -> Any:
    try:
        import cv2
    except ImportError:
        raise InputError("Telea and Navier-Stokes take OpenCV: pip install 'isthmus[restore]'") from None
    return cv2


def mean_psnr(pictures: NDArray[Any], clean: NDArray[Any]) -> float:
    """Mean over pictures of the peak signal to noise ratio in dB, white being the most that the type holds."""
    white = np.iinfo(clean.dtype).max if clean.dtype.kind == "u" else 1.0
    return float(np.mean([psnr(found / white, true / white) for found, true in zip(pictures, clean, strict=True)]))


def judge_pictures(filled: NDArray[Any], damaged: NDArray[Any], clean: NDArray[Any], hidden: Mask) -> Figures:
    """PSNR of filled pictures (n, height, width, channels), beside the classical methods' of 8-bit ones."""
    try:
        eight = damaged.dtype == np.uint8 and damaged.shape[-1] in (1, 3)
        found = classical_pictures(damaged, hidden) if eight else {}
    except InputError:  # OpenCV is an extra
        found = {}
    peers = {name: mean_psnr(each, clean) for name, each in found.items()}
    return Figures(mean_psnr(filled, clean), peers, "PSNR in dB", more_is_better=True)


def imputers() -> dict[str, Any]:
    """scikit-learn's ways to fill a table of numbers, as they come; the iterative one with a seed and ten rounds.

    Fitted to complete rows it would else stop after the first round, in which nothing changes, and fill others by one.
    """
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer

    options = {"keep_empty_features": True}
    return {
        "mean": SimpleImputer(**options),
        "KNN": KNNImputer(**options),
        "iterative": IterativeImputer(random_state=0, tol=0.0, **options),
    }


def impute(learned: Floats, gappy: Floats) -> dict[str, Floats]:
    """What each imputer, fitted to rows that may have gaps, makes of others."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # with a tolerance of 0 it never says it is done
        return {name: imputer.fit(learned).transform(gappy) for name, imputer in imputers().items()}


def judge_table(estimator: Autoencoder, data: Dataset, seed: int = 0, **options: Any) -> Figures | None:
    """RMSE over a tenth of the known numbers, hidden for it, in the standard deviations of their columns.

    The classical methods learn from the rows themselves, which is all they have. Categories are left out.

    Returns
    -------
    Figures or None
        None if there are no columns of numbers, or fewer than ten rows.
    """
    schema = data.schema
    if not isinstance(schema, TableSchema) or data.n < FEWEST_ROWS:
        return None
    numeric = np.array([column.role == "numeric" for column in schema.columns])
    raw = data.source.read(0, min(data.n, MOST_ROWS))
    hidden = _some_hidden(raw, numeric, seed)
    if not hidden.any():
        return None
    scales = estimator.preparation_.scales  # type: ignore[attr-defined]
    found = inpaint(estimator, data.subset(np.arange(len(raw), dtype=np.int64)), hidden, **options).raw
    gappy = np.where(hidden, np.nan, raw)[:, numeric]
    peers = {
        name: rmse((filled - raw[:, numeric]) / _divisors(scales[numeric]), hidden[:, numeric])
        for name, filled in impute(gappy, gappy).items()
    }
    ours = rmse((found - raw) / _divisors(scales), hidden)
    return Figures(ours, peers, "RMSE in standard deviations", more_is_better=False)


def _some_hidden(raw: Floats, numeric: NDArray[np.bool_], seed: int) -> Mask:
    """A tenth of the known numbers, but never all that is known of a row."""
    # gaps that were drawn by the plain seed would be the very cells hidden here
    hidden = (np.random.default_rng([seed, raw.shape[1]]).random(raw.shape) < SHARE) & numeric & ~np.isnan(raw)
    bare = np.asarray((hidden | np.isnan(raw)).all(1))
    return hidden & ~bare[:, None]


def _divisors(scales: Floats) -> Floats:
    return np.where(scales > 0, scales, 1.0)


def rmse(error: Floats, which: Mask) -> float:
    """Root of the mean of some squared errors."""
    return float(np.sqrt((error[which] ** 2).mean()))
