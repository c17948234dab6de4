"""What all tests share."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("GOMP_SPINCOUNT", "1000")  # test processes run side by side

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets; ISTHMUS_DATA names it, else it stands beside the repository."""
    folder = Path(os.environ.get("ISTHMUS_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "README.md").exists():
        pytest.skip(f"no folder of real data at {folder}: set ISTHMUS_DATA to run this test")
    return folder
