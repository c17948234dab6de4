"""The progress bar of a fit. Of other packages only rich is imported."""

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as Bar
from rich.table import Column

if TYPE_CHECKING:
    from isthmus.training import Progress

SECONDS_BETWEEN_DRAWINGS = 0.2


class ProgressBar:
    """A watcher of training that draws its course to stderr; used as a context manager.

    Parameters
    ----------
    epochs : int or None
        How many there will be at most, if known.
    quiet : bool, default=False
        Print nothing. Nothing is printed either where stderr is no terminal.
    console : rich Console, optional
        Where to draw instead.
    """

    def __init__(self, epochs: int | None, quiet: bool = False, *, console: Console | None = None) -> None:
        self.epochs = epochs
        console = console or Console(stderr=True)
        status = TextColumn(
            "{task.fields[status]}",
            markup=False,
            table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1),
        )
        columns = (BarColumn(bar_width=12), TaskProgressColumn(), status)
        self._bar: Bar | None = None
        if console.is_terminal and not quiet:
            self._bar = Bar(*columns, console=console, auto_refresh=False, expand=True)
            self._task = self._bar.add_task("", total=1.0, status="preparing")
        self._drawn = 0.0

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.refresh()
            self._bar.stop()

    def __call__(self, progress: "Progress") -> None:
        """Show where the run stands, at most five times a second."""
        now = time.monotonic()
        if self._bar is None or (now - self._drawn < SECONDS_BETWEEN_DRAWINGS and not progress.stopped):
            return
        self._drawn = now
        done = 1.0 if progress.stopped in ("finished", "early") else progress.fraction
        self._bar.update(self._task, completed=done, status=_status(progress, self.epochs), refresh=True)


def _status(progress: "Progress", epochs: int | None) -> str:
    """The line beside the bar."""
    latest, done = progress.latest, progress.history[-1] if progress.history else {}
    epoch = progress.epoch if progress.epoch_done else progress.epoch + 1
    pieces = [f"epoch {epoch}/{epochs}" if epochs else f"epoch {epoch}", _times(progress)]
    pieces += [f"loss {latest['loss']:.4g}"] if "loss" in latest else []
    pieces += [f"held-out {done['held_loss']:.4g}"] if "held_loss" in done else []
    pieces += [f"best {progress.best_epoch}"] if progress.best_epoch else []
    if latest.get("rate"):
        pieces.append(f"distortion {latest['distortion']:.4g}  rate {latest['rate']:.3g}")
    return "  ".join(pieces)


def _times(progress: "Progress") -> str:
    spent = clock(progress.seconds)
    if progress.stopped:
        return f"{spent} ({'stopped early' if progress.stopped == 'early' else progress.stopped})"
    if progress.fraction <= 0:
        return spent
    return f"{spent} < {clock(progress.seconds * (1 / min(progress.fraction, 1.0) - 1))}"


def clock(seconds: float) -> str:
    """Seconds as m:ss or h:mm:ss."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
