"""What a report shows of a model itself: where it moves points, what its first layer looks for."""

import re

import numpy as np
import pandas as pd
import pytest

from isthmus import Autoencoder, open_data
from isthmus.report.field import SIDE, field_section
from isthmus.report.kernels import first_kernels, kernels_section


@pytest.fixture(scope="module")
def plane():
    """Points about a line of slope 2, which a linear autoencoder of one code value projects upon."""
    random = np.random.default_rng(0)
    along = random.normal(size=400)
    frame = pd.DataFrame({"first": along, "<second>": 2 * along + 0.05 * random.normal(size=400)})
    data = open_data(frame)
    model = Autoencoder("ae", 1, hidden=(), likelihood="gaussian", epochs=60, learning_rate=0.02, random_state=0)
    return model.fit(data), data


def ways(section: str) -> np.ndarray:
    """Starts and ends as they are drawn, (n, 2, 2)."""
    numbers = re.findall(r"M([-\d.]+) ([-\d.]+)L([-\d.]+) ([-\d.]+)", section)
    return np.array(numbers, float).reshape(-1, 2, 2)


def test_each_place_is_moved_to_what_the_model_makes_of_it(plane):
    model, data = plane
    section = field_section(model, data)
    found = ways(section)
    assert len(found) == SIDE**2
    drawn = found[:, 0, 0].max() - found[:, 0, 0].min(), found[:, 0, 1].max() - found[:, 0, 1].min()
    moved = (found[:, 1] - found[:, 0]) / drawn  # in shares of the grid, downwards
    points = data.source.read(0, data.n)
    low, high = points.min(0), points.max(0)
    span = 1.3 * (high - low)  # 0.15 of the range on either side
    axes = [np.linspace(a - 0.15 * (b - a), b + 0.15 * (b - a), SIDE) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes), -1).reshape(-1, 2)
    rebuilt = model.reconstruct(pd.DataFrame(grid, columns=["first", "<second>"])).to_numpy()
    np.testing.assert_allclose(moved, (rebuilt - grid) / span * [1, -1], atol=2e-3)


def test_only_two_columns_of_numbers_have_a_field(plane, fitted_table):
    assert "&lt;second&gt;" in field_section(*plane)
    assert field_section(*fitted_table[:2]) == ""


def test_kernels_are_the_first_layers_strongest(fitted_pictures):
    model = fitted_pictures[0]
    weight = next(p for p in model.model_.encoder.parameters() if p.shape == (16, 64)).detach().numpy()
    order = np.argsort(-np.linalg.norm(weight, axis=1))
    kernels = first_kernels(model, most=5)
    assert kernels.shape == (5, 8, 8, 1)
    for kernel, row in zip(kernels, weight[order], strict=False):
        np.testing.assert_allclose((kernel.ravel() - 0.5) * 2, row / abs(row).max(), atol=1e-5)
    assert kernels_section(model).count("<img") == 1


def test_tables_and_small_kernels_are_not_drawn(fitted_table):
    assert kernels_section(fitted_table[0]) == ""
    pictures = open_data("digits").subset(np.arange(40))
    assert kernels_section(Autoencoder(network="conv", epochs=1).fit(pictures)) == ""
