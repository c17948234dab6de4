"""What the benchmarks share: where the data are, how results are kept, what machine this is."""

import argparse
import json
import os
import platform
import sys
from pathlib import Path

import isthmus  # noqa: F401 - every benchmark imports this file before torch, as docs/notes/arithmetic.md advises

REPOSITORY = Path(__file__).resolve().parents[1]
RESULTS = REPOSITORY / "benchmarks" / "results"


def parser(description: str | None) -> argparse.ArgumentParser:
    """A parser with the one option that all benchmarks have."""
    options = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("ISTHMUS_DATA", str(REPOSITORY.parent / "shared" / "data"))
    options.add_argument("--data", type=Path, default=Path(default), help="folder of data sets (default: %(default)s)")
    return options


def mnist(folder: Path):
    """Pictures of the training and the test part, uint8 (n, 28, 28)."""
    import numpy as np

    path = folder / "images" / "mnist.npz"
    if not path.exists():
        sys.exit(f"{path}: no MNIST there; name the folder of data sets with --data")
    with np.load(path) as arrays:
        return arrays["x_train"], arrays["x_test"]


def machine() -> str:
    """Processor and cores, in a line."""
    names = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    flags = Path("/proc/cpuinfo").read_text()
    units = [unit for unit in ("amx_bf16", "avx512_bf16", "avx2") if unit in flags]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores, {units[0] if units else ''}"


def kept(name: str) -> dict:
    """What earlier runs kept under this name, to which a part is added."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else {}


def keep(name: str, results: dict) -> None:
    """Print results and keep them as JSON, for the tables in the documentation."""
    RESULTS.mkdir(exist_ok=True)
    results = {"machine": machine(), **results}
    (RESULTS / f"{name}.json").write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))
