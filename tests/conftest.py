"""What all tests share."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from isthmus import Autoencoder
from isthmus.training import Checkpoint

os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # test processes run side by side

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets; ISTHMUS_DATA names it, else it stands beside the repository."""
    folder = Path(os.environ.get("ISTHMUS_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "README.md").exists():
        pytest.skip(f"no folder of real data at {folder}: set ISTHMUS_DATA to run this test")
    return folder


@pytest.fixture
def fit_through_deaths(tmp_path) -> Callable[..., tuple[Autoencoder, Autoencoder]]:
    """Fit twice, undisturbed and dying at every n-th save to go on from the checkpoint: the weights must be equal."""

    class StopError(Exception):
        pass

    class Dying(Checkpoint):
        saves = 0

        def save(self, tensors, state):
            super().save(tensors, state)
            self.saves += 1
            if self.saves == self.last:
                raise StopError

    def fit(x: Any, *, saves: int, deaths: int, **options: Any) -> tuple[Autoencoder, Autoencoder]:
        Dying.last = saves
        died = 0
        while True:
            try:
                resumed = Autoencoder(**options).fit(
                    x, checkpoint=lambda identity: Dying(tmp_path / "c", identity, resume=True, every=0)
                )
                break
            except StopError:
                died += 1
        assert died >= deaths
        whole = Autoencoder(**options).fit(x)
        for name, tensor in whole.model_.state_dict().items():
            assert torch.equal(tensor, resumed.model_.state_dict()[name]), name
        return whole, resumed

    return fit
