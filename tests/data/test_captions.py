"""Captions: from files to rows, from words to numbers, and the drawn shapes that bring theirs along."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from isthmus import open_data
from isthmus.conditioning import learn, own_labels
from isthmus.data import CaptionConditions, captioned_shapes, captions, conditions_from_json, fit_captions
from isthmus.data.captionedshapes import CAUSES, COLUMNS, PLACES, ROWS, SAID, SIDE, SIZES
from isthmus.data.captions import FILLERS, words_of
from isthmus.errors import DataError, InputError

TEXTS = ["A red dog", "a red cat", "the cat, red", "a dog"]


def test_a_caption_is_the_words_that_are_in_it():
    found = fit_captions(TEXTS)
    told = found.apply(["Red dog RED", "a zebra, a red\tdog"])
    words = [{word for word, value in zip(found.words, row, strict=True) if value} for row in told]
    assert words == [{"red", "dog"}, {"a", "red", "dog"}]
    assert set(np.unique(told).tolist()) == {0, 1}


def test_the_commonest_words_are_known(monkeypatch):
    assert fit_captions(TEXTS).words == ("a", "red", "cat", "dog", "the")
    monkeypatch.setattr(captions, "MOST_WORDS", 3)
    assert fit_captions(TEXTS).words == ("a", "red", "cat")


def test_what_is_unknown_is_zeros():
    found = fit_captions([*TEXTS, None])
    assert found == fit_captions(TEXTS)
    told = found.apply(np.array([None, "", np.nan, "  ", pd.NA, "dog"], dtype=object))
    np.testing.assert_array_equal(told.any(1), [False] * 5 + [True])


def test_single_letters_digits_and_composed_letters_are_words():
    found = fit_captions(["a 7 in gr\u00fcn", "a 3 in gr\u00fcn"])
    assert {"7", "3", "gr\u00fcn"} <= set(found.words)
    np.testing.assert_array_equal(found.apply(["gru\u0308n"]), found.apply(["GR\u00dcN"]))


@pytest.mark.parametrize(
    ("text", "words"),
    [("a wred dogg", "did you mean red, dog"), ("the a", r"no word .* known are red, cat, dog"),
     ("zzz", "known are red, cat, dog")],
)  # fmt: skip
def test_a_caption_without_a_known_word_is_refused(text, words):
    with pytest.raises(InputError, match=words):
        fit_captions(TEXTS).apply([text])


def test_the_row_without_a_known_word_is_named():
    with pytest.raises(InputError, match=r"'zebra': no word of this caption is known \(row 1\)"):
        fit_captions(TEXTS).apply(["dog", "zebra"])


def test_words_not_known_are_told():
    assert fit_captions(TEXTS).unknown("a blue dog and a Blue zebra on the moon") == ["blue", "zebra", "moon"]


@pytest.mark.parametrize(
    ("y", "words"),
    [([1, "a"], "1 is int; captions are texts"), ([["a"], ["b"]], "one text a row"), ("alone", "one text a row"),
     ([None, "!?"], "none has a word")],
)  # fmt: skip
def test_what_is_no_caption_is_refused(y, words):
    with pytest.raises(InputError, match=words):
        fit_captions(y)


def test_conditions_are_json_and_back():
    found = fit_captions(TEXTS)
    assert conditions_from_json(json.loads(json.dumps(found.to_json()))) == found


SOUND = {"kind": "captions", "words": ["red", "dog"]}


@pytest.mark.parametrize(
    "words",
    ["ab", None, ["red", "red"], ["red", 3], ["red", "RED"], ["red", "red dog"], ["red", ""], ["red", "a  b"], [],
     [["red"]], {"red": 1}, [f"w{i}" for i in range(2001)]],
)  # fmt: skip
def test_hostile_json_is_refused(words):
    assert conditions_from_json(SOUND).width == 2
    with pytest.raises(DataError, match="conditions: "):
        conditions_from_json(SOUND | {"words": words})


# From files to rows


@pytest.fixture
def folder(tmp_path):
    """Three pictures, one in a folder of its own."""
    for i, name in enumerate(("a.png", "b.png", "sub/c.png")):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((4, 4), 50 * i, np.uint8)).save(path)
    return tmp_path


def opened(folder, text, data=None, encoding="utf-8"):
    path = folder / "captions.csv"
    path.write_bytes(text.encode(encoding))
    return open_data(folder / "pictures" if data is None else data, captions=path)


@pytest.mark.parametrize(
    "text",
    ["file,caption\nsub/c.png,three\na.png,one\nb.png,\"two, or\"\n",
     "\ufeffa.png,one\r\n\r\nb.png,\"two, or\"\r\nsub\\c.png,three\r\n",
     "picture;words\n./a.png;one\nb.png;two, or\nsub/c.png;three",
     "id,Caption,File\n1,one,a.png\n2,\"two, or\",b.png\n3,three, sub/c.png"],
    ids=["any order", "no header, and Windows", "semicolons, other names", "columns by name"],
)  # fmt: skip
def test_captions_go_to_the_pictures_of_their_name(folder, text):
    found = opened(folder, text)
    assert dict(zip(found.names, found.captions.tolist(), strict=True)) == {
        "a.png": "one", "b.png": "two, or", "sub/c.png": "three"
    }  # fmt: skip
    assert found.subset(np.array([2, 0])).captions.tolist() == ["three", "one"]


HEAD = "file,caption\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "captions.csv: the file is empty"),
     (HEAD, "no caption of 3 of 3: a.png, b.png, sub/c.png"),
     (HEAD + "a.png,x\nb.png,y\n", "no caption of 1 of 3: sub/c.png"),
     (HEAD + "a.png,x\nd.png,y\n", "line 3: there is no d.png among the data"),
     (HEAD + "c.png,x\n", "line 2: there is no c.png among the data; did you mean 'sub/c.png'"),
     (HEAD + "a.png,x\nb.png,y\n./a.png,z\n", "line 4: a second caption of a.png, after that of line 2"),
     (HEAD + "a.png,x\nb.png, \n", "line 3: no caption of b.png"),
     (HEAD + "a.png,x\n,y\n", "line 3: no file is named"),
     (HEAD + "a.png,x, or y\n", "line 2 has 3 cells, expected 2 .* put quotes"),
     (HEAD + 'a.png,"x\n', "no caption of 2 of 3"),
     ("caption\nx\n", "one column; give two, file and caption")],
)  # fmt: skip
def test_files_of_captions_that_do_not_fit_are_refused(folder, text, words):
    with pytest.raises(DataError, match=words):
        opened(folder, text)


def test_files_that_are_none_are_refused(folder):
    with pytest.raises(DataError, match="is not UTF-8"):
        opened(folder, HEAD + "a.png,gr\u00fcn\n", encoding="latin-1")
    with pytest.raises(DataError, match=r"none\.csv: captions can't be read: No such file"):
        open_data(folder / "pictures", captions=folder / "none.csv")
    with pytest.raises(InputError, match="bring none along"):
        open_data(folder / "pictures", captions="builtin")
    with pytest.raises(DataError, match="2 for 3 rows"):
        open_data(folder / "pictures", captions=["one", "two"])


def test_the_caption_of_a_picture_passed_over_is_no_fault(folder):
    (folder / "pictures" / "bad.png").write_bytes(b"no picture")
    (folder / "captions.csv").write_text(HEAD + "a.png,x\nb.png,y\nsub/c.png,z\nbad.png,w\n")
    found = open_data(folder / "pictures", captions=folder / "captions.csv", skip_bad=True)
    assert found.captions.tolist() == ["x", "y", "z"]


def test_captions_without_names_go_by_order(tmp_path):
    np.save(tmp_path / "p.npy", np.zeros((3, 4, 4), np.uint8))
    for text in ("caption\none\ntwo\nthree\n", "file,caption\nx,one\ny,two\nz,three\n"):
        assert opened(tmp_path, text, tmp_path / "p.npy").captions.tolist() == ["one", "two", "three"]
    with pytest.raises(DataError, match="2 captions for 3 rows, which go by their order"):
        opened(tmp_path, "one\ntwo\nthree\n", tmp_path / "p.npy")
    with pytest.raises(DataError, match="line 3: no caption"):
        opened(tmp_path, "file,caption\nx,one\ny,\nz,three\n", tmp_path / "p.npy")


def test_captions_are_told_and_labels_stay_labels():
    data = open_data("captioned-shapes", captions="builtin")
    found = learn(data, np.arange(100), None, "conditional")
    assert isinstance(found, CaptionConditions)
    assert own_labels(found, data).tolist() == data.captions.tolist()
    assert set(data.labels.tolist()) == {"square", "disc", "triangle", "heart"}
    bare = open_data(data.source.read(0, 5))
    assert own_labels(found, bare) is None


# The drawn shapes


def test_the_shapes_are_what_their_captions_say():
    pictures, texts, causes = captioned_shapes(3)
    middles = np.arange(SIDE) + 0.5
    meant = {said: word for word, words in SAID.items() for said in words}
    full = {"square": 4.0, "disc": math.pi, "triangle": 2.0, "heart": 2.25}  # areas where half the width is 1
    for picture, text, cause in zip(pictures.astype(float), texts, causes, strict=True):
        across, down = (picture.sum(axis) @ middles / picture.sum() for axis in (0, 1))
        place = f"{ROWS[int(3 * down / SIDE)]} {COLUMNS[int(3 * across / SIDE)]}"
        half = math.sqrt(picture.sum() / picture.max() / full[cause.shape])
        low, high = SIZES[cause.size]
        assert (place, low - 0.2 < half < high + 0.2) == (cause.place, True), text
        assert not picture[[0, -1]].all(1).any()
        said = {meant[word] for word in words_of(text) if word in meant}
        assert said == {cause.shape, cause.size, *cause.place.split()}, text


def test_shapes_that_are_left_out_are_not_drawn_and_a_seed_repeats_them():
    left = CAUSES[::7]
    pictures, texts, causes = captioned_shapes(2, leave_out=left, seed=3)
    assert len(CAUSES) == 4 * 3 * 9 == 3 * 4 * len(PLACES)
    assert set(causes) == set(CAUSES) - set(left)
    again = captioned_shapes(2, leave_out=left, seed=3)
    np.testing.assert_array_equal(again[0], pictures)
    assert again[1] == texts
    assert not np.array_equal(captioned_shapes(2, leave_out=left, seed=4)[0], pictures)


def test_no_word_of_the_captions_is_said_by_a_filler():
    assert not FILLERS & {word for words in SAID.values() for said in words for word in words_of(said)}
