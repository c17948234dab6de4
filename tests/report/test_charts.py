"""Charts are well-formed, show what they are given, and escape it."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from isthmus.report.axes import number, padded, robust_range, ticks
from isthmus.report.sheets import eight_bit, originals_and_reconstructions, png_data_uri, sheet
from isthmus.report.svg import bars, line_chart, scatter

TEXTS = ["plain", "<script>&\"'", "\x00\x1b\udcff", "", "ä" * 99]


def texts_of(chart):
    return ["".join(element.itertext()) for element in ET.fromstring(chart).iter("text")]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(
    "draw",
    [
        lambda text: line_chart({text: [(1, 2.0), (2, 1.0)]}, text, text, title=text, mark=(1.0, text)),
        lambda text: scatter([[0, 0], [1, 2]], [text, "b"], x_label=text, y_label=text, title=text),
        lambda text: bars([text, text], [0.5, 2.0], title=text, mark=(1.0, text)),
    ],
)
def test_charts_are_well_formed_and_titled(draw, text):
    root = ET.fromstring(draw(text))
    assert root.tag == "svg"
    assert root[0].tag == "title"
    assert "nan" not in ET.tostring(root, encoding="unicode").replace("nanä", "")


@pytest.mark.parametrize(
    "draw",
    [
        lambda: line_chart({}, "x", "y"),
        lambda: line_chart({"a": []}, "x", "y"),
        lambda: line_chart({"a": [(1, float("nan")), (2, float("inf"))]}, "x", "y"),
        lambda: line_chart({"a": [(1, 3.0)]}, "x", "y"),
        lambda: scatter(np.zeros((0, 2))),
        lambda: scatter(np.ones((3, 2)), [1.0, 1.0, 1.0]),
        lambda: scatter([[np.nan, 1], [1, 1]], ["a", "b"]),
        lambda: bars([], []),
        lambda: bars(["a"], [float("nan")]),
        lambda: bars(["a"], [0.0]),
    ],
)
def test_charts_of_almost_nothing(draw):
    assert "nan" not in draw()
    ET.fromstring(draw())


def test_a_huge_first_epoch_does_not_flatten_the_rest():
    low, high = robust_range([1e9, *np.linspace(3, 1, 50)])
    assert low <= 1
    assert 3 <= high < 20


def test_an_ordinary_curve_is_shown_whole():
    assert robust_range([5, 4, 3, 2, 1]) == padded(1, 5)


@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e9), st.integers(1, 10))
def test_ticks_are_few_and_within(low, width, most):
    found = ticks(low, low + width, most)
    assert len(found) <= most + 1
    assert all(low - 1e-6 * width <= tick <= low + width * (1 + 1e-6) for tick in found)


def test_numbers():
    assert [number(v) for v in (0, -1234, 0.12345, float("nan"))] == ["0", "−1,234", "0.1235", "–"]


def test_rare_labels_become_other():
    labels = np.repeat([f"n{i}" for i in range(15)], range(20, 5, -1))
    texts = texts_of(scatter(np.random.default_rng(0).normal(size=(len(labels), 2)), labels))
    assert "other" in texts
    assert texts.count("n11") == 2  # on the map and in the legend
    assert not any("n12" in text for text in texts)


@pytest.mark.parametrize("labels", [np.linspace(0, 9, 50), [f"{v:.2f}" for v in np.linspace(0, 9, 50)]])
def test_numbers_of_many_values_become_a_scale(labels):
    chart = scatter(np.random.default_rng(0).normal(size=(50, 2)), labels)
    assert len(list(ET.fromstring(chart).iter("rect"))) == 12


def test_a_map_has_at_most_3000_points():
    chart = scatter(np.random.default_rng(0).normal(size=(5000, 2)))
    assert chart.count("h0") == 3000


def test_bars_are_as_long_as_their_values():
    widths = [float(box.get("width")) for box in ET.fromstring(bars(["a", "b"], [2.0, 0.5])).iter("rect")]
    assert widths[0] == pytest.approx(4 * widths[1], rel=0.01)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_sheets_take_every_kind_of_picture(channels, dtype):
    pictures = np.random.default_rng(0).random((5, 8, 6, channels)) * (1 if "f" in dtype else 255)
    image = sheet(pictures.astype(dtype), 3)
    assert image.width >= 3 * 36
    assert image.height >= 2 * 48


def test_eight_bits_keep_black_and_white():
    for white, dtype in ((255, "uint8"), (65535, "uint16"), (1, "float32"), (1000, "float64")):
        pictures = np.array([0, white], dtype=dtype).reshape(1, 1, 2, 1)
        assert eight_bit(pictures).ravel().tolist() == [0, 255]


def test_pairs_stand_below_each_other():
    white, black = np.full((3, 8, 8, 1), 255, np.uint8), np.zeros((3, 8, 8, 1), np.uint8)
    image = originals_and_reconstructions(white, black, columns=2)
    assert image.size == (2 * 48 + 3, 4 * 48 + 3 * 3 + 6)
    assert [image.getpixel((5, y))[0] for y in (5, 60, 115, 165)] == [255, 0, 255, 0]
    assert image.getpixel((49, 5))[1] == 0  # the gap is clear


def test_large_pictures_are_reduced():
    assert sheet(np.zeros((1, 500, 1000, 3), np.uint8), 1).size == (96, 48)


def test_png_data_uri():
    assert png_data_uri(Image.new("L", (2, 2))).startswith("data:image/png;base64,iVBOR")
