"""784-30-784 and 784-500-784 nets on MNIST, plain and under holes: PSNR of filled digits, and the kernels.

    python benchmarks/kernels.py                      four nets, a minute and a half each on one thread

The masks, and the digits, are those of benchmarks/inpaint.py. What is hidden is grey to the net, and what it gives back
for it, in one pass, fills it. Of the first layer's kernels is told how much neighbouring weights differ where at most
one training digit in a thousand has ink, in units of how much they do where one in ten has; of what
is constant it is 0.
"""

import json

from common import keep, mnist, parser

import numpy as np  # isort: skip - after isthmus, which common imports

from inpaint import MASKS, SEEN_AS

from isthmus import Autoencoder
from isthmus.jobs.inpaint import mean_psnr

NAME = "kernels"
NETS = {
    "784-30-784, plain": (30, ""),
    "784-30-784, holes": (30, "holes:1"),
    "784-500-784, plain": (500, ""),
    "784-500-784, holes": (500, "holes:1"),
}


def net(learned: np.ndarray, name: str, minutes: float) -> Autoencoder:
    """One layer there, a sigmoid, and one back."""
    codes, corruption = NETS[name]
    options = {"options": {"squash": "sigmoid"}, "hidden": (), "norm": "none", "validation": 0, "random_state": 0}
    return Autoencoder("ae", codes, corruption=corruption, minutes=minutes, **options).fit(learned)


def kernels_of(model: Autoencoder) -> np.ndarray:
    """(units, 28, 28)."""
    return model.model_.encoder.layers[0].weight.detach().numpy().reshape(-1, 28, 28)


def roughness(kernels: np.ndarray, learned: np.ndarray) -> float:
    """Mean absolute difference of weights side by side where digits all but never have ink, over where they do."""
    ink = (learned > 0).mean(0)
    step = np.abs(np.diff(kernels, axis=2))
    outside, inside = ((ink[:, 1:] <= 1e-3) & (ink[:, :-1] <= 1e-3)), ((ink[:, 1:] > 0.1) & (ink[:, :-1] > 0.1))
    return float(step[:, outside].mean() / step[:, inside].mean())


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--minutes", type=float, default=1.5, help="of training each (default: %(default)g)")
    options.add_argument("--digits", type=int, default=200, help="test digits (default: %(default)s)")
    asked = options.parse_args()
    learned, test = mnist(asked.data)
    clean = test[: asked.digits]
    found = {}
    for name in NETS:
        model, rng = net(learned, name, asked.minutes), np.random.default_rng(0)
        filled = {}
        for mask, draw in MASKS.items():
            hidden = draw(len(clean), rng)
            seen = np.where(hidden, SEEN_AS, clean).astype(np.uint8)
            filled[mask] = round(mean_psnr(np.where(hidden, model.reconstruct(seen), clean), clean), 2)
        rough = round(roughness(kernels_of(model), learned), 3)
        found[name] = {"psnr": filled, "roughness": rough, "steps": model.record_["steps"]}
        print(json.dumps({name: found[name]}), flush=True)
    keep(NAME, {"minutes": asked.minutes, "digits": asked.digits, "nets": found})


if __name__ == "__main__":
    main()
