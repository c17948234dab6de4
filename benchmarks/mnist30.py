"""An autoencoder with 30 code values on MNIST: squared error per picture, summed over 784 pixels in [0, 1].

Fits on the 60,000 training pictures and judges on the 10,000 test pictures, which nothing else sees. `hand` is the
body of Hinton & Salakhutdinov (Science 2006: 3.00; PCA 13.87), 784-1000-500-250-30, as plain layers; `default` is what
Isthmus chooses for pictures of this size. Both get the same time, shifts of a pixel and a little input noise.
"""

import time

import numpy as np
from common import keep, mnist, parser
from sklearn.decomposition import PCA

from isthmus import Autoencoder

CHOICES = {"hand": {"hidden": (1000, 500, 250), "norm": "none"}, "default": {}}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--minutes", type=float, default=9.0, help="training time of each body")
    options.add_argument("--bodies", nargs="*", default=list(CHOICES), choices=list(CHOICES))
    asked = options.parse_args()
    train, test = mnist(asked.data)
    results: dict = {"minutes": asked.minutes, "pca": pca_error(train, test)}
    for body in asked.bodies:
        model = Autoencoder(
            latent_dim=30,
            options={"noise": 0.05},
            shift=1,
            minutes=asked.minutes,
            validation=0,
            random_state=0,
            **CHOICES[body],
        )
        start = time.monotonic()
        model.fit(train)
        seconds = time.monotonic() - start
        errors = {part: float(model.reconstruction_error(x).mean()) for part, x in (("test", test), ("train", train))}
        results[body] = errors | {"epochs": model.n_iter_, "seconds": round(seconds, 1)}
        print(body, results[body], flush=True)
    keep("mnist30", results)


def pca_error(train: np.ndarray, test: np.ndarray) -> float:
    flat, judge = (x.reshape(len(x), -1) / 255.0 for x in (train, test))
    pca = PCA(30, svd_solver="covariance_eigh").fit(flat)
    return float(((judge - pca.inverse_transform(pca.transform(judge))) ** 2).sum(1).mean())


if __name__ == "__main__":
    main()
