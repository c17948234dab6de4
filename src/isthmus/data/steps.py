"""One long series as rows: the window that ends at each step, how long it is, and what time each step is."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from isthmus.data.tables import TableReader

Floats = NDArray[Any]
USUAL, SHORTEST = 100, 50
"""Steps of a window where no period shows, and the fewest that whole periods are to fill."""
FEWEST_LAG, LEAST_CORRELATION, NEARLY = 4, 0.3, 0.9
MOST_LOOKED_AT = 50_000


def ending_at_each(series: Floats, window: int) -> Floats:
    """The window that ends at each step of a series (time[, channels]), (time, window[, channels]), copied nowhere.

    Before the first step stand the next ones mirrored, so that every step has its window.
    """
    led = np.concatenate([series[window - 1 : 0 : -1], series])
    views = np.lib.stride_tricks.sliding_window_view(led, window, axis=0)
    return views if series.ndim == 1 else np.moveaxis(views, -1, 1)


def choose_window(series: Floats) -> int:
    """How many steps a window of this series (time[, channels]) should have: whole periods, 50 steps or more.

    The period is the first lag at which the autocorrelation, the mean over channels, peaks nearly as high as at its
    highest peak (at least 0.3). Where there is none, 100 steps. Never more than a quarter of the series.
    """
    most = max(2, len(series) // 4)
    period = _period(series.reshape(len(series), -1)[:MOST_LOOKED_AT].astype(np.float64), most)
    return min(period * -(-SHORTEST // period) if period else USUAL, most)


def _period(series: Floats, most: int) -> int:
    n = len(series)
    known = ~np.isnan(series)
    centred = np.where(known, series - np.nan_to_num(series).sum(0) / np.maximum(known.sum(0), 1), 0.0)
    spectrum = np.abs(np.fft.rfft(centred, 2 * n, axis=0)) ** 2
    products = np.fft.irfft(spectrum, axis=0)[: min(most + 2, n)]
    correlation = (products / np.maximum(products[0], np.finfo(float).tiny)).mean(1)
    correlation = correlation * n / (n - np.arange(len(correlation)))  # far lags have fewer products
    lags = np.arange(FEWEST_LAG, len(correlation) - 1)
    at = correlation[lags]
    peaks = lags[(at >= correlation[lags - 1]) & (at > correlation[lags + 1]) & (at >= LEAST_CORRELATION)]
    if not len(peaks):
        return 0
    return int(peaks[correlation[peaks] >= NEARLY * correlation[peaks].max()][0])


def column_of_times(reader: TableReader, drop: Sequence[str] = ()) -> str | None:
    """The first column that holds times, or else texts: it names the steps."""
    kinds = {n: kind for n, kind in zip(reader.names, reader.types, strict=True) if n not in drop}
    temporal = [name for name, kind in kinds.items() if pa.types.is_temporal(kind)]
    texts = [name for name, kind in kinds.items() if pa.types.is_string(kind) or pa.types.is_large_string(kind)]
    return next(iter(temporal + texts), None)


def read_times(reader: TableReader, name: str) -> list[str]:
    """A column's cells as texts; what is missing is empty."""
    place = reader.names.index(name)
    found: list[str] = []
    for batch in reader.batches():
        found += [text or "" for text in batch.column(place).cast(pa.string()).to_pylist()]
    return found


def irregular(times: Sequence[str]) -> str:
    """What is odd about the times of a series, in words; empty where they rise evenly or are no times."""
    try:
        seconds = np.array([time.rstrip("Z") for time in times], "datetime64[ms]").astype(np.int64) / 1000
    except ValueError:
        return ""
    apart = np.diff(seconds)
    usual = float(np.median(apart)) if len(apart) else 0.0
    counts = {"repeated": (apart == 0).sum(), "going back": (apart < 0).sum(), "after a gap": (apart > 3 * usual).sum()}
    return ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
