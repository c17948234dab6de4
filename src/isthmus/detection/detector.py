"""Detector: the scikit-learn outlier detector; unlabelled data in; scores, a threshold with a promise, reasons out."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OutlierMixin, clone
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted
from torch import nn

from isthmus import choices, inference, opening
from isthmus.autoencoder import Autoencoder
from isthmus.data import Dataset, SeriesSchema, open_data
from isthmus.detection import conformal, files, fitting
from isthmus.detection.memory import Memory
from isthmus.detection.pyod import PyODWays
from isthmus.detection.reasons import Reason, reasons
from isthmus.detection.steps import LastStep, Stretch, improbability, learn_last, stretches
from isthmus.detection.strangeness import DECIMALS, Strangeness, learn
from isthmus.errors import DataError, InputError
from isthmus.training import Batches, Watcher

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
EXACT_ROWS = 20_000
"""Up to so many rows at once are scored in double precision: a row's score doesn't depend on its neighbours then."""
ALIKE = 1.5e-4
"""Scores that differ by no more count as equal where a promise hangs on it: beyond so many rows they are of float32."""


class Detector(PyODWays, OutlierMixin, BaseEstimator):  # type: ignore[misc]
    """Finds anomalies in tables, pictures, series and counts that nobody labelled.

    An autoencoder learns what rows are like; a row is strange if it is rebuilt badly, or lies where few others do.

    Parameters
    ----------
    autoencoder : Autoencoder, optional
        What learns; it is cloned. Default: one chosen by measurement (docs/notes/detection.md).
    contamination : float, default=0.1
        Without a promise, the share of the rows fitted that `threshold_` flags; above 0, at most 0.5.
    false_alarms : float, optional
        A promise: of normal rows no more than this share is flagged. Some rows are held out for it.
    fdr : float, optional
        Another: of the rows that `discoveries` flags no more than this share is normal, on average. `predict`,
        `labels_` and `threshold_` go by `contamination` all the same. Anomalies among the rows held out leave little
        to be discovered: fit to normal rows.
    calibration : float or int, default=0.3
        Share or number of the rows that are held out where a promise is asked for.
    normal_only : bool, default=False
        Whether the rows fitted are all known to be normal.
    kind : {"auto", "table", "images", "series", "counts", "text"}, default="auto"
        As for `Autoencoder`.
    window : int or "auto", optional
        X is one long series, (time,) or (time, channels), and every step of it a row: it is judged by the last step's
        error in the window of so many steps that ends there, and by the errors before. "auto" takes whole periods.
    convention : {"sklearn", "pyod"}, default="sklearn"
        What `decision_function` and `predict` say: scikit-learn's way higher is more normal, below 0 an anomaly, and
        predictions are 1 and -1; PyOD's way higher is stranger, above `threshold_` an anomaly, and they are 0 and 1.
    device : str, default="auto"
    memory : int, optional
        Bytes that data may take, as for `Autoencoder`.
    callbacks : sequence of callable, default=()
        Called with `isthmus.training.Progress` while fitting.
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    autoencoder_ : Autoencoder
        Fitted.
    memory_ : isthmus.detection.memory.Memory or None
        A sample of the rows fitted, for `partial_fit`; None from a file without them.
    decision_scores_ : (n,)
        How strange each row fitted is, higher is stranger; those held out for a promise among them.
    threshold_ : float
        Rows whose score is above it are anomalies.
    labels_ : (n,) of int
        1 for an anomaly, else 0, of the rows fitted.
    offset_ : float
        Minus `threshold_`: `decision_function` is `score_samples` minus it.
    calibration_scores_ : (m,)
        Scores of the rows held out, sorted; empty where no promise was asked for.
    n_features_in_, feature_names_in_
        As in scikit-learn, for tables.

    Examples
    --------
    >>> import numpy as np
    >>> from isthmus import Detector
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> X[0] = 9
    >>> int(Detector(random_state=0).fit(X).decision_scores_.argmax())
    0
    """

    strangeness_: Strangeness | LastStep

    def __init__(
        self,
        autoencoder: Autoencoder | None = None,
        *,
        contamination: float = 0.1,
        false_alarms: float | None = None,
        fdr: float | None = None,
        calibration: float = 0.3,
        normal_only: bool = False,
        kind: str = "auto",
        window: int | str | None = None,
        convention: str = "sklearn",
        device: str = "auto",
        memory: int | None = None,
        callbacks: Sequence[Watcher] = (),
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.autoencoder = autoencoder
        self.contamination = contamination
        self.false_alarms = false_alarms
        self.fdr = fdr
        self.calibration = calibration
        self.normal_only = normal_only
        self.kind = kind
        self.window = window
        self.convention = convention
        self.device = device
        self.memory = memory
        self.callbacks = callbacks
        self.random_state = random_state

    # Fitting

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002 - scikit-learn's signature
        """Fit to data of which some rows may be anomalies; labels are ignored.

        Parameters
        ----------
        X : array, frame, tensor, path or Dataset
            As for `Autoencoder.fit`.

        Raises
        ------
        InputError
            If data or options can't be used, or rows are too few for the promise asked for.
        """
        self.check_options()
        data = self._opened(X, fitting=True, fewest=2)
        seed = self._seed()
        learned, held = fitting.parts(self, data, seed)
        self._learn(data, learned, seed)
        self._settle(self.scores_of(data), held)
        self.memory_, self.goes_on_ = self._remembered(data, learned, held, seed), False
        self.describe()
        return self

    def _remembered(self, data: Dataset, learned: Rows, held: Rows, seed: int) -> Memory | None:
        if data.steps:
            return None
        memory = Memory.of(data, (learned, held), len(held) / data.n, np.random.default_rng([seed, 0]), self.needed)
        return replace(memory, steps=self.autoencoder_.record_["steps"])

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Go on learning from more rows; the first call is `fit`, which decides schema, preparation and share held out.

        The autoencoder goes over the new rows and as many of those before, once or more: new rows get their share of
        the steps that the first had. Scales, references, scores, calibration and threshold are taken anew from a
        uniform sample of all rows that came: at most 20,000 (or 64 MB, at least 64) to learn from and as many held
        out, or as many as `false_alarms` takes. Of every batch the same share is held out, and never learned from, so
        the promise is kept at any time, of rows like those that came in all. `decision_scores_` and `labels_` are then
        of the rows kept, in the order in which they came.

        A fitted detector has the sample in memory; `save` writes it once `partial_fit` was called, so that the file
        holds rows.

        Raises
        ------
        InputError
            If data or options can't be used, the detector is of one long series, or from a file without rows.
        """
        if self.window is not None or getattr(self, "steps_", False):
            raise InputError("partial_fit takes rows, and one long series has an order: fit anew to all of it")
        if not hasattr(self, "autoencoder_"):
            self.fit(X, y)
            self.goes_on_ = True
            return self
        if self.memory_ is None:
            raise InputError(
                "the file that this detector is from holds no rows, and to go on some are needed: fit anew by "
                "partial_fit, then save"
            )
        self.check_options()
        data = opening.opened(self, X, fitting=False, fewest=1)
        seed = self._seed()
        rng = np.random.default_rng([seed, self.memory_.seen])
        parts = self.memory_.parts_of(data, rng)
        autoencoder = fitting.taught(self, self.memory_, data, parts[0], rng)
        new = Memory.of(data, parts, self.memory_.share, rng, self.needed)
        memory = self.memory_.with_more(new, self.needed)
        learned = memory.dataset(self.schema_, learned=True)
        self.strangeness_ = learn(autoencoder, learned, normal_only=self.normal_only, seed=seed)
        self.autoencoder_, self.memory_, self.goes_on_ = autoencoder, memory, True
        self._settle(self.scores_of(memory.dataset(self.schema_)), np.flatnonzero(memory.held))
        return self

    def _settle(self, scores: Floats, held: Rows) -> None:
        """Take calibration, threshold and labels from the scores of the rows fitted, of which these are held out."""
        self.decision_scores_, self.calibration_scores_ = scores, np.sort(scores[held])
        self.decide(self._threshold())

    @property
    def needed(self) -> int:
        """How many held-out rows the promise takes."""
        return 0 if self.false_alarms is None else conformal.rows_needed(self.false_alarms)

    def check_options(self) -> None:
        """Refuse options that no data could make right, before any data are read.

        Raises
        ------
        InputError
            If a number is out of range or a name unknown.
        """
        fitting.check(self)

    @property
    def promises(self) -> bool:
        """Whether a promise was asked for, for which rows are held out."""
        return self.false_alarms is not None or self.fdr is not None

    @property
    def promise(self) -> str:
        """What the threshold keeps, in words."""
        if self.fdr is not None:
            return f"of the rows flagged no more than {self.fdr:.3g} are normal, on average"
        if self.false_alarms is not None:
            return f"of normal rows no more than {self.false_alarms:.3g} are flagged"
        return f"none: the {self.contamination:.3g} strangest of the rows fitted are flagged"

    def told(self) -> dict[str, Any]:
        """What a file's description says of a fitted detector, in plain values."""
        kept = 0 if self.memory_ is None or not self.goes_on_ else len(self.memory_.rows)
        rows = {"scored": len(self.decision_scores_), "held out": len(self.calibration_scores_), "kept": kept}
        threshold = {} if self.fdr is not None else {"threshold": self.threshold_}
        return {"promise": self.promise, **threshold, "rows": rows}

    def _learn(self, data: Dataset, learned: Rows, seed: int) -> None:
        part = data if len(learned) == data.n else data.subset(learned)
        self.steps_ = data.steps
        inner = (
            fitting.default_autoencoder(part, normal_only=self.normal_only)
            if self.autoencoder is None
            else clone(self.autoencoder)
        )
        given = {"device": self.device, "memory": self.memory, "callbacks": self.callbacks, "random_state": seed}
        self.autoencoder_ = inner.set_params(**given).fit(part)
        self.schema_, self.label_ = self.autoencoder_.schema_, self.autoencoder_.label_
        self.strangeness_ = (
            learn_last(self.autoencoder_, part, seed=seed)
            if self.steps_
            else learn(self.autoencoder_, part, normal_only=self.normal_only, seed=seed)
        )

    def _threshold(self) -> float:
        """By the promise of few false alarms, else by the share of the rows fitted that contamination says."""
        if self.false_alarms is not None:
            return conformal.threshold(self.calibration_scores_, self.false_alarms) + ALIKE
        return float(np.percentile(self.decision_scores_, 100 * (1 - self.contamination)))

    def decide(self, threshold: float) -> None:
        """Call rows whose score is above this anomalies."""
        self.threshold_, self.offset_ = threshold, -threshold
        self.labels_ = (self.decision_scores_ > threshold).astype(int)

    def describe(self) -> None:
        """Set the attributes that scikit-learn reads, as the autoencoder has them."""
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.autoencoder_, name):
                setattr(self, name, getattr(self.autoencoder_, name))

    # The file

    def save(self, path: str | Path) -> None:
        """Write everything that `load` needs to one .safetensors file, atomically."""
        check_is_fitted(self, "autoencoder_")
        files.write(path, self)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The detector that `save` wrote.

        Raises
        ------
        ModelFileError
            If the file is truncated, garbled, hostile, from a newer version, or of an autoencoder alone.
        """
        return files.read(path, cls)

    def _seed(self) -> int:
        if isinstance(self.random_state, int):
            return self.random_state
        return int(check_random_state(self.random_state).randint(2**31))

    # Scores

    def scores_of(self, data: Dataset) -> Floats:
        """`anomaly_scores` of data that are open already."""
        rows, size = np.arange(data.n, dtype=np.int64), inference.rows_at_once(data.source.shape)
        batches = Batches(
            data.source, self.autoencoder_.preparation_, rows, batch_size=size, memory=0, seed=0
        )  # prepared piece by piece: every row is wanted once
        device = choices.device(self.device)
        found = inference.run(
            nn.Module.__call__, self.strangeness_, batches.in_order(),
            device=device, double=self.steps_ or (data.n <= EXACT_ROWS and data.kind != "images"), rows=size,
        )  # fmt: skip
        scores = found.double().numpy()
        if not self.steps_:
            return np.round(scores, DECIMALS)
        scores[: data.source.shape[0] - 1] = np.nan  # their windows begin before the series does
        return improbability(scores)

    def _opened(self, X: Any, *, fitting: bool, fewest: int) -> Dataset:
        """Data of the kind fitted; of one long series the window that ends at each step."""
        steps = self.window is not None if fitting else self.steps_
        if steps and not isinstance(X, Dataset):
            asked = self.window if fitting else self.schema_.shape[0]
            window = None if asked == "auto" else choices.whole_number("window", asked)
            known: dict[str, Any] = {} if fitting else {"schema": self.schema_}
            X = open_data(X, kind="series", window=window, each_step=True, **known)
        data = opening.opened(self, X, fitting=fitting, fewest=fewest)
        if steps != data.steps and not (fitting and self.window is None):
            raise DataError(
                "the detector is of one long series, (time,) or (time, channels), and these are several, or windows"
                if steps
                else "the data are one long series, a row for each step, and the detector is of other rows"
            )
        return data

    def anomaly_scores(self, X: Any) -> Floats:
        """How strange every row is, (n,), whatever the convention: higher is stranger."""
        check_is_fitted(self, "autoencoder_")
        return self.scores_of(self._opened(X, fitting=False, fewest=1))

    def score_samples(self, X: Any) -> Floats:
        """Minus `anomaly_scores`, scikit-learn's way round: higher is more normal."""
        return -self.anomaly_scores(X)

    def decision_function(self, X: Any) -> Floats:
        """`score_samples` minus `offset_`, below 0 for anomalies; by PyOD's convention `anomaly_scores`."""
        scores = self.anomaly_scores(X)
        return scores if self.convention == "pyod" else self.threshold_ - scores

    def said(self, flagged: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Predictions in the words of the convention."""
        return flagged.astype(np.int64) if self.convention == "pyod" else np.where(flagged, -1, 1)

    def fit_predict(self, X: Any, y: Any = None) -> NDArray[np.int64]:
        """Fit, and say which of the rows fitted are anomalies."""
        self.fit(X, y)
        return self.said(self.labels_ == 1)

    def explain(self, X: Any) -> list[Reason]:
        """Why each of these rows is strange, however strange it is: give it the few that matter.

        Returns
        -------
        list of `isthmus.detection.Reason`, one a row
        """
        check_is_fitted(self, "autoencoder_")
        data = self._opened(X, fitting=False, fewest=1)
        return reasons(self.strangeness_, self.autoencoder_.preparation_, data)

    def stretches(self, X: Any) -> list[Stretch]:
        """Where a long series is anomalous: neighbouring steps above the threshold, the strangest stretch first.

        Steps at most a tenth of a window apart are of one stretch.

        Raises
        ------
        InputError
            If the detector is not of one long series: give `window`.
        """
        scores = self.anomaly_scores(X)
        return self.stretches_of(scores > self.threshold_, scores)

    def stretches_of(self, flagged: NDArray[np.bool_], scores: Floats) -> list[Stretch]:
        """`stretches` of steps that are scored already."""
        if not (self.steps_ and isinstance(self.schema_, SeriesSchema)):
            raise InputError("stretches are of one long series: give the detector a window, such as window='auto'")
        return stretches(flagged, scores, max(1, self.schema_.length // 10))

    def p_values(self, X: Any) -> Floats:
        """How often a normal row would look as strange, (n,): conformal p-values.

        Raises
        ------
        InputError
            If no rows were held out: fit with `false_alarms` or `fdr`.
        """
        check_is_fitted(self, "autoencoder_")
        found = self.p_values_of(self.anomaly_scores(X))
        if found is None:
            raise InputError("no rows were held out to calibrate by: fit with false_alarms or fdr")
        return found

    def p_values_of(self, scores: Floats) -> Floats | None:
        """`p_values` of rows that are scored already; None where no rows were held out."""
        if not len(self.calibration_scores_):
            return None
        return conformal.p_values(self.calibration_scores_, scores - ALIKE)

    def discoveries(self, X: Any) -> NDArray[np.bool_]:
        """Which of these rows are anomalies, such that no more than the share `fdr` of them are normal on average."""
        check_is_fitted(self, "autoencoder_")
        if self.fdr is None:
            raise InputError("discoveries keep the promise of fdr: fit with fdr=0.1, say")
        return conformal.discoveries(self.p_values(X), self.fdr)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
