"""Faces of people not learned, turned to either side by what pairs of pictures of other people show.

    python benchmarks/turnfaces.py        about a minute on one thread

ORL has no labels but who is who. The pairs below were found by looking at all pictures of the 25 people learned: in the
first the face looks to the left of the picture, in the second to the right. Mirrored, each is a pair once more.
docs/turned.png shows the other five people: half a turn to the left, as they are, half a turn to the right.
"""

from common import REPOSITORY, parser

import numpy as np  # isort: skip - after isthmus, which common imports
from faces import LEARNED, SIDE, faces
from PIL import Image

from isthmus import Autoencoder, open_data
from isthmus.jobs.edit import edit, learn_from_pairs

PAIRS = {1: ((4, 2), (6, 5)), 4: ((6, 10), (3, 2)), 8: ((9, 4),), 10: ((9, 4), (9, 7)), 23: ((9, 8), (4, 2)),
         25: ((5, 2), (8, 2))}  # fmt: skip
"""By person, the numbers of two pictures, from 1."""
SHOWN = (0, 8, 10, 12, 21, 30, 32, 35, 40, 46)
"""Pictures of the people not learned, ten of each."""
EACH, ZOOM = 10, 1.5


def pairs(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What looks to the left, and its partners that look to the right."""
    at = {(person, number): pictures[(person - 1) * EACH + number - 1] for person in PAIRS for number in range(1, 11)}
    left, right = (
        np.stack([at[person, both[side]] for person, found in PAIRS.items() for both in found]) for side in (0, 1)
    )
    return np.concatenate([left, right[:, :, ::-1]]), np.concatenate([right, left[:, :, ::-1]])


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--epochs", type=int, default=60, help="of training (default: %(default)s)")
    asked = options.parse_args()
    learned, others = faces(asked.data)
    if len(learned) != LEARNED * EACH:
        raise SystemExit(f"{len(learned)} pictures of {LEARNED} people: the pairs are of ten pictures each")
    both = np.concatenate([learned, learned[:, :, ::-1]])
    model = Autoencoder(
        "ae", 200, network="dense", hidden=(), norm="none", shift=1, epochs=asked.epochs, validation=0, random_state=0
    ).fit(both)  # fmt: skip
    turn = learn_from_pairs(model, *(open_data(each[..., None]) for each in pairs(learned)))
    rows = open_data(others[list(SHOWN)][..., None])
    lines = [edit(model, rows, turn, amount, keep_detail=True).rows for amount in (-0.5, 0.5)]
    lines.insert(1, rows.source.read(0, rows.n))
    sheet = np.vstack([np.hstack(list(line[..., 0])) for line in lines])
    size = (round(ZOOM * SIDE * len(SHOWN)), round(ZOOM * SIDE * len(lines)))
    picture = Image.fromarray(sheet).resize(size, Image.Resampling.LANCZOS)
    picture.quantize(32).save(REPOSITORY / "docs" / "turned.png", optimize=True)


if __name__ == "__main__":
    main()
