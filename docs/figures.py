"""Makes the pictures of the documentation. Run by `make docs`."""

import json
import os
import sys
import textwrap
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image
from sklearn.datasets import load_digits, make_moons
from sklearn.decomposition import PCA

from isthmus import Autoencoder
from isthmus.data.melodies import notes_of
from isthmus.jobs.reduce import judged_rows
from isthmus.report.field import field_section
from isthmus.report.svg import as_file

HERE = Path(__file__).parent
MNIST = Path(os.environ.get("ISTHMUS_DATA", HERE.parents[1] / "shared" / "data")) / "images" / "mnist.npz"
sys.path.insert(0, str(HERE.parent / "benchmarks"))
import draw as drawing  # noqa: E402
import kernels as benchmark  # noqa: E402


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


def field() -> None:
    """Where a denoising autoencoder moves the plane, as reports draw it: two moons, noise of a quarter of their spread."""
    points = make_moons(1500, noise=0.05, random_state=0)[0]
    model = Autoencoder("ae", 2, hidden=(64, 64), corruption="gaussian:0.25", epochs=200, random_state=0).fit(points)
    section = field_section(model, model._open(points))
    chart = section[section.index("<svg") : section.rindex("</svg>") + len("</svg>")]
    (HERE / "field.svg").write_text(as_file(chart))


def filters() -> None:
    """What the first layer looks for, plain and denoising, on MNIST (as in Vincent et al., JMLR 2010, figure 6)."""
    if not MNIST.exists():
        print(f"{MNIST}: no MNIST there, so docs/filters.png stays as it is; ISTHMUS_DATA names the folder")
        return
    with np.load(MNIST) as arrays:
        pictures = arrays["x_train"][:10_000]
    options = {"ae": {"squash": "sigmoid"}, "denoising": {"squash": "sigmoid", "amount": 0.5}}
    figure = plt.figure(figsize=(9, 4.8), layout="constrained")
    titles = ("plain", "denoising: gaussian noise of 0.5")
    for place, (recipe, asked), title in zip(figure.subfigures(1, 2), options.items(), titles, strict=True):
        model = Autoencoder(recipe, 200, options=asked, hidden=(), epochs=20, random_state=0).fit(pictures)
        kernels = model.model_.encoder.layers[0].weight.detach().numpy()
        strongest = kernels[np.argsort(-np.linalg.norm(kernels, axis=1))[:64]].reshape(-1, 28, 28)
        sheet(place, strongest, title, (8, 8))
    save(figure, "filters.png")


def kernels() -> None:
    """First-layer kernels of four nets on MNIST: 30 and 500 units, plain and under holes of grey."""
    if not MNIST.exists():
        print(f"{MNIST}: no MNIST there, so docs/kernels.png stays as it is; ISTHMUS_DATA names the folder")
        return
    with np.load(MNIST) as arrays:
        learned = arrays["x_train"]
    figure = plt.figure(figsize=(9, 8.4), layout="constrained")
    for place, name in zip(figure.subfigures(2, 2).flat, benchmark.NETS, strict=True):
        sheet(place, benchmark.kernels_of(benchmark.net(learned, name, minutes=1.5))[:30], name, (5, 6))
    save(figure, "kernels.png")


def drawings() -> None:
    """Drawings of captions, the first of benchmarks/draw.py, of combinations that no learned picture shows."""
    model, _ = drawing.fitted(0, 12)
    said, _ = drawing.captions_of(drawing.held_out(0, 12), seed=1)
    figure = plt.figure(figsize=(9, 5.8), layout="constrained")
    cells = figure.subplots(4, 6).flat
    for axes, text, drawn in zip(cells, said, drawing.drawings(model, said[:24]), strict=False):
        axes.imshow(drawn, cmap="gray", vmin=0, vmax=255)
        axes.set(xticks=[], yticks=[])
        axes.set_title(textwrap.fill(text, 22), size=8)
    save(figure, "drawings.png")


def sheet(place, kernels: np.ndarray, title: str, shape: tuple[int, int]) -> None:
    """Kernels side by side, grey standing for 0."""
    for axes, kernel in zip(place.subplots(*shape).flat, kernels, strict=True):
        bound = abs(kernel).max()
        axes.imshow(kernel, cmap="gray", vmin=-bound, vmax=bound)
        axes.set(xticks=[], yticks=[])
    place.suptitle(title, size=12)


def rolls() -> None:
    """Piano rolls of rows of tunes, of made ones, and of a way between two tunes, as benchmarks/music.py kept them."""
    found = json.loads((HERE.parent / "benchmarks" / "results" / "music.json").read_text())["rolls"]
    shown = {
        "from the tunes": found["tunes"],
        "made by the recurrent VAE": found["lstm-vae, mixture"],
        "by a Markov chain": found["Markov chain"],
        "Ode to Joy to Twinkle, Twinkle": found["way"],
    }
    figure = plt.figure(figsize=(9, 6.4), layout="constrained")
    for place, (title, rows) in zip(figure.subfigures(2, 2).flat, shown.items(), strict=True):
        place.suptitle(title, size=11)
        for axes, row in zip(place.subplots(2, 3).flat, rows, strict=True):
            notes = list(notes_of(np.array(row.split(), int)))
            bars = ([n.pitch for n in notes], [n.lasts - 0.3 for n in notes], 0.9, [n.start for n in notes])
            axes.barh(*bars, align="center", color="0.2")
            axes.axvline(16, color="0.8", lw=0.8, zorder=0)
            axes.set(xlim=(0, 32), ylim=(54, 80), xticks=[], yticks=[])
    save(figure, "rolls.png")


def save(figure, name: str) -> None:
    figure.savefig(HERE / name, dpi=80)
    with Image.open(HERE / name) as picture:  # 16 greys are enough, and a fifth of the bytes
        picture.convert("L").quantize(16).save(HERE / name, optimize=True)


if __name__ == "__main__":
    main()
    field()
    filters()
    kernels()
    rolls()
    drawings()
