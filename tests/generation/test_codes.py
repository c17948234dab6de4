"""Paths and directions of codes, against what they must be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.errors import InputError
from isthmus.generation.directions import attribute, transformation
from isthmus.generation.paths import path

numbers = np.random.default_rng(0)


@given(st.integers(2, 5), st.integers(1, 7), st.integers(1, 6), st.integers(0, 1000))
def test_a_path_passes_all_stops_and_a_line_steps_evenly(stops, steps, width, seed):
    z = np.random.default_rng(seed).normal(size=(stops, width))
    for way in ("linear", "spherical"):
        found = path(z, steps, way=way)
        assert found.shape == ((stops - 1) * steps + 1, width)
        np.testing.assert_allclose(found[::steps], z, atol=1e-9)
    line = path(z, steps)
    legs = np.diff(line, axis=0).reshape(stops - 1, steps, width)
    np.testing.assert_allclose(legs, np.repeat(legs.mean(1, keepdims=True), steps, 1), atol=1e-9)


def test_between_stops_that_are_alike_nothing_moves():
    z = np.random.default_rng(0).normal(size=64)
    for way in ("linear", "spherical"):
        assert not np.ptp(path([z, z], 10, way=way), axis=0).any()


def test_an_arc_keeps_the_radius_and_turns_evenly():
    a, b = np.array([3.0, 0, 0]), np.array([0, 3.0, 0])
    arc = path([a, b], 6, way="spherical")
    np.testing.assert_allclose(np.linalg.norm(arc, axis=1), 3)
    np.testing.assert_allclose(np.degrees(np.arctan2(arc[:, 1], arc[:, 0])), np.arange(0, 91, 15), atol=1e-9)
    longer = path([a, 2 * b], 4, way="spherical")
    np.testing.assert_allclose(np.linalg.norm(longer, axis=1), np.linspace(3, 6, 5))
    opposite = path([a, -a], 4, way="spherical")  # which arc? a line, then
    np.testing.assert_allclose(opposite, path([a, -a], 4))


def planted(n=4000):
    """Codes in which attribute one is a step along the first value, two along the sum of the first and the second."""
    one, two = numbers.random((2, n)) < 0.5
    z = numbers.normal(size=(n, 4)) * [0.5, 0.5, 0.5, 4.0]
    z[:, 0] += 2.0 * one + 1.0 * two
    z[:, 1] += 1.0 * two
    return z, one, two


def test_the_direction_of_an_attribute_is_the_step_that_was_planted():
    z, one, two = planted()
    np.testing.assert_allclose(attribute(z, one).direction_Z, [2, 0, 0, 0], atol=0.4)
    alone = z - np.outer(two, [1, 1, 0, 0])
    found = attribute(alone, one, how="probe").direction_Z  # it isn't misled by the value that varies most
    np.testing.assert_allclose(found, [2, 0, 0, 0], atol=0.1)
    np.testing.assert_allclose(attribute(z, one).change(z[:2], -1.5), z[:2] - 1.5 * attribute(z, one).direction_Z)
    away = attribute(z, two, apart_from=[[1, 0, 0, 0]]).direction_Z
    assert away[0] == pytest.approx(0, abs=1e-12)
    assert away[1] == pytest.approx(1, abs=0.1)
    twice = attribute(z, two, apart_from=[[1, 0, 0, 0], [2, 0, 0, 0]]).direction_Z  # takes no more away than once
    np.testing.assert_allclose(twice, away, atol=1e-12)


def test_attributes_that_tell_nothing_are_refused():
    z, one, _ = planted(50)
    with pytest.raises(InputError, match="two of each"):
        attribute(z, np.ones(50, bool))
    with pytest.raises(InputError, match="nothing but the others"):
        attribute(z, one, apart_from=attribute(z, one).direction_Z[None])
    with pytest.raises(InputError, match="one truth a code"):
        attribute(z, one[:-1])


def test_an_affine_change_of_codes_is_learned_and_undone():
    turn = np.linalg.qr(numbers.normal(size=(5, 5)))[0]
    z = numbers.normal(size=(2000, 5))
    found = transformation(z[:1500], z[:1500] @ turn + 0.3)
    np.testing.assert_allclose(found.change(z[1500:]), z[1500:] @ turn + 0.3, atol=0.02)
    np.testing.assert_allclose(found.change(z[:3], 0), z[:3])


def test_a_change_that_has_nothing_to_do_with_the_code_is_its_mean():
    z = numbers.normal(size=(300, 20))
    found = transformation(z[:40], z[:40] + 1 + 0.5 * numbers.normal(size=(40, 20)))
    np.testing.assert_allclose(found.change(z[40:]) - z[40:], 1, atol=0.5)
