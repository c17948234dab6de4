"""A judge of digits: a small convolutional network in plain torch that tells MNIST's ten digits apart.

    python benchmarks/judge.py                train it and print its accuracy on the test part

Others import `judge`: what it thinks of pictures is what made pictures are measured by, in its features or by its
confidence. It learns from the training part alone and is no part of the package.
"""

import argparse
import os
import time
from pathlib import Path

from common import mnist, parser

import numpy as np  # isort: skip - after isthmus, which common imports
import torch
from numpy.typing import NDArray
from torch import nn

EPOCHS = 3
BATCH = 128
FASTEST = 3e-3
FARTHEST = 2
"""Pixels that a picture is shifted by at most while it learns."""
FEATURES = 128
CONFIDENT = 0.9


class Network(nn.Module):
    """Two convolutions, each pooled, a layer of features and the ten digits."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = nn.Sequential(
            nn.Conv2d(1, 16, 5, padding=2), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(64 * 9, FEATURES), nn.BatchNorm1d(FEATURES), nn.ReLU(),
        )  # fmt: skip
        self.digit = nn.Linear(FEATURES, 10)

    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        """Logits of the digits."""
        logits: torch.Tensor = self.digit(self.seen(x_BCHW))
        return logits


class Judge:
    """What a trained network makes of pictures (n, 28, 28) or (n, 28, 28, 1), uint8 or from 0 to 1."""

    def __init__(self, network: Network) -> None:
        self.network = network.eval()

    def features(self, pictures: NDArray) -> NDArray[np.float32]:
        """What the last layer sees, (n, 128)."""
        return self._in_parts(self.network.seen, pictures)

    def probabilities(self, pictures: NDArray) -> NDArray[np.float32]:
        """Of the ten digits, (n, 10)."""
        return self._in_parts(lambda x: self.network(x).softmax(1), pictures)

    def confident(self, pictures: NDArray) -> NDArray[np.bool_]:
        """Which pictures are a digit with a probability of 0.9 or more, (n,)."""
        return self.probabilities(pictures).max(1) >= CONFIDENT

    @staticmethod
    def _in_parts(work, pictures: NDArray) -> NDArray[np.float32]:
        with torch.inference_mode():
            return torch.cat([work(part) for part in tensor(pictures).split(1000)]).numpy()


def tensor(pictures: NDArray) -> torch.Tensor:
    """Pictures as (n, 1, 28, 28) from 0 to 1."""
    scale = 255 if np.asarray(pictures).dtype.kind == "u" else 1
    values = np.asarray(pictures, np.float32).reshape(-1, 1, 28, 28) / scale
    return torch.from_numpy(np.ascontiguousarray(values))


def shifted(x_BCHW: torch.Tensor, numbers: torch.Generator) -> torch.Tensor:
    """Each picture moved by its own few pixels, black coming in."""
    wide = nn.functional.pad(x_BCHW, [FARTHEST] * 4)
    down_B, right_B = torch.randint(0, 2 * FARTHEST + 1, (2, len(wide)), generator=numbers)
    rows = (down_B[:, None] + torch.arange(28))[:, :, None]
    columns = (right_B[:, None] + torch.arange(28))[:, None, :]
    return wide[torch.arange(len(wide))[:, None, None], 0, rows, columns][:, None]


def train(x_train: NDArray, y_train: NDArray, *, epochs: int = EPOCHS, seed: int = 0) -> Judge:
    """A judge that learned from pictures and their digits; the global random state is left as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Network()
    numbers = torch.Generator().manual_seed(seed)
    x_BCHW, y_B = tensor(x_train), torch.from_numpy(y_train.astype(np.int64))
    optimizer, batches = torch.optim.AdamW(network.parameters(), weight_decay=0.01), -(-len(y_B) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, FASTEST, epochs * batches)
    for _ in range(epochs):
        for rows in torch.randperm(len(y_B), generator=numbers).split(BATCH):
            loss = nn.functional.cross_entropy(network(shifted(x_BCHW[rows], numbers)), y_B[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
    return Judge(network)


def labels(folder: Path) -> tuple[NDArray, NDArray]:
    """Digits of the training and the test part."""
    with np.load(folder / "images" / "mnist.npz") as arrays:
        return arrays["y_train"], arrays["y_test"]


def judge(folder: Path, cache: Path | None = None, *, seed: int = 0) -> Judge:
    """A judge trained on the MNIST of a folder of data sets, or read from the cache folder if it was kept there."""
    kept = cache and cache / f"judge-{EPOCHS}-{seed}.pt"
    if kept and kept.exists():
        network = Network()
        network.load_state_dict(torch.load(kept, weights_only=True))
        return Judge(network)
    found = train(mnist(folder)[0], labels(folder)[0], seed=seed)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(f".{os.getpid()}.part")
        torch.save(found.network.state_dict(), part)
        part.replace(kept)  # whole or not at all, for others may read it
    return found


def accuracy(found: Judge, pictures: NDArray, digits: NDArray) -> float:
    """The share of pictures whose likeliest digit is theirs."""
    return float((found.probabilities(pictures).argmax(1) == digits).mean())


def with_cache(options: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The option that those who ask for a judge share."""
    options.add_argument("--cache", type=Path, help="folder that keeps the judge for other runs; trained in-run if not")
    return options


def main() -> None:
    asked = with_cache(parser(__doc__)).parse_args()
    start = time.perf_counter()
    found = judge(asked.data, asked.cache)
    right = accuracy(found, mnist(asked.data)[1], labels(asked.data)[1])
    print(f"{right:.4f} of the test part, {time.perf_counter() - start:.0f} s on {torch.get_num_threads()} threads")


if __name__ == "__main__":
    main()
