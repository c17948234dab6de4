"""Metrics of each epoch, to files."""

import json
from pathlib import Path

from isthmus.errors import InputError
from isthmus.training.loop import Progress


class JsonLines:
    """One JSON object per epoch, appended to a file as training goes."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.written = 0

    def __call__(self, progress: Progress) -> None:
        """Write the epochs that are not in the file yet; a resumed run writes its whole history anew."""
        if not progress.epoch_done:
            return
        lines = [json.dumps(metrics) + "\n" for metrics in progress.history[self.written :]]
        try:
            with self.path.open("a" if self.written else "w") as file:
                file.writelines(lines)
        except OSError as fault:
            raise InputError(f"{self.path}: can't be written: {fault.strerror}") from fault
        self.written = len(progress.history)


class TensorBoard:
    """The same metrics as TensorBoard events (the extra `isthmus[tensorboard]`)."""

    def __init__(self, folder: str | Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise InputError("TensorBoard is not installed: pip install 'isthmus[tensorboard]'") from None
        self.writer = SummaryWriter(str(folder))

    def __call__(self, progress: Progress) -> None:
        """Write one epoch."""
        if not progress.epoch_done:
            return
        for name, value in progress.latest.items():
            self.writer.add_scalar(name, value, progress.epoch)
        self.writer.flush()
