"""A row that was altered on purpose: the reason names the column, the region or the stretch."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits

from isthmus import Autoencoder, Detector

CASES = 200


def test_the_altered_column_is_named():
    """One cell of a row that is like others gets the value six standard deviations off its own."""
    x = load_breast_cancer().data
    detector = Detector(random_state=0).fit(x)
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(0, len(x), CASES), rng.integers(0, x.shape[1], CASES)
    odd = x[rows].copy()
    odd[np.arange(CASES), columns] += rng.choice([-6.0, 6.0], CASES) * x.std(0)[columns]
    reasons = detector.explain(odd)
    named = np.array([reason.shares.argmax() for reason in reasons])
    assert (named == columns).mean() >= 0.95
    off = np.array([abs(r.expected[c] - x[row, c]) for r, c, row in zip(reasons, columns, rows, strict=True)])
    assert np.median(off / x.std(0)[columns]) < 1, "what was expected is nearer to what the cell was"
    assert all(abs(reason.shares.sum() - 1) < 1e-6 for reason in reasons)
    assert reasons[0].text.startswith(f"x{columns[0]} is ")


def test_the_altered_region_is_marked():
    pictures = (load_digits().images * 15).astype(np.uint8)
    detector = Detector(Autoencoder(latent_dim=4, epochs=40), random_state=0).fit(pictures[:1500])
    rng, hits = np.random.default_rng(0), 0
    odd, places = pictures[rng.integers(1500, len(pictures), CASES)].copy(), rng.integers(0, 6, (CASES, 2))
    for picture, (i, j) in zip(odd, places, strict=True):
        picture[i : i + 3, j : j + 3] = 0 if picture[i : i + 3, j : j + 3].mean() > 127 else 255
    for reason, (i, j) in zip(detector.explain(odd), places, strict=True):
        row, column = np.unravel_index(reason.shares.argmax(), reason.shares.shape)
        hits += i - 1 <= row < i + 4 and j - 1 <= column < j + 4  # within a pixel of it
        top, left, bottom, right = reason.region
        assert 0 <= top <= bottom < 8
        assert 0 <= left <= right < 8
    assert hits >= 0.95 * CASES


def test_the_altered_stretch_is_found():
    rng = np.random.default_rng(0)
    phase = rng.uniform(0, 2 * np.pi, (600 + CASES, 1))
    waves = np.sin(phase + np.linspace(0, 4 * np.pi, 64)) + 0.05 * rng.normal(size=(600 + CASES, 64))
    detector = Detector(Autoencoder(epochs=60), kind="series", random_state=0).fit(waves[:600])
    odd, starts = waves[600:].copy(), rng.integers(0, 54, CASES)
    for wave, start in zip(odd, starts, strict=True):
        wave[start : start + 10] += rng.choice([-1.5, 1.5])
    found = np.array([reason.shares.argmax() for reason in detector.explain(odd)])
    assert ((found >= starts) & (found < starts + 10)).mean() >= 0.95
    assert detector.explain(odd[:1])[0].text.startswith("steps ")


def test_a_category_and_a_missing_cell_are_named():
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    kind = rng.choice(["oak", "fir"], 400)
    frame = pandas.DataFrame({"kind": kind, "height": np.where(kind == "oak", 5.0, 20.0) + rng.normal(size=400)})
    frame.loc[::10, "height"] = np.nan
    detector = Detector(random_state=0).fit(frame)
    odd = pandas.DataFrame({"kind": ["oak", "fir"], "height": [20.0, np.nan]})
    both, gap = detector.explain(odd)
    assert both.expected[1] < 12 or "expected 'fir'" in both.text
    assert "height is missing" not in gap.text or gap.shares[1] == 0


def test_a_row_that_is_off_in_several_columns_has_a_reason():
    rng = np.random.default_rng(0)
    x = load_breast_cancer().data
    detector = Detector(random_state=0).fit(x)
    odd = x[:60].copy()
    columns = [rng.choice(x.shape[1], 1 + i % 4, replace=False) for i in range(60)]
    for row, some in zip(odd, columns, strict=True):
        row[some] += 8 * x.std(0)[some]
    reasons = detector.explain(odd)
    assert all(abs(reason.shares.sum() - 1) < 1e-6 for reason in reasons)
    assert np.mean([reason.shares.argmax() in some for reason, some in zip(reasons, columns, strict=True)]) > 0.9
