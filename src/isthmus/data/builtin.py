"""Small real data sets that come with scikit-learn, by name."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from isthmus.data.arrays import from_source
from isthmus.data.dataset import Dataset, Options
from isthmus.data.source import ArraySource
from isthmus.data.tablefiles import read_arrow
from isthmus.data.tables import from_reader

NAMES = ("digits", "wine", "breast-cancer", "diabetes")


def from_name(name: str, options: Options) -> Dataset:
    """Open a built-in data set: digits are pictures (1797, 8, 8) of uint8, the others tables.

    The labels are scikit-learn's targets, unless ``label`` names a column.
    """
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
