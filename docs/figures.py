"""Makes the pictures of the documentation: docs/digits.png. Run by `make docs`."""

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from isthmus import Autoencoder
from isthmus.jobs.reduce import judged_rows

HERE = Path(__file__).parent


def main() -> None:
    pictures, labels = load_digits(return_X_y=True)
    pictures = (pictures.reshape(-1, 8, 8) * 255 / 16).round().astype(np.uint8)
    model = Autoencoder(latent_dim=2, epochs=150, patience=None, random_state=0).fit(pictures)
    judged = judged_rows(model, model._open(pictures))
    held, learned = judged.rows, judged.fitted_rows
    pca = PCA(2).fit(pictures[learned].reshape(-1, 64))
    figure = plt.figure(figsize=(11, 4.6), layout="constrained")
    left, middle, right = figure.subfigures(1, 3, width_ratios=[1.0, 1.35, 1.35])
    rebuild(left, pictures[held], model.reconstruct(pictures[held]), pca)
    for place, codes, title in (
        (middle, model.transform(pictures[held]), "Isthmus: two code values"),
        (right, pca.transform(pictures[held].reshape(-1, 64)), "PCA: two components"),
    ):
        axes = place.subplots()
        axes.scatter(*codes.T, c=labels[held], cmap="tab10", s=14)
        for digit in range(10):
            axes.annotate(str(digit), np.median(codes[labels[held] == digit], 0), weight="bold", size=13, ha="center")
        axes.set(title=title, xticks=[], yticks=[])
    figure.suptitle("180 handwritten digits that were held out of training", size=13)
    figure.savefig(HERE / "digits.png", dpi=110)


def rebuild(place, originals: np.ndarray, rebuilt: np.ndarray, pca: PCA) -> None:
    flat = originals.reshape(len(originals), -1)
    by_pca = pca.inverse_transform(pca.transform(flat)).reshape(originals.shape)
    axes = place.subplots(6, 3)
    for row, each in enumerate(axes):
        for cell, (title, images) in zip(
            each, (("original", originals), ("Isthmus", rebuilt), ("PCA", by_pca)), strict=True
        ):
            cell.imshow(images[row], cmap="gray_r", vmin=0, vmax=255)
            cell.set(xticks=[], yticks=[])
            cell.set_title(title if row == 0 else "", size=10)


if __name__ == "__main__":
    main()
