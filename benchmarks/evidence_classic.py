"""Whether the recipes with codes that cost nothing do what they are for; all figures are of rows not trained on.

linear: against PCA. ae: an over-complete code copies whatever it is given, and what stops it. sparse: the activation
asked for. denoising: noise of seeds that training never saw. contractive: how far codes move with the row. selection:
columns that are known to be the informative ones. rae: how near rows drawn are to real ones.
"""

import numpy as np
from common import keep, mnist, parser
from scipy.linalg import subspace_angles
from sklearn.datasets import load_digits, load_wine
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import NearestNeighbors

from isthmus import Autoencoder
from isthmus.jobs.reduce import judged_rows


def fit(x: np.ndarray, recipe: str, latent_dim: int, **asked) -> Autoencoder:
    return Autoencoder(recipe, latent_dim=latent_dim, random_state=0, **asked).fit(x)


def digits() -> np.ndarray:
    return (load_digits().images * 255 / 16).round().astype(np.uint8)


def linear(x: np.ndarray, name: str, latent_dim: int) -> dict:
    model = fit(x, "linear", latent_dim)
    judged = judged_rows(model, model._open(x))
    prepared = model.preparation_.apply(model._open(x).source.take(np.arange(len(x)))).reshape(len(x), -1)
    prepared = prepared.astype(np.float64)
    pca = PCA(latent_dim).fit(prepared[judged.fitted_rows])
    rows = model.model_.encoder.layers[0].weight.detach().double().numpy()
    theirs = ((prepared - pca.inverse_transform(pca.transform(prepared))) ** 2).sum(1)
    ratio = model.reconstruction_error(x)[judged.rows].mean() / theirs[judged.rows].mean()
    return {
        f"{name}: largest angle, rad": float(subspace_angles(rows.T, pca.components_.T).max()),
        f"{name}: held-out error over PCA's": float(ratio),
    }


def shuffled(x: np.ndarray) -> np.ndarray:
    """Pictures unlike any digit: the pixels that vary, in one other order for all pictures."""
    flat = x.reshape(len(x), -1)
    varying = np.flatnonzero(flat.std(0) > 20)
    other = flat.copy()
    other[:, varying] = flat[:, np.random.default_rng(0).permutation(varying)]
    return other.reshape(x.shape)


def over_complete(train: np.ndarray, test: np.ndarray, choices: dict, epochs: int) -> dict:
    """Errors as shares of what giving back the mean picture would leave: 0 copies, above 1 is no reconstruction."""
    figures = {}
    off = shuffled(test)
    for name, (recipe, width, asked) in choices.items():
        model = fit(train, recipe, width, hidden=(), epochs=epochs, **asked)
        for where, x in (("test", test), ("off the manifold", off)):
            spread = (x / 255.0).var(0).sum()
            figures[f"{name}: {where}"] = float(model.reconstruction_error(x).mean() / spread)
    return figures


def sparse(train: np.ndarray, test: np.ndarray) -> dict:
    figures = {}
    for target in (0.05, 0.1, 0.2):
        codes = fit(train, "sparse", 64, options={"target": target}, epochs=15).transform(test)
        figures[f"kl, target {target}: mean activation"] = float(codes.mean())
    codes = fit(train, "sparse", 64, options={"kind": "topk"}, epochs=5).transform(test)
    return figures | {"topk, target 0.1 of 64: active share": float((codes != 0).mean())}


def denoising(train: np.ndarray, test: np.ndarray) -> dict:
    figures = {}
    models = {"ae": fit(train, "ae", 32, epochs=12), "denoising": fit(train, "denoising", 32, epochs=12)}
    for seed in (101, 102, 103):
        noise = 0.3 * np.random.default_rng(seed).normal(size=test.shape)
        noisy = np.clip(test + 255 * noise, 0, 255).round().astype(np.uint8)
        for name, model in models.items():
            error = (((model.reconstruct(noisy) - test.astype(float)) / 255) ** 2).sum((1, 2)).mean()
            figures[f"{name}: error, noise seed {seed}"] = float(error)
    return figures


def contractive(train: np.ndarray, test: np.ndarray) -> dict:
    """Mean squared move of the code under noise of 0.1, over the codes' total variance, which no rescaling changes."""
    small = 255 * 0.1 * np.random.default_rng(7).normal(size=test.shape)
    moved = np.clip(test + small, 0, 255).round().astype(np.uint8)
    figures = {}
    for name, recipe in (("ae", "ae"), ("contractive", "contractive")):
        model = fit(train, recipe, 16, epochs=40)
        codes = model.transform(test)
        move = ((model.transform(moved) - codes) ** 2).sum(1).mean()
        figures[f"{name}: relative sensitivity"] = float(move / codes.var(0).sum())
        figures[f"{name}: test error"] = float(model.reconstruction_error(test).mean())
    return figures


def made_table(seed: int) -> tuple[np.ndarray, list[int]]:
    """Four independent columns among twelve that repeat one of them with as much noise again."""
    numbers = np.random.default_rng(seed)
    sources = numbers.normal(size=(400, 4))
    noisy = sources[:, numbers.integers(0, 4, 12)] + numbers.normal(size=(400, 12))
    order = numbers.permutation(16)
    return np.hstack([sources, noisy])[:, order], sorted(np.flatnonzero(order < 4).tolist())


def selection(train: np.ndarray, test: np.ndarray) -> dict:
    found = 0
    for seed in range(3):
        x, informative = made_table(seed)
        chosen = fit(x, "selection", 4, epochs=80).selected_features()
        found += len({int(name[1:]) for name in chosen} & set(informative))
    pixels = [8 * row + column for row, column, _ in fit(train, "selection", 10, epochs=60).selected_features()]
    numbers = np.random.default_rng(0)
    chance = [left_by(train, test, numbers.choice(64, 10, replace=False)) for _ in range(50)]
    return {
        "informative columns found, of 12 over 3 tables": found,
        "digits: error of a linear map from the 10 pixels chosen": left_by(train, test, pixels),
        "digits: the best of 50 random choices": min(chance),
        "digits: their median": float(np.median(chance)),
    }


def left_by(train: np.ndarray, test: np.ndarray, pixels) -> float:
    """What a linear map from these pixels to all leaves of the test part."""
    a, b = (x.reshape(len(x), -1) / 255.0 for x in (train, test))
    guess = LinearRegression().fit(a[:, pixels], a).predict(b[:, pixels])
    return float(((b - guess) ** 2).sum(1).mean())


def rae(train: np.ndarray, test: np.ndarray) -> dict:
    """Mean distance of 500 drawn rows to the nearest real one that was not trained on."""
    judge = NearestNeighbors(n_neighbors=1).fit(test.reshape(len(test), -1) / 255.0)

    def distance(x: np.ndarray) -> float:
        return float(judge.kneighbors(x.reshape(len(x), -1) / 255.0)[0].mean())

    figures = {"real training rows": distance(train[:500])}
    noise = np.random.default_rng(0).normal(size=(500, 8))
    for recipe in ("rae", "vae"):
        model = fit(train, recipe, 8, epochs=40)
        figures[f"{recipe}: drawn by its own density"] = distance(model.sample(500, random_state=0))
        figures[f"{recipe}: test error"] = float(model.reconstruction_error(test).mean())
        if recipe == "rae":
            figures["rae: codes drawn from N(0, I) instead"] = distance(model.inverse_transform(noise))
    return figures


SMALL_CODES = {
    "digits, 8": ("ae", 8, {}),
    "digits, 500": ("ae", 500, {}),
    "digits, 500 denoising": ("denoising", 500, {"options": {"amount": 0.5}}),
    "digits, 500 contractive": ("contractive", 500, {"options": {"strength": 10.0}}),
    "digits, 500 k-sparse": ("sparse", 500, {"options": {"kind": "topk", "target": 0.02}}),
}
LARGE_CODES = {
    "mnist, 784-30-784 tanh": ("ae", 30, {"options": {"squash": "tanh"}}),
    "mnist, 500": ("ae", 500, {}),
    "mnist, 500 denoising": ("denoising", 500, {"options": {"amount": 0.5}}),
}


def main() -> None:
    train, test = mnist(parser(__doc__).parse_args().data)
    train, test = train[:4000], test[:1000]
    small_train, small_test = digits()[:1300], digits()[1300:]
    claims = {
        "linear": "spans PCA's subspace, with its error, on digits and on a table, by the default training",
        "ae": "over-complete (500 values for 64 pixels) with no regulariser it copies even pictures unlike any it saw, "
        "and with one it does not; with 784 pixels of MNIST (4,000 pictures) it copies only pictures like those it saw",
        "sparse": "the mean activation meets the target",
        "denoising": "denoises unseen noise seeds better than the plain one",
        "contractive": "codes move less with the row than the plain one's, relative to their spread",
        "selection": "picks most informative columns of made tables, and better pixels than any of 50 random choices",
        "rae": "rows drawn without a KL in training are about as near to real ones as a vae's",
    }
    figures = {
        "linear": linear(digits(), "digits", 8) | linear(load_wine().data, "wine", 2),
        "ae": over_complete(small_train, small_test, SMALL_CODES, 40) | over_complete(train, test, LARGE_CODES, 10),
        "sparse": sparse(train, test),
        "denoising": denoising(train, test),
        "contractive": contractive(small_train, small_test),
        "selection": selection(small_train, small_test),
        "rae": rae(small_train, small_test),
    }
    keep("evidence_classic", {name: {"claim": claims[name], "figures": figures[name]} for name in claims})


if __name__ == "__main__":
    main()
