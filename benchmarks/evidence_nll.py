"""Test NLL of dynamically binarised MNIST: -log p(x), in nats per picture, by importance sampling with k draws.

Fits on the 60,000 training pictures, whose pixels are drawn as 0 or 1 anew at every step (Burda, Grosse &
Salakhutdinov, ICLR 2016: VAE 86.76, IWAE-50 84.78, with two layers 82.90), for `--minutes`, and judges on the 10,000
test pictures, drawn once by a fixed seed, which nothing else sees. With `--explore` the last 5,000 training pictures
are the judges instead, so that choices can be made without the test part.
"""

import time

import numpy as np
import torch
from common import keep, mnist, parser

from isthmus import Autoencoder, scoring
from isthmus.inference import run
from isthmus.training import Batch, seeded

JUDGE_SEED = 1
CHOICES = {
    "vae": {"recipe": "vae"},
    "vamp": {"recipe": "vamp", "options": {"components": 200}},
    "pixel-vae": {"recipe": "pixel-vae"},
}
EVERY = {
    "latent_dim": 40,
    "hidden": (512, 512),
    "activation": "relu",
    "norm": "none",
    "likelihood": "bernoulli",
    "binarize": True,
    "validation": 0,
    "random_state": 0,
}


def binarized(pictures: np.ndarray) -> np.ndarray:
    """Every pixel 0 or 255, 255 with probability value / 255, by a fixed seed."""
    drawn = np.random.default_rng(JUDGE_SEED).random(pictures.shape) < pictures / 255
    return 255 * drawn.astype(np.uint8)


def nll(model: Autoencoder, pictures: np.ndarray, draws: int, rows: int = 100, chunk: int = 20) -> np.ndarray:
    """-log p(x) of every picture, in nats."""
    x = torch.from_numpy(binarized(pictures)).float()[:, None] / 255

    def score(network, x, told):
        return -scoring.log_likelihood(network, x, told, draws=draws, chunk=chunk)

    with seeded(JUDGE_SEED, "cpu"):
        batches = map(Batch, x.split(rows))
        return run(score, model.model_, batches, device="cpu", double=False, rows=rows * chunk).numpy()


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--minutes", type=float, default=30.0, help="training time of each")
    options.add_argument("--draws", type=int, default=1000, help="k")
    options.add_argument("--recipes", nargs="*", default=["pixel-vae"], choices=list(CHOICES))
    options.add_argument("--explore", action="store_true", help="judge by training pictures held out")
    asked = options.parse_args()
    train, judge = mnist(asked.data)
    if asked.explore:
        train, judge = train[:-5000], train[-5000:]
    claim = (
        f"NLL of the binarised test part, in nats per picture (k = {asked.draws}), after {asked.minutes:g} minutes. "
        "Burda et al. 2016, 3,280 epochs: VAE 86.76, IWAE 84.78, with two layers 82.90."
    )
    results: dict = {}
    for name in asked.recipes:
        results[name] = {"claim": claim, "figures": trial(CHOICES[name], train, judge, asked)}
        print(name, results[name], flush=True)
    if not asked.explore:
        keep("evidence_nll", results)


def trial(choice: dict, train: np.ndarray, judge: np.ndarray, asked) -> dict:
    model = Autoencoder(**EVERY | {"minutes": asked.minutes} | choice)
    start = time.monotonic()
    model.fit(train)
    fitted = time.monotonic()
    per_row = nll(model, judge, asked.draws)
    scored = time.monotonic()
    return {
        "nll": round(float(per_row.mean()), 2),
        "standard error": round(float(per_row.std() / len(per_row) ** 0.5), 2),
        "train loss": round(model.history_[-1]["loss"], 2),
        "epochs": model.n_iter_,
        "training seconds": round(fitted - start, 1),
        "scoring seconds": round(scored - fitted, 1),
    }


if __name__ == "__main__":
    main()
