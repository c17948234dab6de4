"""Fits that several tests look at."""

import pytest

from isthmus import Autoencoder, open_data
from isthmus.jobs.reduce import judged_rows


def judged_fit(data, **options):
    data = open_data(data, kind=options.pop("kind", "auto"))
    estimator = Autoencoder(random_state=0, **options).fit(data)
    return estimator, judged_rows(estimator, data)


@pytest.fixture(scope="session")
def healthy():
    return judged_fit("digits")


@pytest.fixture(scope="session")
def variational():
    return judged_fit("digits", recipe="vae", epochs=10)
