"""Tables with names: roles, refusals, and the same matrix from every kind of file."""

import itertools
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.data import chunks, open_data, restore, write_data
from isthmus.errors import DataError, InputError

WORDS = st.text("abcxyzäß ,;\"'\n-", min_size=1, max_size=6).map(lambda text: f"w{text}")
FILES = (".csv", ".parquet", ".feather")


def matrix(dataset):
    return np.concatenate(list(chunks(dataset.source)))


@st.composite
def frames(draw):
    n = draw(st.integers(1, 12))

    def column(cells):
        return draw(st.lists(cells, min_size=n, max_size=n).filter(lambda c: any(x is not None for x in c)))

    frame = {
        "f": np.array(column(st.floats(-1e9, 1e9)), float),
        "g": np.array(column(st.floats(-1e9, 1e9, width=32)), np.float32),
        "i": np.array(column(st.integers(-(2**31), 2**31)), np.int64),
        "u": np.array(column(st.integers(0, 255)), np.uint8),
        "b": np.array(column(st.booleans()), bool),
        "s": column(WORDS | st.none()),
        "gap": [np.nan if v is None else v for v in column(st.floats(-9, 9) | st.none())],
    }
    order = draw(st.permutations(sorted(frame)))
    return pd.DataFrame({name: frame[name] for name in order})


@given(frames())
def test_pandas_and_polars_come_back_as_they_were(frame):
    frame["c"] = frame["s"].astype("category")
    frame["n"] = pd.array(frame["u"].astype("Int64")).copy()
    frame.index = [f"row {i}" for i in range(len(frame))]
    opened = open_data(frame)
    back = restore(matrix(opened), opened.schema, opened.container, index=frame.index)
    pd.testing.assert_frame_equal(back, frame)
    table = pl.from_pandas(frame)
    opened = open_data(table)
    assert restore(matrix(opened), opened.schema, opened.container).equals(table)
    assert restore(matrix(opened), opened.schema, opened.container).schema == table.schema


@settings(max_examples=10, deadline=None)
@given(frames())
def test_files_and_spools_give_the_matrix_of_the_frame(frame):
    whole = open_data(frame)
    numeric = [c.number_type for c in whole.schema.columns if c.role == "numeric"]
    with tempfile.TemporaryDirectory() as folder:
        for ending, memory in itertools.product(FILES, (None, 1)):
            path = Path(folder) / f"t{ending}"
            write_data(path, matrix(whole), whole.schema, force=True)
            known = open_data(path, schema=whole.schema, memory=memory)
            fresh = open_data(path, memory=memory)
            assert known.source.resident == fresh.source.resident == (memory is None)
            assert fresh.schema.feature_names == list(frame.columns)
            # The shortest decimals of a float32 are another float64.
            exact = {"rtol": 1e-7, "atol": 1e-40} if ending == ".csv" else {"rtol": 0}
            np.testing.assert_allclose(matrix(known), matrix(whole), **exact)
            np.testing.assert_allclose(matrix(fresh), matrix(whole), **exact)
            if ending != ".csv":
                assert [c.number_type for c in fresh.schema.columns if c.role == "numeric"] == numeric


def test_pandas_kinds_that_need_care_come_back():
    frame = pd.DataFrame(
        {
            "sizes": pd.Categorical([3, 10, None], categories=[10, 3]),
            "count": pd.array([1, None, 3], "Int64"),
            "flag": pd.array([True, None, False], "boolean"),
            "objects": pd.Series(["a", None, "b"], dtype=object),
        }
    )
    opened = open_data(frame)
    back = restore(matrix(opened), opened.schema, "pandas")
    assert [str(d) for d in back.dtypes] == [str(d) for d in frame.dtypes]
    assert back["sizes"].tolist()[:2] == [3, 10]
    assert open_data(pd.DataFrame(np.eye(3))).schema.named is False
    pd.testing.assert_frame_equal(
        restore(np.eye(3), open_data(pd.DataFrame(np.eye(3))).schema, "pandas"), pd.DataFrame(np.eye(3))
    )


def test_labels_are_kept_out_and_a_saved_index_is_no_data(tmp_path):
    frame = pd.DataFrame({"x": [1.0, 2, 3], "y": ["a", None, "b"], "k": [3, 1, 2]}, index=["p", "q", "r"])
    frame.to_parquet(tmp_path / "t.parquet")
    opened = open_data(tmp_path / "t.parquet", label="y")
    assert opened.schema.feature_names == ["x", "k"]
    assert opened.labels.tolist() == ["a", "", "b"]
    assert open_data(frame, label="k", drop="y").labels.tolist() == [3, 1, 2]
    assert open_data("wine", label="alcohol", drop=["hue"]).source.shape == (11,)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("memory", [None, 1])
def test_csv_separators_gaps_and_byte_order_mark(tmp_path, separator, memory):
    lines = ["a,b,c,d", "1,x,true,1.5", ",NA,,", '3,"y,z",False,nan']
    text = "\n".join(line if '"' in line else line.replace(",", separator) for line in lines)
    text = text.replace('3,"y,z",False,nan', separator.join(["3", '"y,z"', "False", "nan"]))
    (tmp_path / "t.csv").write_text("\n" + text, encoding="utf-8-sig")
    opened = open_data(tmp_path / "t.csv", memory=memory)
    assert [c.role for c in opened.schema.columns] == ["numeric", "categorical", "boolean", "numeric"]
    assert [c.dtype for c in opened.schema.columns] == ["int64", "string", "bool", "float64"]
    expected = [[1, 0, 1, 1.5], [np.nan] * 4, [3, 1, 0, np.nan]]
    np.testing.assert_array_equal(matrix(opened), expected)
    assert all(c.missing for c in opened.schema.columns)


def test_a_streamed_csv_widens_whole_numbers_and_says_what_it_can_not(tmp_path):
    lines = 3_000_000
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "1,2\n" * lines + "0.5,7\n")
    opened = open_data(path, memory=1)
    assert opened.n == lines + 1
    assert [c.dtype for c in opened.schema.columns] == ["float64", "int64"]
    assert opened.source.read(lines, lines + 1).tolist() == [[0.5, 7]]
    with path.open("a") as file:
        file.write("1,many\n")
    with pytest.raises(DataError, match=rf"column 'b'.*'many'.*row {lines + 1}"):
        open_data(path, memory=1)


def test_a_decimal_comma_is_understood_beside_semicolons(tmp_path):
    opened = csv(tmp_path, "a;b\n1,5;x,y\n-2,25;z\n")
    assert [c.role for c in opened.schema.columns] == ["numeric", "categorical"]
    assert matrix(opened)[:, 0].tolist() == [1.5, -2.25]


def csv(tmp_path, text, **options):
    (tmp_path / "t.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return open_data(tmp_path / "t.csv", **options)


@pytest.mark.parametrize("memory", [None, 1])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("a,b\n", "no rows"),
        ("a,b\n1,2\n\n3\n", r"t.csv: line 4 has 1 cells, expected 2"),
        ('a,b\n1,"x\ny"\n3,4,5\n', r"line 4 has 3 cells, expected 2"),
        ("a,b\n1,é\n".encode("latin1"), r"line 2 is not UTF-8"),
        ("a,a\n1,2\n", r"several columns are named 'a'"),
        (",a\n0,2\n", r"column 1 has no name.*--drop"),
        ("a,b\n1,\n2,\n", r"no value at all in column 'b'.*--drop b"),
        ("a,when,t\n1,2020-01-01,12:00:00\n", r"'when' \(date32.*'t' \(time32.*--drop when --drop t"),
        ("a,id\n" + "".join(f"{i},n{i}\n" for i in range(51)), r"'id' \(51 different.*--drop id"),
        ("a,id\n" + "".join(f"{i % 3},n{i % 1200}\n" for i in range(5000)), r"'id' \(more than 1000"),
        ("a,b\n1,2\n3,inf\n", r"column 'b': inf \(row 1\)"),
    ],
)
def test_csv_refusals(tmp_path, text, message, memory):
    with pytest.raises(DataError, match=message):
        csv(tmp_path, text, memory=memory)


FITTED = pd.DataFrame({"a": [1.5, 2], "c": ["x", "y"], "b": [True, False]})


def test_later_data_are_reordered_and_converted():
    found = open_data(FITTED).schema
    schema = replace(found, columns=tuple(replace(column, missing=True) for column in found.columns))
    later = pl.DataFrame({"b": [1, 0, None], "extra": [0, 0, 0], "a": [1, 2, 3], "c": ["y", None, "x"]})
    found = matrix(open_data(later, schema=schema, drop=["extra"]))
    np.testing.assert_array_equal(found, [[1, 1, 1], [2, np.nan, 0], [3, 0, np.nan]])


def test_categories_that_look_like_numbers_stay_text(tmp_path):
    schema = open_data(pd.DataFrame({"zip": ["01", "10", "02"]})).schema
    assert matrix(csv(tmp_path, "zip\n02\n01\n", schema=schema)).ravel().tolist() == [1, 0]
    assert matrix(open_data(pd.DataFrame({"zip": [10]}), schema=schema)).tolist() == [[2]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"drop": "a"}, r"missing column 'a'; the model needs"),
        ({"add": 1}, r"unexpected column 'add'; leave it out with --drop add"),
        ({"rename": "A"}, r"missing column 'a'; unexpected column 'A'; were columns renamed"),
        ({"c": ["x", "z"]}, r"column 'c': 'z' \(row 1\).*knows 'x', 'y'"),
        ({"a": ["1", "two"]}, r"column 'a': 'two' \(row 1\).*numbers are expected"),
        ({"b": [0, 2]}, r"column 'b': 2.0 \(row 1\) is neither true nor false"),
        ({"a": [0, -np.inf], "c": ["q", "x"]}, r"column 'a': -inf \(row 1\).*column 'c': 'q' \(row 0\)"),
        ({"a": [1, None]}, r"column 'a': '' \(row 1\) is missing; the model was fitted on data without"),
        ({"rows": 0}, "no rows"),
    ],
)
def test_later_data_that_differ_are_refused(change, message):
    later = FITTED.copy()
    if "rename" in change:
        later = later.rename(columns={"a": change["rename"]})
    elif "drop" in change:
        later = later.drop(columns=change["drop"])
    elif "rows" in change:
        later = later.iloc[:0]
    else:
        later = later.assign(**change)
    with pytest.raises(DataError, match=message):
        open_data(later, schema=open_data(FITTED).schema)


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        ({"x": [1], "y": [2]}, {"drop": ["Y"]}, r"no column 'Y'; there are x, y"),
        ({"length": [1], "y": [2]}, {"label": "lenght"}, r"did you mean 'length'"),
        ({"x": [1]}, {"drop": ["x"]}, "no column is left"),
        ({"x": [1, "a"]}, {}, r"cells of several kinds in column 'x'"),
        ({"x": [[1], [2]]}, {}, r"neither numbers.*'x' \(list"),
        ({"x": [1]}, {"kind": "images"}, "this is a table, and kind= asks for pictures"),
        ({"x": [b"1"]}, {}, r"'x' \(binary\)"),
    ],
)
def test_frames_refused(frame, options, message):
    with pytest.raises(DataError, match=message):
        open_data(pd.DataFrame(frame), **options)


@pytest.mark.parametrize("options", [{"size": (2, 2)}, {"skip_bad": True}, {"key": "x"}])
def test_options_that_mean_nothing_are_refused(options):
    with pytest.raises(InputError, match="means nothing"):
        open_data(FITTED, **options)


@pytest.mark.parametrize("ending", FILES[1:])
def test_garbled_files_are_refused(tmp_path, ending):
    path = tmp_path / f"t{ending}"
    path.write_bytes(b"this is no table")
    with pytest.raises(DataError, match="can't be read"):
        open_data(path)
