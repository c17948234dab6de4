"""What the recipes with critics, and the conditional one, promise: small fits judged on pictures or rows held out.

MNIST: the first few thousand training pictures are learned from, test pictures are judged. `gradient_energy` is the
mean squared difference of neighbouring pixels, over that of the true pictures: 1 is as sharp as the data.
"""

import numpy as np
from common import keep, mnist, parser
from sklearn.datasets import load_breast_cancer
from sklearn.svm import SVC

from isthmus import Autoencoder

SEEDS = (0, 1, 2)
HIDDEN = (256, 128)


def main() -> None:
    asked = parser(__doc__).parse_args()
    train, test = mnist(asked.data)
    with np.load(asked.data / "images" / "mnist.npz") as arrays:
        labels = arrays["y_train"], arrays["y_test"]
    claims = {
        "factor-vae": factor_vae,
        "aae": lambda: aae(train[:3000], test[:1000]),
        "conditional": lambda: conditional(train[:30000], labels[0][:30000], test[:5000], labels[1][:5000]),
        "vae-gan": lambda: vae_gan(train[:1500], test[:1000]),
        "perceptual": lambda: perceptual(train[:4000], test[:1000]),
    }
    results = {}
    for recipe, show in claims.items():
        results[recipe] = show()
        print(recipe, results[recipe]["figures"], flush=True)
    keep("evidence_critics", results)


def drawn(model: Autoencoder, x: np.ndarray) -> np.ndarray:
    """A code of every row drawn from its posterior."""
    mean, std = model.encode(x)
    return mean + std * np.random.default_rng(0).normal(size=mean.shape)


def sharpness(x: np.ndarray) -> float:
    x = x / 255.0
    return float((np.diff(x, axis=1) ** 2).mean() + (np.diff(x, axis=2) ** 2).mean())


def factor_vae() -> dict:
    rows = np.random.default_rng(0).permutation(load_breast_cancer().data)
    figures = {}
    for gamma in (0.0, 2.0):
        options = {"options": {"gamma": gamma}, "likelihood": "gaussian:0.5", "batch_size": 64}
        model = Autoencoder("factor-vae", latent_dim=4, epochs=40, random_state=0, **options).fit(rows[:400])
        correlation = np.corrcoef(drawn(model, rows[400:]).T)
        figures[f"gamma {gamma:g}: total correlation, nats"] = float(-0.5 * np.linalg.slogdet(correlation)[1])
        figures[f"gamma {gamma:g}: squared error"] = float(model.reconstruction_error(rows[400:]).mean())
    return {"claim": "The total correlation of the codes (gaussian estimate) falls at equal error.", "figures": figures}


def from_prior(z: np.ndarray) -> float:
    """Sliced Wasserstein-1 distance of codes to as many draws of N(0, I), over 200 directions."""
    numbers = np.random.default_rng(0)
    ways = numbers.normal(size=(z.shape[1], 200))
    ways /= np.linalg.norm(ways, axis=0)
    return float(np.abs(np.sort(z @ ways, 0) - np.sort(numbers.normal(size=z.shape) @ ways, 0)).mean())


def aae(train: np.ndarray, test: np.ndarray) -> dict:
    figures = {}
    for recipe in ("ae", "aae"):
        options = {"latent_dim": 8, "hidden": HIDDEN, "epochs": 8}
        models = [Autoencoder(recipe, random_state=seed, **options).fit(train) for seed in SEEDS]
        far = [from_prior(drawn(model, test)) for model in models]
        errors = [float(model.reconstruction_error(test).mean()) for model in models]
        figures |= {f"{recipe}: distance to the prior, worst of 3 seeds": max(far)}
        figures |= {f"{recipe}: distance to the prior, best of 3 seeds": min(far)}
        figures |= {f"{recipe}: squared error, worst of 3 seeds": max(errors), f"{recipe}: best": min(errors)}
    claim = "The aggregate posterior is nearer to the prior than a plain autoencoder's, for each of 3 seeds."
    return {"claim": claim, "figures": figures}


def conditional(train: np.ndarray, told: np.ndarray, test: np.ndarray, truth: np.ndarray) -> dict:
    judge = SVC(C=10).fit(test[:4000].reshape(4000, -1) / 255, truth[:4000])
    body = {"latent_dim": 8, "hidden": (512, 256), "likelihood": "bernoulli", "epochs": 12, "batch_size": 128}
    asked, figures = np.repeat(np.arange(10), 100), {}
    for beta in (1.0, 2.0, 4.0):
        model = Autoencoder("conditional", random_state=0, options={"beta": beta}, **body).fit(train, told)
        samples = model.sample(1000, y=asked, random_state=0)
        right = judge.predict(samples.reshape(1000, -1) / 255) == asked
        figures[f"beta {beta:g}: share of samples of the asked class"] = float(right.mean())
        figures[f"beta {beta:g}: worst class"] = float(right.reshape(10, 100).mean(1).min())
    true = judge.score(test[4000:].reshape(1000, -1) / 255, truth[4000:])
    return {
        "claim": "Samples are of the class that was asked, as an independent classifier sees it, the more so the "
        "dearer the code, which else keeps some of the class to itself.",
        "figures": figures | {"the judge's share on 1,000 unseen true digits": float(true)},
    }


def vae_gan(train: np.ndarray, test: np.ndarray) -> dict:
    true, figures = sharpness(test), {}
    for seed in SEEDS:
        model = Autoencoder("vae-gan", latent_dim=8, hidden=HIDDEN, epochs=5, random_state=seed).fit(train)
        figures[f"seed {seed}: squared error"] = float(model.reconstruction_error(test).mean())
        figures[f"seed {seed}: gradient energy of reconstructions"] = sharpness(model.reconstruct(test)) / true
        figures[f"seed {seed}: gradient energy of samples"] = sharpness(model.sample(500, random_state=0)) / true
    return {"claim": "Training is stable: three seeds agree, and none diverges or collapses.", "figures": figures}


def perceptual(train: np.ndarray, test: np.ndarray) -> dict:
    true, figures, vaes = sharpness(test), {}, []
    tried = [("perceptual", 1.0), *(("vae", beta) for beta in (0.1, 0.03, 0.01))]
    for recipe, beta in tried:
        options = {
            "latent_dim": 8,
            "hidden": HIDDEN,
            "epochs": 12,
            "likelihood": "gaussian:1",
            "options": {"beta": beta},
        }
        model = Autoencoder(recipe, random_state=0, **options).fit(train)
        rate = model.record_["held_out"]["held_rate"]
        energy = sharpness(model.reconstruct(test)) / true
        figures |= {f"{recipe} beta {beta:g}: rate, nats": rate, f"{recipe} beta {beta:g}: gradient energy": energy}
        figures[f"{recipe} beta {beta:g}: squared error"] = float(model.reconstruction_error(test).mean())
        vaes += [(rate, energy)] if recipe == "vae" else []
    rates, energies = zip(*sorted(vaes), strict=True)
    asked = figures["perceptual beta 1: rate, nats"]
    inside = rates[0] <= asked <= rates[-1]
    figures["vae at the rate of perceptual: gradient energy"] = float(np.interp(asked, rates, energies))
    figures["that rate lies among the vae's (1) or its nearest is taken (0)"] = int(inside)
    claim = "Gradient energy of reconstructions beside a vae's at like rates: with codes of 8 values it is no sharper."
    return {"claim": claim, "figures": figures}


if __name__ == "__main__":
    main()
