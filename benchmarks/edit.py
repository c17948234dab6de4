"""Test digits turned, zoomed, shifted and darkened by their codes: nearer to the truly changed than to the unedited?

    python benchmarks/edit.py                  a vae and a plain autoencoder of 10 epochs, 500 test digits
    python benchmarks/edit.py --cache /tmp/c   the same, keeping what was trained

What a change does to codes is learned from 5,000 training digits. Each way is measured with the rows' own detail kept
and without; docs/edit.png shows the model and the way in which the class stays most often over all changes of 500
digits of the training part that no model learned from. A class stays if a judge (a classifier that learned from the
training part in the run) says the same digit of a picture before and after.
"""

from functools import partial

from common import REPOSITORY, keep, mnist, parser

import numpy as np  # isort: skip - after isthmus, which common imports
from judge import Judge, judge, with_cache
from PIL import Image
from trained import HELD, autoencoder

from isthmus import Autoencoder, open_data
from isthmus.data.transformations import TRANSFORMATIONS
from isthmus.generation.directions import Transformation
from isthmus.jobs.edit import edit, learn_transformation

CHANGES = {"turn": 15.0, "zoom": 1.2, "right": 2.0, "brighten": -0.3}
NAMES = {"turn": "turn 15 degrees", "zoom": "zoom 1.2", "right": "2 pixels right", "brighten": "darken by 0.3"}
AMOUNTS = (-2, -1, 0, 1, 2)
DIGITS = (3, 2, 1, 18, 4, 8, 11, 0)
"""Test digits of docs/edit.png."""


def psnr(found: np.ndarray, truth: np.ndarray) -> float:
    """Mean over pictures, in dB."""
    off = ((found.astype(np.float64) - truth) ** 2).reshape(len(found), -1).mean(1)
    return float((10 * np.log10(255**2 / np.maximum(off, 1e-9))).mean())


def changed_by(name: str, pictures: np.ndarray) -> np.ndarray:
    return TRANSFORMATIONS[name](pictures, CHANGES[name])


def changes(model: Autoencoder, learned: np.ndarray) -> dict[str, Transformation]:
    """What each does to codes, by training digits."""
    return {name: learn_transformation(model, open_data(learned), partial(changed_by, name)) for name in CHANGES}


def measured(model: Autoencoder, found: Judge, learned: np.ndarray, pictures: np.ndarray) -> dict:
    """Every change of some pictures, with their detail kept and without."""
    before, rows, figures = found.probabilities(pictures).argmax(1), open_data(pictures), {}
    for name, change in changes(model, learned).items():
        truth = changed_by(name, pictures)
        plain = edit(model, rows, change, 1.0, learned=open_data(learned))
        kept = edit(model, rows, change, 1.0, keep_detail=True)
        made = {"unedited": pictures, "edited": plain.rows, "detail kept": kept.rows, "the truth": truth}
        figures[NAMES[name]] = {
            way: {
                "psnr": round(psnr(each, truth), 2),
                "same class": round(float((found.probabilities(each).argmax(1) == before).mean()), 3),
            }
            for way, each in made.items()
        } | {"reach": float(np.median(plain.reach))}
    return figures


def steadiest(figures: dict) -> list[str]:
    """The model and the way in which the class stays most often over all changes."""
    share = {
        (name, way): np.mean([change[way]["same class"] for change in kept.values()])
        for name, kept in figures.items()
        for way in ("edited", "detail kept")
    }
    return list(max(share, key=lambda each: share[each]))


def draw(model: Autoencoder, learned: np.ndarray, digits: np.ndarray) -> None:
    """Test digits from twice back to twice on, by turns and by zooms."""
    found, rows = changes(model, learned), open_data(digits)
    lines = [
        edit(model, rows, found[name], amount, keep_detail=True).rows if amount else digits
        for name in ("turn", "zoom")
        for amount in AMOUNTS
    ]
    framed = [np.hstack(list(np.pad(line[..., 0], ((0, 0), (1, 1), (1, 1)), constant_values=255))) for line in lines]
    sheet = np.vstack(framed).repeat(2, 0).repeat(2, 1)
    Image.fromarray(sheet).quantize(16).save(REPOSITORY / "docs" / "edit.png", optimize=True)


def main() -> None:
    options = with_cache(parser(__doc__))
    options.add_argument("--epochs", type=int, default=10, help="of training (default: %(default)s)")
    options.add_argument("--digits", type=int, default=500, help="(default: %(default)s)")
    asked = options.parse_args()
    found, (train, test) = judge(asked.data, asked.cache), mnist(asked.data)
    learned = train[:5000, ..., None]
    parts = {"validation": train[-HELD:][: asked.digits, ..., None], "test": test[: asked.digits, ..., None]}
    figures: dict = {part: {} for part in parts}
    models = {name: autoencoder(asked.data, name, 32, epochs=asked.epochs, cache=asked.cache) for name in ("vae", "ae")}
    for recipe, model in models.items():
        for part, pictures in parts.items():
            figures[part][recipe] = measured(model, found, learned, pictures)
    chosen = steadiest(figures["validation"])
    draw(models[chosen[0]], learned, test[list(DIGITS), ..., None])
    keep("edit", {"epochs": asked.epochs, "digits": asked.digits, "chosen": chosen, **figures})


if __name__ == "__main__":
    main()
