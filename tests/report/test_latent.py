"""The section on what code values do shows what the model decodes, for models that have a prior."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from isthmus import Autoencoder, open_data
from isthmus.generation.maps import middles, prior_quantiles, units_by_rate
from isthmus.report.latent import SIDE, latent_section
from isthmus.report.sheets import GAP

TILE = 48


def digits(rows=300):
    return open_data("digits").subset(np.arange(rows))


@pytest.fixture(scope="module")
def plane():
    model = Autoencoder("vae", 2, epochs=4, hidden=(32,), network="dense", random_state=0)
    return model.fit(digits())


def pictures(section):
    found = re.findall(r"data:image/png;base64,([^\"]+)", section)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("L")) for text in found]


def tile(sheet, row, column):
    """The picture there, an eighth as large: as it was before each pixel became six by six."""
    step = TILE + GAP
    return sheet[row * step : row * step + TILE, column * step : column * step + TILE][3::6, 3::6]


def test_the_plane_is_decoded_as_the_map_lies(plane):
    sheet, _ = pictures(latent_section(plane, digits()))
    values = prior_quantiles(plane.model_, middles(SIDE))
    for row, column, code in (
        (0, 14, values[[14, 14], [0, 1]]),
        (14, 0, values[[0, 0], [0, 1]]),
        (7, 3, values[[3, 7], [0, 1]]),
    ):
        expected = plane.decode_raw(code[None]).reshape(8, 8)
        np.testing.assert_array_equal(tile(sheet, row, column), np.asarray(expected).astype(np.uint8))


def test_units_are_moved_and_named_by_rate(plane):
    section, units = latent_section(plane, digits()), units_by_rate(plane, digits())
    _, ways = pictures(section)
    assert ways.shape == (len(units) * (TILE + GAP) - GAP, 11 * (TILE + GAP) - GAP)
    first, second = (f"code value {unit.index + 1} ({unit.rate:.2g} nats)" for unit in units)
    assert f"From above: {first}, {second}." in section


def test_many_values_have_no_plane_and_at_most_ten_ways():
    model = Autoencoder("vae", 14, epochs=3, hidden=(32,), network="dense", options={"beta": 0.01}, random_state=0)
    section = latent_section(model.fit(digits()), digits())
    (ways,) = pictures(section)
    assert ways.shape[0] == 10 * (TILE + GAP) - GAP
    assert section.count("nats)") == 10


def test_a_conditional_model_is_told_the_label_of_the_row_it_leaves_from():
    data = digits()
    model = Autoencoder("conditional", 2, epochs=3, hidden=(32,), network="dense", random_state=0).fit(data)
    assert len(pictures(latent_section(model, data))) == 2


def test_series_are_lines():
    x = np.sin(np.arange(24)[None] * 0.3 + np.random.default_rng(0).uniform(0, 6, (80, 1)))[..., None]
    data = open_data(x, kind="series")
    model = Autoencoder("vae", 2, epochs=15, hidden=(16,), options={"beta": 0.01}, random_state=0).fit(data)
    section = latent_section(model, data)
    assert section.count("<svg viewBox") == len(units_by_rate(model, data)) > 0
    for share in ("10%", "50%", "90%"):
        assert share in section


@pytest.mark.parametrize(("recipe", "latent_dim"), [("ae", 2), ("fsq", 2), ("vq", 4)])
def test_nothing_without_a_prior_over_values_that_move(recipe, latent_dim):
    model = Autoencoder(recipe, latent_dim, epochs=1, hidden=(8,), network="dense", random_state=0).fit(digits(60))
    assert latent_section(model, digits(60)) == ""


def test_nothing_of_tables_nor_of_codes_that_tell_nothing(fitted_table, plane):
    estimator, data, *_ = fitted_table
    assert latent_section(estimator, data) == ""
    one = digits()
    same = one.subset(np.zeros(5, np.int64))  # one row, five times
    assert latent_section(plane, same) == ""
