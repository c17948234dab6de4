"""Peak memory and speed when the data don't fit: a 6 GB .npy, and 60,000 PNG files.

Each fit runs in a process of its own under a bound on memory; its peak is the kernel's own figure (ru_maxrss). The
speed is set against that of a fit to a resident part of the same data in the same run. The pictures are MNIST's, 28 x
28, repeated in the .npy with one random row of pixels each so that no two are the same.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from common import keep, mnist, parser

OPTIONS = {"latent_dim": 20, "hidden": (512,), "norm": "none", "batch_size": 1024, "validation": 0, "random_state": 0}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--gigabytes", type=float, default=6.0)
    options.add_argument("--files", type=int, default=60_000)
    options.add_argument("--scratch", type=Path, help="folder for the made data (default: a temporary one)")
    options.add_argument("--job", help="used by itself: one fit as JSON")
    asked = options.parse_args()
    if asked.job:
        print(json.dumps(one_fit(**json.loads(asked.job))))
        return
    train, _ = mnist(asked.data)
    with tempfile.TemporaryDirectory(dir=asked.scratch) as name:
        folder = Path(name)
        results = {
            "npy": npy(folder, train, int(asked.gigabytes * 1e9)),
            "png": png(folder, train[: asked.files]),
        }
    keep("memory", results)


def npy(folder: Path, train: np.ndarray, size: int) -> dict:
    rows = size // 784
    write(folder / "big.npy", train, rows)
    write(folder / "small.npy", train, min(rows, 100_000))
    streamed = in_process(folder / "big.npy", epochs=1, memory=500_000_000)
    resident = in_process(folder / "small.npy", epochs=8, memory=4_000_000_000)
    return compared(streamed, resident) | {"gigabytes": size / 1e9}


def write(path: Path, train: np.ndarray, rows: int) -> None:
    """Plain writes: a memory map would count into the peak of the processes that are started from here."""
    random = np.random.default_rng(0)
    with path.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (rows, 28, 28)}
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, rows, len(train)):
            part = train[: rows - start].copy()
            part[:, 0] = random.integers(0, 256, (len(part), 28), np.uint8)
            file.write(part.tobytes())


def png(folder: Path, train: np.ndarray) -> dict:
    from PIL import Image

    (folder / "png").mkdir()
    for i, picture in enumerate(train):
        Image.fromarray(picture).save(folder / "png" / f"{i:05}.png")
    np.save(folder / "same.npy", train)
    files = in_process(folder / "png", epochs=8, memory=100_000_000)
    resident = in_process(folder / "same.npy", epochs=8, memory=4_000_000_000)
    return compared(files, resident) | {"files": len(train)}


def compared(streamed: dict, resident: dict) -> dict:
    return {"streamed": streamed, "resident": resident, "speed kept": round(streamed["speed"] / resident["speed"], 2)}


def in_process(path: Path, **job: object) -> dict:
    command = [sys.executable, __file__, "--job", json.dumps({"path": str(path), **job})]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    print(path.name, found, flush=True)
    return found


def one_fit(path: str, epochs: int, memory: int) -> dict:
    from isthmus import Autoencoder

    start = time.monotonic()
    model = Autoencoder("vae", epochs=epochs, memory=memory, **OPTIONS).fit(path)
    record = model.record_
    return {
        "rows": record["data"]["rows"],
        "speed": round(epochs * record["data"]["rows"] / record["seconds"]),
        "reading, preparing, fitting, s": round(time.monotonic() - start, 1),
        "peak, MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000),
    }


if __name__ == "__main__":
    main()
