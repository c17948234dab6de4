"""What a detector's fit begins with: options that can be, rows to learn from and to hold out, an autoencoder."""

import copy
import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from isthmus import choices
from isthmus.autoencoder import Autoencoder
from isthmus.data import Dataset, TableSchema, split
from isthmus.data.source import ArraySource
from isthmus.detection import conformal
from isthmus.detection.memory import Memory, joined
from isthmus.errors import InputError, naming

if TYPE_CHECKING:
    from isthmus.detection.detector import Detector

Rows = NDArray[np.int64]
CONVENTIONS = ("sklearn", "pyod")
STEPS = 400
"""Of training: more teach a network its anomalies, too (docs/notes/detection.md)."""
BATCH, CODE = 128, 2
CLEAN_STEPS, FEWEST_EPOCHS = 2000, 20
"""Of training on pictures, series and counts that are all normal: twice as many were no better."""


def check(detector: "Detector") -> None:
    """Refuse options that no data could make right.

    Raises
    ------
    InputError
        If a number is out of range or a name unknown.
    """
    share, held = detector.contamination, choices.plain(detector.calibration)
    if isinstance(share, bool) or not isinstance(share, (int, float, np.number)) or not 0 < share <= 0.5:
        raise InputError(f"contamination={share!r}: give a share above 0, at most 0.5")
    for name in ("false_alarms", "fdr"):
        if getattr(detector, name) is not None:
            conformal.check_share(name, getattr(detector, name))
    if detector.false_alarms is not None and detector.fdr is not None:
        raise InputError("false_alarms and fdr are two promises, and a threshold keeps one of them: leave one out")
    if isinstance(held, bool) or not (isinstance(held, int) or (isinstance(held, float) and held < 1)) or held < 0:
        raise InputError(f"calibration={held!r}: give a share from 0 to below 1, or a whole number of rows")
    window, kind = detector.window, detector.kind
    if window not in (None, "auto"):
        choices.whole_number("window", window)
    if window is not None and kind not in ("auto", "series"):
        raise InputError(f"window={window!r} is of a series, and kind={kind!r}: leave one out")
    if detector.convention not in CONVENTIONS:
        raise InputError(f"convention={detector.convention!r}: choose {' or '.join(CONVENTIONS)}")


def parts(detector: "Detector", data: Dataset, seed: int) -> tuple[Rows, Rows]:
    """Rows to learn from and rows to calibrate by; too few for the promise is said before anything is learned."""
    share = choices.plain(detector.calibration) if detector.promises else 0
    with naming(f"calibration={share!r}"):
        learned, held = split(data.n, share, seed, data.overlap)
    if len(learned) < 2:
        raise InputError(f"calibration={share!r} holds out {len(held)} of {data.n} rows: to learn from takes 2")
    if detector.fdr is not None and not len(held):
        raise InputError(f"fdr={detector.fdr:g} takes held-out rows, and calibration={share!r} of {data.n} is none")
    if detector.false_alarms is not None and len(held) < (needed := detector.needed):
        all_rows = f" (about {round(needed / share):,} in all)" if isinstance(share, float) and share else ""
        raise InputError(
            f"false_alarms={detector.false_alarms:g} takes {needed:,} held-out rows{all_rows}, and of {data.n:,} "
            f"rows {len(held):,} are held out: promise less, give more rows, or hold out more (calibration)"
        )
    return learned, held


def default_autoencoder(data: Dataset, *, normal_only: bool) -> Autoencoder:
    """What learns where nothing else is asked for: briefly, for anomalies among the rows are soon learned by heart."""
    code = min(CODE, len(data.schema.columns)) if isinstance(data.schema, TableSchema) else None
    if normal_only and code is None and not data.steps:
        steps = math.ceil(data.n / choices.batch_size(None, data.n))
        return Autoencoder(epochs=max(FEWEST_EPOCHS, math.ceil(CLEAN_STEPS / steps)))
    batch = min(BATCH, max(16, data.n // 4))
    epochs = math.ceil(STEPS / math.ceil(data.n / batch))
    validation = 0 if data.steps else 0.1  # windows share steps, and few would be left to learn from
    return Autoencoder(latent_dim=code, batch_size=batch, epochs=epochs, patience=None, validation=validation)


def taught(detector: "Detector", memory: Memory, data: Dataset, learned: Rows, rng: np.random.Generator) -> Autoencoder:
    """A copy of its autoencoder that went over these rows and as many earlier ones, lest it forget them."""
    pupil = copy.copy(detector.autoencoder_)
    pupil.model_, pupil.history_ = copy.deepcopy(pupil.model_), list(pupil.history_)
    pupil.__dict__.pop("_trainer", None)  # a file keeps none, and is to go on as what was saved would have
    pupil.set_params(device=detector.device, memory=detector.memory, callbacks=detector.callbacks)
    if len(learned):
        rows = joined(data.source.take(learned), memory.some(len(learned), rng))
        batch = choices.batch_size(pupil.batch_size, len(rows))
        for _ in range(memory.passes(len(learned), batch)):
            pupil.partial_fit(Dataset(data.schema, ArraySource(rows)))
    return pupil
