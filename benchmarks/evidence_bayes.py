"""What the variational families claim, on binarised MNIST pictures that no fit has seen.

Bounds that tighten, codes nearer the prior, total correlation at equal distortion, learned priors against the standard
one. Small bodies and few epochs: it compares recipes with each other, and is no record.
"""

import numpy as np
import torch
from common import keep, mnist, parser
from evidence_nll import binarized

from isthmus import Autoencoder, scoring
from isthmus.data import shapes
from isthmus.evaluation import mig
from isthmus.parts import TotalCorrelation
from isthmus.parts.aggregate import mmd

COMMON = {
    "likelihood": "bernoulli", "binarize": True, "validation": 0, "random_state": 0,
    "hidden": (256,), "batch_size": 128, "learning_rate": 2e-3,
}  # fmt: skip
SHAPES = {"binarize": False}
EPOCHS = 8
MINUTES = 3.0
WIDE = {"hidden": (512, 512), "activation": "relu", "norm": "none"}


def fit(recipe: str, train: np.ndarray, latent_dim: int, epochs: int = EPOCHS, **options) -> Autoencoder:
    with torch.enable_grad():
        return Autoencoder(recipe, latent_dim, epochs=epochs, options=options or None, **COMMON).fit(train)


def bounds(train: np.ndarray, x: torch.Tensor) -> dict:
    model = fit("iwae", train, 20, epochs=4).model_
    figures = {"ELBO": scoring.elbo(model, x[:500], samples=20).mean().item()}
    for draws in (5, 50, 200):
        figures[f"IWAE-{draws}"] = scoring.log_likelihood(model, x[:500], draws=draws, chunk=25).mean().item()
    return {"claim": "The bound on log p(x), in nats, tightens as more codes are drawn per row.", "figures": figures}


def distances(train: np.ndarray, x: torch.Tensor) -> tuple[dict, dict]:
    found = {}
    for recipe in ("ae", "vae", "wae-mmd", "info-vae"):
        model = fit(recipe, train, 8).model_
        trips = [model(x, sample=True).code.z_BZ for _ in range(3)]
        found[recipe] = float(np.mean([mmd(z, torch.randn_like(z)).item() for z in trips]))
    claim = "Codes of held-out rows are nearer to N(0, I) (MMD^2, IMQ kernel; 0 is equal)"
    ours = {name: {"claim": claim + " than those of ae and vae.", "figures": found} for name in ("wae-mmd", "info-vae")}
    return ours["wae-mmd"], ours["info-vae"]


def correlations(train: np.ndarray, x: torch.Tensor) -> dict:
    figures, beta_vaes = {}, []
    for recipe, beta in (*(("beta-vae", beta) for beta in (1.0, 2.0, 4.0, 8.0)), ("tc-vae", 6.0)):
        model = fit(recipe, train, 8, beta=beta).model_
        distortion, correlation = total_correlation(model, x)
        figures |= {f"{recipe} {beta:g}: distortion": distortion, f"{recipe} {beta:g}: correlation": correlation}
        beta_vaes += [(distortion, correlation)] if recipe == "beta-vae" else []
    at = np.array(sorted(beta_vaes))
    figures["beta-vae at tc-vae's distortion: correlation"] = float(np.interp(distortion, at[:, 0], at[:, 1]))
    return {"claim": "Total correlation of the codes is lower than beta-vae's at equal distortion.", "figures": figures}


def total_correlation(model, x: torch.Tensor) -> tuple[float, float]:
    """Distortion and total correlation (one batch of all rows) of held-out rows, in nats."""
    trip = model(x, sample=True)
    return trip.nll_B.mean().item(), TotalCorrelation(1.0)(model, trip).item()


def disentangled() -> tuple[dict, dict]:
    """MIG of codes of all 3,072 pictures of the built-in set `shapes`, whose factors are known; the mean of 3 seeds."""
    pictures, factors = shapes()
    asked = {"vae": {}, "tc-vae": {"beta": 8.0}, "factor-vae": {"gamma": 20.0}}
    figures = {}
    for recipe, options in asked.items():
        found = []
        for seed in range(3):
            model = Autoencoder(recipe, 6, epochs=120, options=options, **COMMON | SHAPES | {"random_state": seed})
            with torch.enable_grad():
                found.append(mig(model.fit(pictures).transform(pictures), factors))
        figures |= {f"{recipe}: mean MIG": float(np.mean(found)), f"{recipe}: least MIG": float(np.min(found))}
    claim = (
        "Codes of the set `shapes` keep its known factors apart: mutual information gap (MIG), "
        "mean and least of 3 seeds, beside a vae's."
    )
    return {"claim": claim, "figures": figures}, {"claim": claim, "figures": figures}


def priors(train: np.ndarray, x: torch.Tensor) -> tuple[dict, dict]:
    found = {}
    for recipe, options in (("vae", {}), ("vamp", {"components": 200}), ("flow-prior", {})):
        estimator = Autoencoder(recipe, 40, minutes=MINUTES, options=options, **COMMON | WIDE)
        with torch.enable_grad():
            model = estimator.fit(train).model_
        found[f"{recipe}: nll"] = -scoring.log_likelihood(model, x[:500], draws=200, chunk=25).mean().item()
        found[f"{recipe}: epochs"] = estimator.n_iter_
    claim = (
        f"NLL (k = 200, nats per picture) of learned priors after {MINUTES:g} minutes, beside a vae's after as long."
    )
    return {"claim": claim, "figures": found}, {"claim": claim, "figures": found}


def main() -> None:
    asked = parser(__doc__).parse_args()
    everything, judge = mnist(asked.data)
    train = everything[:20_000]
    x = torch.from_numpy(binarized(judge[:2000])).float()[:, None] / 255
    torch.manual_seed(0)
    with torch.no_grad():
        results = {"iwae": bounds(train, x), "tc-vae": correlations(train, x)}
        results["wae-mmd"], results["info-vae"] = distances(train, x)
        results["vamp"], results["flow-prior"] = priors(everything, x)
        results["tc-vae, MIG"], results["factor-vae, MIG"] = disentangled()
    for entry in results.values():
        entry["figures"] = {name: round(value, 4) for name, value in entry["figures"].items()}
    keep("evidence_bayes", results)


if __name__ == "__main__":
    main()
