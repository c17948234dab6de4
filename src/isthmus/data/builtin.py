"""Small data sets by name: real ones that come with scikit-learn, melodies, and drawn shapes whose causes are known."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from isthmus.data import melodies
from isthmus.data.arrays import from_source
from isthmus.data.captionedshapes import captioned_shapes
from isthmus.data.dataset import Dataset, Options
from isthmus.data.shapes import SHAPES, shapes
from isthmus.data.source import ArraySource
from isthmus.data.tablefiles import read_arrow
from isthmus.data.tables import from_reader
from isthmus.data.tunes import tunes

NAMES = ("digits", "wine", "breast-cancer", "diabetes", "shapes", "captioned-shapes", "tunes")


def from_name(name: str, options: Options) -> Dataset:
    """Open a built-in data set: digits and both kinds of shapes are pictures of uint8, tunes music, the others tables.

    The labels are scikit-learn's targets, unless ``label`` names a column; of shapes, what is
    drawn; of tunes, which it is.
    """
    if name == "tunes":
        return melodies.opened(tunes(), options, name)
    if name in ("shapes", "captioned-shapes"):
        options.refuse(name, "a built-in set of pictures", ("key", options.key), ("label", options.label))
        return _of_shapes(name, options)
    from sklearn import datasets  # a second of import that data of one's own should not cost

    if name == "digits":
        options.refuse(name, "a built-in set of pictures", ("key", options.key), ("label", options.label))
        found = datasets.load_digits()
        pictures = np.rint(found.images * (255 / 16)).astype(np.uint8)
        opened = from_source(ArraySource(pictures), "numpy", options, name)
        return replace(opened, labels=found.target.astype(np.int64))
    found = getattr(datasets, f"load_{name.replace('-', '_')}")()
    table = pa.table({str(column): found.data[:, i] for i, column in enumerate(found.feature_names)})
    opened = from_reader(read_arrow(table, name, "numpy"), options)
    return opened if opened.labels is not None else replace(opened, labels=found.target.astype(np.int64))


def _of_shapes(name: str, options: Options) -> Dataset:
    if name == "shapes":
        drawn, factors = shapes()
        labels, captions = np.array(SHAPES)[factors[:, 0]], None
    else:
        drawn, texts, causes = captioned_shapes()
        labels, captions = np.array([cause.shape for cause in causes]), np.array(texts, dtype=object)
    return replace(from_source(ArraySource(drawn), "numpy", options, name), labels=labels, captions=captions)
