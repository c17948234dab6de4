"""Pictures drawn of MNIST: ours, Pythae's and simple generative models', each trained for as long, in one run.

    python benchmarks/generate.py --minutes 6

Every source makes 10,000 pictures, compared with the 10,000 of the test part, which nothing was chosen by, in the
features of a classifier that this run trains on the training part (judge.py). `frechet` is the Frechet distance;
precision, recall, density and coverage are of 5 neighbours; `digits` is the share that the judge gives a digit with a
probability of 0.9; `copies` the share nearer to a training picture than to a test picture, of equally many.

Ours are plain calls of the public interface. Pythae's models have the layers of its own default network (one hidden
layer of 512), as many code values as ours, batches of 128, a learning rate of 0.001 (VAEGAN its default, 0.0001), and
its own trainer. Each of them is drawn from by N(0, I), and by the same mixture that ours is drawn from, fitted to the
codes of training pictures: `prior` and `mixture`. The time for that mixture comes on top for all. A model is trained in
a process of its own, one after another, and kept as soon as it is judged: a run that was interrupted goes on.
"""

import argparse
import dataclasses
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from common import REPOSITORY, RESULTS, keep, mnist, parser  # isort: skip - it imports isthmus, which must come before torch

import judge
import numpy as np
import torch
from peers import NETWORKS
from PIL import Image
from pythae_models import GENERATORS, fit
from sklearn.neighbors import NearestNeighbors

from isthmus import Autoencoder, Model, recipes
from isthmus.evaluation import continuity, copies, frechet_distance, spread
from isthmus.generation import generator, simple
from isthmus.generation.sources import of_flow, of_mixture
from isthmus.training import seeded

LATENT = 12
SHARP = {"likelihood": "gaussian:0.1"}
MIXED = {"recipe": "rae", "options": {"components": 100}}
OURS = {
    "vamp": {"recipe": "vamp", **SHARP},
    "vae": {"recipe": "vae", **SHARP},
    "rae": MIXED,
    "rae, 8 values": {**MIXED, "latent_dim": 8},
    "ae": {"recipe": "ae"},
}
"""Recipes and options, chosen by pictures held out of the training part."""
NETWORK = dataclasses.replace(NETWORKS[0], latent_dim=LATENT)
BATCH, RATE = 128, 1e-3
SEED, SHOWN = 0, 12
Figures = dict[str, float]


def main() -> None:
    asked = options().parse_args()
    names = [*OURS, *(f"Pythae {peer.name}" for peer in GENERATORS), "simple"]
    if asked.job:
        print(json.dumps(one(asked.job, asked)))
        return
    asked.cache.mkdir(parents=True, exist_ok=True)
    found = judge.judge(asked.data, asked.cache)
    x_test = mnist(asked.data)[1]
    told = {
        "minutes": asked.minutes, "latent_dim": LATENT,
        "judge": judge.accuracy(found, x_test, judge.labels(asked.data)[1]),
        "digits": float(found.confident(x_test).mean()),
    }  # fmt: skip
    if asked.picture:
        picture(asked, found)
        return
    path = RESULTS / f"{asked.into}.json"
    before = json.loads(path.read_text()) if path.exists() else {}
    results = before["results"] if before.get("minutes") == asked.minutes else {}
    for name in asked.only or [name for name in names if name not in results]:
        results[name] = in_process(name, asked)
        keep(asked.into, told | {"results": {name: results[name] for name in names if name in results}})


def options() -> argparse.ArgumentParser:
    found = judge.with_cache(parser(__doc__))
    found.set_defaults(cache=Path("build/generate"))
    found.add_argument("--minutes", type=float, default=6.0, help="training time of each (default: %(default)s)")
    found.add_argument("--only", nargs="*", metavar="NAME", help="these alone, and anew")
    found.add_argument("--into", default="generate", help="name of the results' file (default: %(default)s)")
    found.add_argument("--picture", action="store_true", help="draw docs/generated.png from the models of a run before")
    found.add_argument("--job", help="used by itself: the name of one source")
    return found


def in_process(name: str, asked) -> dict:
    command = [sys.executable, __file__, "--data", str(asked.data), "--minutes", str(asked.minutes)]
    done = subprocess.run([*command, "--cache", str(asked.cache), "--job", name], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{name}: failed, as said above")
    return json.loads(done.stdout.splitlines()[-1])


def one(name: str, asked) -> dict:
    """The figures of one source, by where its codes are drawn from."""
    train, test = mnist(asked.data)
    judging = Judging(judge.judge(asked.data, asked.cache), train, test)
    if name == "simple":
        return dict(judging.all(simple_models(train)))
    if name in OURS:
        return ours(name, asked, train, judging)
    peer = next(peer for peer in GENERATORS if f"Pythae {peer.name}" == name)
    x = torch.from_numpy(train).float()[:, None] / 255
    given = recipes.get(peer.beside).options
    model, epochs, seconds = fit(peer, NETWORK, x, given, minutes=asked.minutes, batch=BATCH, rate=peer.rate or RATE)
    found = dict(judging.all(pythae_sources(model, x)))
    return found | {"epochs": epochs, "seconds": round(seconds, 1)}


def ours(name: str, asked, train: np.ndarray, judging: "Judging") -> dict:
    estimator = Autoencoder(
        **({"latent_dim": LATENT} | OURS[name]), minutes=asked.minutes, validation=0, random_state=SEED
    )
    estimator.fit(train).save(asked.cache / f"{name}.safetensors")
    found = dict(judging.all(our_sources(estimator, train)))
    even = continuity(estimator.decode_prepared, estimator.transform(judging.test))
    return found | {
        "epochs": estimator.n_iter_, "seconds": estimator.record_["seconds"], "jump": even.jump, "move": even.move,
    }  # fmt: skip


class Judging:
    """What pictures of a source are compared with."""

    def __init__(self, found: judge.Judge, train: np.ndarray, test: np.ndarray) -> None:
        self.judge, self.test = found, test
        some = np.random.default_rng(SEED).permutation(len(train))[: len(test)]
        self.real, self.known = found.features(test), found.features(train[some])

    def all(self, sources: Iterator[tuple[str, Callable[[int], np.ndarray]]]) -> Iterator[tuple[str, Figures]]:
        for name, draw in sources:
            start = time.monotonic()
            pictures = draw(len(self.test))
            yield name, self.figures(pictures) | {"seconds": round(time.monotonic() - start, 1)}

    def figures(self, pictures: np.ndarray) -> Figures:
        made = self.judge.features(pictures)
        return {
            "frechet": frechet_distance(made, self.real),
            **spread(made, self.real)._asdict(),
            "digits": float(self.judge.confident(pictures).mean()),
            "copies": copies(made, self.known, self.real),
        }


def our_sources(estimator: Autoencoder, train: np.ndarray) -> Iterator[tuple[str, Callable[[int], np.ndarray]]]:
    for density in ("prior", "mixture", "flow"):
        if density == "prior" and estimator.recipe == "ae":
            yield "prior", lambda n: estimator.decode_raw(standard(n).numpy())
            continue

        def draw(n: int, density: str = density) -> np.ndarray:
            fitted_to = None if density == "prior" else train
            source = generator(estimator, density=density, fitted_to=fitted_to, random_state=SEED)
            return np.concatenate(list(source.rows(n, SEED)))

        yield density, draw


def picture(asked, found: judge.Judge) -> None:
    """Twelve pictures of each of five sources, and under the last the training pictures nearest to them."""
    train, _ = mnist(asked.data)
    lines = []
    for name, density in (("ae", "prior"), ("ae", "mixture"), ("vae", "prior"), ("vae", "mixture"), ("rae", "prior")):
        estimator = Autoencoder.load(asked.cache / f"{name}.safetensors")
        lines.append(dict(our_sources(estimator, train))[density](SHOWN).reshape(SHOWN, 28, 28))
    search = NearestNeighbors(n_neighbors=1).fit(found.features(train))
    lines.append(train[search.kneighbors(found.features(lines[-1]))[1][:, 0]])
    whole = 255 - np.stack(lines).transpose(0, 2, 1, 3).reshape(len(lines) * 28, SHOWN * 28)
    Image.fromarray(whole).resize((SHOWN * 56, len(lines) * 56), Image.Resampling.NEAREST).quantize(16).save(
        REPOSITORY / "docs" / "generated.png", optimize=True
    )


def standard(n: int) -> torch.Tensor:
    """Codes of N(0, I): what is drawn from where a model has no prior of its own."""
    return torch.randn(n, LATENT, generator=torch.Generator().manual_seed(SEED))


def pythae_sources(model: Model, x: torch.Tensor) -> Iterator[tuple[str, Callable[[int], np.ndarray]]]:
    def codes() -> np.ndarray:
        with torch.no_grad():
            return torch.cat([model.encode(piece) for piece in x.split(1000)]).double().numpy()

    def decoded(codes: torch.Tensor) -> np.ndarray:
        with torch.no_grad():
            pictures = torch.cat([model.decode(piece) for piece in codes.float().split(1000)])
        return (pictures[:, 0] * 255).round().to(torch.uint8).numpy()

    def fitted(n: int, source: Callable) -> np.ndarray:
        found = source(codes(), 1.0, SEED)
        with seeded(SEED, "cpu"), torch.no_grad():
            return decoded(found.sample(n))

    yield "prior", lambda n: decoded(standard(n))
    yield "mixture", lambda n: fitted(n, of_mixture)
    yield "flow", lambda n: fitted(n, of_flow)


def simple_models(train: np.ndarray) -> Iterator[tuple[str, Callable[[int], np.ndarray]]]:
    rows = train.reshape(len(train), -1) / 255.0
    models = {
        "gaussian": simple.gaussian, "mixture of 10": simple.mixture,
        "probabilistic PCA": lambda rows: simple.probabilistic_pca(rows, LATENT),
    }  # fmt: skip
    for name, model in models.items():

        def draw(n: int, model: Callable[[np.ndarray], simple.Sampler] = model) -> np.ndarray:
            drawn = model(rows)(n, np.random.default_rng(SEED))
            return (drawn.clip(0, 1) * 255).round().astype(np.uint8).reshape(-1, 28, 28)

        yield name, draw


if __name__ == "__main__":
    main()
