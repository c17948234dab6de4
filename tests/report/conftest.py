"""Two small fitted models: of pictures, and of a table with categories, gaps and hostile texts."""

import numpy as np
import pandas as pd
import pytest

from isthmus import Autoencoder, open_data
from isthmus.jobs.reduce import compare, judged_rows

HOSTILE = "<script>alert(1)</script>"


def _fit(data, **options):
    estimator = Autoencoder(hidden=(16,), precision="float32", random_state=0, **options).fit(data)
    judged = judged_rows(estimator, data)
    return estimator, data, judged, compare(estimator, judged)


@pytest.fixture(scope="session")
def fitted_pictures():
    data = open_data("digits")
    return _fit(data.subset(np.arange(300)), recipe="ae", latent_dim=2, network="dense", epochs=2)


@pytest.fixture(scope="session")
def fitted_table():
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "length": random.normal(size=120),
            "<b>bold</b>": random.integers(0, 9, 120),
            "kind": random.choice(["<i>a</i>", "b & c"], 120),
            "tagged": random.random(120) < 0.5,
            "mass": random.normal(size=120),
            "constant": 1.0,
            "label": random.choice([HOSTILE, "plain"], 120),
        }
    )
    frame.loc[::7, "mass"] = np.nan
    return _fit(open_data(frame, label="label"), recipe="vae", latent_dim=3, epochs=2)
