"""Encode and reconstruct 10,000 MNIST digits beside Pythae's `embed` and `reconstruct`, with the same weights.

Pythae draws its codes where Isthmus takes the posterior's mean, so equality is checked against Pythae's own layers at
that mean. Rounds are interleaved; the ratio is the median of the rounds' ratios.
"""

import statistics
import time

from common import keep, mnist, parser  # isort: skip - it imports isthmus, which must come before torch

import numpy as np
import torch
from peers import COMMON, NETWORKS, pythae_model

from isthmus import Autoencoder


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--rounds", type=int, default=15)
    asked = options.parse_args()
    train, test = mnist(asked.data)
    network = NETWORKS[0]
    pictures = test.astype(np.float32) / 255  # what Pythae is given too
    options = {**COMMON, **network.options, "kind": "images"}
    ours = Autoencoder("vae", epochs=1, validation=0, random_state=0, **options).fit(train[:20_000] / np.float32(255))
    theirs = pythae_model(network).eval()
    copy_weights(ours.model_, theirs)
    x = torch.from_numpy(test).float()[:, None] / 255
    pairs = {
        "encode": (lambda: ours.transform(pictures), lambda: theirs.embed(x)),
        "reconstruct": (lambda: ours.reconstruct(pictures), lambda: theirs.reconstruct(x)),
    }
    results: dict = {name: compare(*pair, rounds=asked.rounds) for name, pair in pairs.items()}
    with torch.no_grad():
        mu = theirs.encoder(x).embedding
        picture = theirs.decoder(mu).reconstruction
    rebuilt = ours.reconstruct_prepared(pictures)
    results["largest difference"] = {
        "codes": float(np.abs(ours.transform(pictures) - mu.numpy()).max()),
        "reconstructions": float(np.abs(rebuilt - picture.numpy()).max()),
    }
    keep("inference", results)


def copy_weights(model, theirs) -> None:
    for ours, peer in ((model.encoder, theirs.encoder), (model.decoder, theirs.decoder)):
        mine = [layer for layer in ours.modules() if isinstance(layer, torch.nn.Linear)]
        other = [layer for layer in peer.modules() if isinstance(layer, torch.nn.Linear)]
        for a, b in zip(mine, other, strict=True):
            b.load_state_dict(a.state_dict())


def compare(ours, theirs, rounds: int) -> dict:
    seconds: dict[str, list[float]] = {"isthmus": [], "pythae": []}
    with torch.no_grad():
        for _ in range(rounds + 2):
            for name, call in (("isthmus", ours), ("pythae", theirs)):
                start = time.perf_counter()
                call()
                seconds[name].append(time.perf_counter() - start)
    ratios = [b / a for a, b in zip(seconds["isthmus"][2:], seconds["pythae"][2:], strict=True)]
    medians = {name: round(statistics.median(s[2:]) * 1000, 1) for name, s in seconds.items()}
    return {f"{name}, ms": ms for name, ms in medians.items()} | {"ratio": round(statistics.median(ratios), 2)}


if __name__ == "__main__":
    main()
