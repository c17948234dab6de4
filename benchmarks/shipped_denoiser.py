"""Makes src/isthmus/restoration/denoiser.safetensors, the model that `isthmus denoise` uses where none is named.

    python benchmarks/shipped_denoiser.py --work FOLDER             train; a checkpoint every three minutes
    python benchmarks/shipped_denoiser.py --work FOLDER --resume    go on where a run was stopped, to the bit
    python benchmarks/shipped_denoiser.py --work FOLDER --export    write the model as the checkpoint has it by now

It learns from the 400 grey pictures of train400 but the last 8, which --export tells its PSNR on, so that the test sets
are looked at by benchmarks/denoise.py alone. 200 passes take some eight hours of one core with bfloat16 units, and the
averaged weights are good long before the end. A CUDA device is used where there is one.
"""

import argparse
import json
import time
from pathlib import Path

from common import parser

import numpy as np  # isort: skip - after isthmus, which common imports

from isthmus import Autoencoder, data, keeping, modelfile, provenance
from isthmus.data.patches import cut_patches, find_pictures
from isthmus.data.photos import read_photo
from isthmus.jobs.denoise import psnr, with_noise
from isthmus.parts import build
from isthmus.restoration import SHIPPED, Denoiser
from isthmus.training import Checkpoint, Progress

HELD_OUT = 8
PASSES = 200
LEVELS = (15, 25, 50)
MOST_BYTES = 2_000_000
MINUTES_BETWEEN_LINES = 5


def estimator(passes: int) -> Autoencoder:
    return Autoencoder("restoring", epochs=passes, validation=0, random_state=0)


def train(asked: argparse.Namespace, learned: data.Dataset) -> Autoencoder:
    model = estimator(asked.passes)
    model.callbacks = [Log(asked.work / "log.jsonl")]
    path = asked.work / "checkpoint.safetensors"
    return model.fit(learned, checkpoint=lambda identity: Checkpoint(path, identity, resume=asked.resume, every=180))


class Log:
    """A line of JSON every few minutes."""

    def __init__(self, path: Path) -> None:
        self.path, self.said = path, time.monotonic()

    def __call__(self, progress: Progress) -> None:
        if time.monotonic() - self.said < 60 * MINUTES_BETWEEN_LINES:
            return
        self.said = time.monotonic()
        line = {"step": progress.step, "done": progress.fraction, "hours": progress.seconds / 3600, **progress.latest}
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")


def from_checkpoint(asked: argparse.Namespace, learned: data.Dataset) -> Autoencoder:
    """The averaged weights of a run that is under way, as a fitted model."""
    description, tensors = modelfile.read(asked.work / "checkpoint.safetensors")
    identity = description["identity"]
    network = build(identity["model"])
    network.load_state_dict(
        {name.removeprefix("model."): t for name, t in tensors.items() if name.startswith("model.")}
    )
    for i, weight in enumerate(network.parameters()):
        weight.data.copy_(tensors[f"average.{i}"])
    fitted = estimator(asked.passes)
    state = description["state"]
    progress = Progress(**state | {"best": float("inf"), "stopped": "exported"})
    fitted._begin(learned, np.arange(learned.n), 0, None)
    settings = fitted._settings(learned.n, 0, held_out=False)
    counts = {"training_rows": learned.n, "held_out_rows": 0, "validation": 0}
    record = provenance.record(learned, counts, settings, identity["data"]) | provenance.outcome(progress)
    fitted_parts = (network.eval(), fitted.schema_, fitted.preparation_, None, record, progress.history)
    return Autoencoder.of(keeping.Kept(fitted.get_params(), *fitted_parts))


def judged(model: Autoencoder, folder: Path, names: list[str]) -> dict[str, float]:
    """Mean PSNR on the pictures held out, in dB, by the level of noise."""
    denoiser, found = Denoiser(model), {}
    pictures = [read_photo(folder / name).pixels.astype(np.float32) / 255 for name in names]
    for level in LEVELS:
        noisy = [with_noise(picture, level, seed) for seed, picture in enumerate(pictures)]
        pairs = zip(noisy, pictures, strict=True)
        found[str(level)] = round(float(np.mean([psnr(denoiser.denoise(a, level), b) for a, b in pairs])), 3)
    return found


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--work", type=Path, required=True, help="folder of checkpoint and log")
    options.add_argument("--passes", type=int, default=PASSES, help="over the patches (default: %(default)s)")
    options.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    options.add_argument("--export", action="store_true", help="write the model that the checkpoint holds")
    options.add_argument("--to", type=Path, default=SHIPPED, help="model file (default: %(default)s)")
    asked = options.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    folder = asked.data / "images" / "train400"
    names = find_pictures(folder)
    learned, _ = cut_patches(folder, names[:-HELD_OUT])
    model = (from_checkpoint if asked.export else train)(asked, learned)
    model.history_ = model.history_[-1:]
    model.save(asked.to)
    size = asked.to.stat().st_size
    print(
        json.dumps({"PSNR": judged(model, folder, names[-HELD_OUT:]), "bytes": size, "steps": model.record_["steps"]})
    )
    if size > MOST_BYTES:
        raise SystemExit(f"{asked.to}: {size:,} bytes, more than {MOST_BYTES:,}")


if __name__ == "__main__":
    main()
