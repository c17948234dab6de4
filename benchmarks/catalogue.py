"""All recipes for pictures side by side on MNIST, and Pythae's VAE, BetaTCVAE, WAE, VQVAE, AAE and IWAE beside theirs.

Everybody gets the same network (784-512-20 and back, ReLU), batches of 128 and the same minutes of training by the
clock; a recipe that names a network of its own keeps it. All are judged by the same code on the test part, which
nothing else sees: squared error per picture at the code's mean; minus the importance-weighted bound (Burda et al. 2016)
where codes have a density and the pixels a Bernoulli's likelihood, for others can't be compared (of grey pixels it is a
cross-entropy, no density: evidence_nll.py judges binarised ones); the mean rate; active units (code values whose mean
varies by more than 0.01 over pictures); epochs and seconds.

Ours start at a learning rate of 0.002 that falls to 0, Pythae's trainer keeps 0.001, the same on average. Where
Pythae's model knows squared error alone (WAE, VQVAE), ours is fitted with the gaussian of that very scale; the weights
of the regularisers are the recipes' own in both. The conditional recipe is told the classes. Every
model is fitted in a process of its own, two at a time with a core each, so that a recipe and its peer meet the same
machine, and is kept as soon as it is judged: a run that was interrupted goes on.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from common import keep, kept, mnist, parser  # isort: skip - it imports isthmus, which must come before torch

import numpy as np
import torch
from peers import COMMON, LATENT, NETWORKS
from pythae_models import HALF, PEERS, fit

from isthmus import Autoencoder, InputError, Model, recipes, scoring
from isthmus.parts import Bernoulli

BATCH = 128
DRAWS = 100
BOUNDED = 1000
ACTIVE = 0.01
BODY = {"norm": "none", **NETWORKS[0].options, "activation": "relu", "likelihood": "bernoulli"}
SQUARED = {peer.beside for peer in PEERS if peer.squared}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--minutes", type=float, default=2.0, help="training time of each (default: %(default)s)")
    options.add_argument("--rows", type=int, default=60_000, help="training pictures (default: %(default)s)")
    options.add_argument("--judged", type=int, default=10_000, help="test pictures (default: %(default)s)")
    options.add_argument("--only", nargs="*", metavar="NAME", help="these alone, and anew; see --list")
    options.add_argument("--list", action="store_true", help="print all names")
    options.add_argument("--jobs", type=int, default=2, help="models at a time (default: %(default)s)")
    options.add_argument("--into", default="catalogue", help="name of the results' file (default: %(default)s)")
    options.add_argument("--job", help="used by itself: the name of one model")
    asked = options.parse_args()
    names = everybody()
    unknown = {*(asked.only or ()), *([asked.job] if asked.job else ())} - {*names}
    if unknown:
        sys.exit(f"no such models: {', '.join(sorted(unknown))}; --list prints all")
    if asked.list:
        print("\n".join(names))
    elif asked.job:
        print(json.dumps(one(asked.job, asked)))
    else:
        run_all(names, asked)


def everybody() -> list[str]:
    """Recipes that serve pictures, each followed by its peer."""
    ours = [name for name in recipes.names() if "images" in recipes.get(name).kinds]
    peers = {peer.beside: f"Pythae {peer.name}" for peer in PEERS}
    return [name for recipe in ours for name in (recipe, peers.get(recipe)) if name]


def run_all(names: list[str], asked) -> None:
    told = conditions(asked)
    before = kept(asked.into)
    same = all(before.get(name) == value for name, value in told.items())
    found = before["results"] if same else {}
    wanted = asked.only or [name for name in names if name not in found]
    with ThreadPoolExecutor(asked.jobs) as pool:
        for name, result in zip(wanted, pool.map(lambda name: in_process(name, asked), wanted), strict=True):
            found[name] = result
            print(f"== {name}", result, flush=True)
            keep(asked.into, told | {"results": {name: found[name] for name in names if name in found}})


def conditions(asked) -> dict:
    from importlib.metadata import version

    return {
        "data": "MNIST", "minutes": asked.minutes, "rows": asked.rows, "judged": asked.judged, "latent_dim": LATENT,
        "batch": BATCH, "pixels": 784, "draws": DRAWS, "bounded": min(BOUNDED, asked.judged),
        "pythae": version("pythae"),
    }  # fmt: skip


def in_process(name: str, asked) -> dict:
    """One model's figures; what went wrong, if something did, is a result too."""
    numbers = ["--minutes", str(asked.minutes), "--rows", str(asked.rows), "--judged", str(asked.judged)]
    command = [sys.executable, __file__, "--data", str(asked.data), *numbers, "--job", name]
    threads = str(max(1, (os.cpu_count() or 1) // asked.jobs))
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": threads})
    if done.returncode:
        return {"fault": (done.stderr.strip().splitlines() or ["no message"])[-1][:200]}
    return json.loads(done.stdout.splitlines()[-1])


def one(name: str, asked) -> dict:
    train, test = mnist(asked.data)
    with np.load(asked.data / "images" / "mnist.npz") as arrays:
        labels, judged_labels = arrays["y_train"][: asked.rows], arrays["y_test"][: asked.judged]
    x_test = torch.from_numpy(test[: asked.judged]).float()[:, None] / 255
    if not name.startswith("Pythae "):
        ours = fitted(name, train[: asked.rows], labels, asked.minutes)
        told = torch.from_numpy(ours.conditions_.apply(judged_labels)) if ours.conditions_ else None
        return judged(ours.model_.eval(), x_test, told) | {"epochs": ours.n_iter_, "seconds": ours.record_["seconds"]}
    peer = next(peer for peer in PEERS if f"Pythae {peer.name}" == name)
    x = torch.from_numpy(train[: asked.rows]).float()[:, None] / 255
    model, epochs, seconds = fit(
        peer, NETWORKS[0], x, recipes.get(peer.beside).options, minutes=asked.minutes, batch=BATCH, rate=1e-3
    )
    return judged(model, x_test) | {"epochs": epochs, "seconds": round(seconds, 1)}


def fitted(name: str, train: np.ndarray, labels: np.ndarray, minutes: float) -> Autoencoder:
    """The recipe with the common body, but for what it names itself."""
    own = recipes.get(name).body
    body = {"latent_dim": COMMON["latent_dim"], **BODY}
    if name in SQUARED:
        body["likelihood"] = f"gaussian:{HALF}"
    for option in ("network", "hidden", "norm") if "network" in own else own:
        body.pop(option, None)
    model = Autoencoder(name, minutes=minutes, batch_size=BATCH, validation=0, random_state=0, **body)
    return model.fit(train, labels)


@torch.no_grad()
def judged(model: Model, x: torch.Tensor, told: torch.Tensor | None = None) -> dict:
    """The figures of a model on prepared pictures (n, 1, 28, 28), whose class a conditional one is told."""
    torch.manual_seed(0)
    pieces = in_pieces(x, told, 500)
    error = torch.cat([scoring.squared_error(model, *piece) for piece in pieces])
    rate = torch.cat([model(*piece, sample=True).rate_B for piece in pieces])
    codes = torch.cat([model.encode(*piece) for piece in pieces])
    return {
        "error": float(error.mean()),
        "nll": nll(model, x[:BOUNDED], None if told is None else told[:BOUNDED]),
        "rate": float(rate.mean()),
        "active": int((codes.var(0) > ACTIVE).sum()),
    }


def in_pieces(x: torch.Tensor, told: torch.Tensor | None, rows: int) -> list[tuple]:
    """Pictures and conditions in pieces of so many rows."""
    pieces = x.split(rows)
    return list(zip(pieces, [None] * len(pieces) if told is None else told.split(rows), strict=True))


def nll(model: Model, x: torch.Tensor, told: torch.Tensor | None) -> float | None:
    """Minus the importance-weighted bound, in nats; None where codes or pixels have no density to compare."""
    if not isinstance(model.likelihood, Bernoulli):
        return None
    try:
        found = [scoring.log_likelihood(model, *piece, draws=DRAWS, chunk=20) for piece in in_pieces(x, told, 100)]
    except InputError:
        return None
    return -float(torch.cat(found).mean())


if __name__ == "__main__":
    main()
