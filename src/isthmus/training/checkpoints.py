"""A run that dies can go on where it was, to the bit."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from isthmus import modelfile
from isthmus.errors import InputError


class Checkpoint:
    """One file, replaced atomically every so often and removed at the end.

    Parameters
    ----------
    path : str or Path
    identity : mapping
        JSON-able facts (data, model, settings) that must be the same for a run to go on.
    resume : bool
        Whether to go on from a file that is there; without it, it is ignored and later replaced.
    every : float
        Seconds between saves.
    """

    def __init__(self, path: str | Path, identity: Mapping[str, Any], *, resume: bool, every: float = 30.0) -> None:
        self.path, self.resume, self.every = Path(path), resume, every
        self.identity = json.loads(json.dumps(identity))
        self.saved = time.monotonic()

    def due(self, now: float) -> bool:
        """Whether it is time to save again."""
        return now - self.saved >= self.every

    def save(self, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
        """Replace the file."""
        modelfile.write(self.path, tensors, {"state": dict(state), "identity": self.identity})
        self.saved = time.monotonic()

    def load(self) -> tuple[dict[str, Any], dict[str, Tensor]] | None:
        """State and tensors of the file, if resuming was asked for and it is there.

        Raises
        ------
        InputError
            If it belongs to another run; the message names what differs.
        """
        if not (self.resume and self.path.exists()):
            return None
        description, tensors = modelfile.read(self.path)
        kept = description.get("identity", {})
        odd = [
            f"{key} was {kept.get(key)!r}, now {new!r}" for key, new in self.identity.items() if kept.get(key) != new
        ]
        if odd:
            raise InputError(
                f"{self.path}: can't go on from this checkpoint: {'; '.join(odd)[:400]}. Fit with the options it was "
                "made with, or without --resume to begin anew"
            )
        return description["state"], tensors

    def remove(self) -> None:
        """The run is over."""
        self.path.unlink(missing_ok=True)
