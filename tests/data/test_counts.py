"""Counts and texts: every file gives the same matrix, sparse to the batch, and what is no count is refused by name."""

import json

import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.io
import scipy.sparse as sp

from isthmus import Autoencoder
from isthmus.data import SparseSource, fit_preparation, open_data, preparation_from_json, schema_from_json
from isthmus.errors import DataError, InputError
from isthmus.training import Batches

NAMES = [f"otu{i}" for i in range(6)]


def matrix() -> sp.csr_matrix:
    counts = np.random.default_rng(0).poisson(0.8, (9, 6))
    counts[4] = 0
    return sp.csr_matrix(counts)


def write_biom(path, x):
    with h5py.File(path, "w") as file:
        file["observation/ids"] = NAMES
        file["sample/ids"] = [f"s{i}" for i in range(9)]
        for name in ("data", "indices", "indptr"):
            file[f"sample/matrix/{name}"] = getattr(x, name)


def write_biom1(path, x):
    cells = x.T.tocoo()
    table = {
        "rows": [{"id": name} for name in NAMES],
        "columns": [{"id": f"s{i}"} for i in range(9)],
        "matrix_type": "sparse",
        "data": [[int(r), int(c), int(v)] for r, c, v in zip(cells.row, cells.col, cells.data, strict=True)],
    }
    path.write_text(json.dumps(table))


def write_h5ad(path, x):
    with h5py.File(path, "w") as file:
        for name in ("data", "indices", "indptr"):
            file[f"X/{name}"] = getattr(x, name)
        file["X"].attrs.update({"encoding-type": "csr_matrix", "shape": x.shape})
        file["layers/dense"] = x.toarray()
        file["var/gene"] = NAMES
        file["var"].attrs["_index"] = "gene"


WRITERS = {
    "a.npz": sp.save_npz,
    "b.npz": lambda path, x: sp.save_npz(path, x.tocoo()),
    "c.npz": lambda path, x: sp.save_npz(path, x.tocsc()),
    "a.mtx": lambda path, x: scipy.io.mmwrite(path, x),
    "a.biom": write_biom,
    "b.biom": write_biom1,
    "a.h5ad": write_h5ad,
    "a.csv": lambda path, x: pd.DataFrame(x.toarray(), columns=NAMES).to_csv(path, index=False),
    "a.npy": lambda path, x: np.save(path, x.toarray()),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_file_gives_the_same_sparse_matrix(tmp_path, name):
    WRITERS[name](tmp_path / name, matrix())
    opened = open_data(tmp_path / name, kind="counts")
    assert opened.kind == "counts"
    assert isinstance(opened.source, SparseSource)
    np.testing.assert_array_equal(opened.source.read(0, 9), matrix().toarray())
    rows = np.array([7, 2, 2])
    np.testing.assert_array_equal(opened.source.take(rows), matrix().toarray()[rows])
    assert opened.schema.named == name.endswith(("biom", "h5ad", "csv"))
    assert opened.schema.columns[3] == ("otu3" if opened.schema.named else "x3")
    again = open_data(tmp_path / name, schema=schema_from_json(opened.schema.to_json()))
    np.testing.assert_array_equal(again.source.read(0, 9), matrix().toarray())


def test_a_layer_of_h5ad_and_the_names_of_samples(tmp_path):
    write_h5ad(tmp_path / "a.h5ad", matrix())
    layer = open_data(tmp_path / "a.h5ad", key="layers/dense")
    np.testing.assert_array_equal(layer.source.read(0, 9), matrix().toarray())
    write_biom(tmp_path / "a.biom", matrix())
    assert open_data(tmp_path / "a.biom").names[:2] == ["s0", "s1"]


def test_columns_are_found_by_name_in_any_order(tmp_path):
    frame = pd.DataFrame(matrix().toarray(), columns=NAMES)
    schema = open_data(frame, kind="counts").schema
    turned = open_data(frame[NAMES[::-1]], schema=schema)
    np.testing.assert_array_equal(turned.source.read(0, 9), matrix().toarray())
    with pytest.raises(DataError, match="otu5"):
        open_data(frame.drop(columns="otu5"), schema=schema)


@pytest.mark.parametrize(
    ("value", "words"), [(-1.0, "-1.0 .row 2. is below 0"), (1.5, "1.5 .row 2. is no whole"), (np.nan, "is missing")]
)
def test_what_is_no_count_is_refused_by_name(value, words):
    for fit in (False, True):
        x = matrix().toarray().astype(float)
        schema = open_data(sp.csr_matrix(x)).schema if fit else None
        x[2, 3] = value
        with pytest.raises(DataError, match=f"column 'x3': .*{words}"):
            open_data(sp.csr_matrix(x), schema=schema)
        with pytest.raises(DataError, match="x3"):
            open_data(x, kind="counts", schema=schema)


def test_other_widths_and_empty_matrices_are_refused():
    schema = open_data(matrix()).schema
    with pytest.raises(DataError, match="X has 5 features, but Autoencoder is expecting 6"):
        open_data(matrix()[:, :5], schema=schema)
    with pytest.raises(DataError, match="all counts are 0"):
        open_data(sp.csr_matrix((3, 4)))
    with pytest.raises(DataError, match="two columns or more"):
        open_data(sp.csr_matrix(np.ones((3, 1))))
    assert not open_data(matrix()[4:5], schema=schema).source.read(0, 1).any(), "an empty row is a row"


def test_a_file_that_lies_is_refused(tmp_path):
    x = matrix()
    x.indices[0] = 400
    for name, writer in (("a.biom", write_biom), ("a.h5ad", write_h5ad), ("a.npz", sp.save_npz)):
        writer(tmp_path / name, x)
        with pytest.raises(DataError, match=name):
            open_data(tmp_path / name)
    (tmp_path / "a.mtx").write_text("%%MatrixMarket matrix coordinate integer general\n99999999999 3 1\n1 1 1\n")
    (tmp_path / "b.biom").write_text('{"rows": 3}')
    (tmp_path / "c.biom").write_bytes(b"\x89HDF nothing")
    for name in ("a.mtx", "b.biom", "c.biom"):
        with pytest.raises(DataError, match=name):
            open_data(tmp_path / name)


def test_batches_make_dense_only_what_they_deal():
    wide = sp.random(3000, 5000, density=1e-3, format="csr", random_state=0)
    wide.data[:] = 1.0
    opened = open_data(wide)
    largest = 0

    class Watched(SparseSource):
        def take(self, rows):
            nonlocal largest
            largest = max(largest, len(rows))
            return super().take(rows)

    preparation = fit_preparation(opened.schema, [opened.source.read(0, 10)])
    rows = np.arange(3000)
    source = Watched(opened.source.matrix)
    batches = Batches(source, preparation, rows, batch_size=64, memory=8_000_000, seed=0)
    assert batches.streamed, "60 MB once dense, of which 8 are allowed"
    total = sum(float(batch.x_B___.sum()) for batch in batches.epoch(0))
    assert total == wide.sum()
    assert largest * 5000 * 4 <= 2_000_000


def test_the_preparation_keeps_counts_and_their_mean_total():
    opened = open_data(matrix())
    preparation = fit_preparation(opened.schema, [opened.source.read(0, 5), opened.source.read(5, 9)])
    assert preparation.total == pytest.approx(matrix().sum() / 9)
    x = opened.source.read(0, 9)
    np.testing.assert_array_equal(preparation.apply(x), x)
    assert preparation_from_json(json.loads(json.dumps(preparation.to_json()))) == preparation


TEXTS = ["The cat sat on the mat.", "A dog saw the cat", "dogs bark; the cat does not", "", "the mat, the cat"]
WORDS = {"cat": 4, "mat": 2}


def text_folder(folder):
    for i, text in enumerate(TEXTS):
        (folder / f"{i}.txt").write_text(text)
    return folder


def text_lines(folder):
    (folder / "a.jsonl").write_text("\n".join(json.dumps({"text": text, "id": i}) for i, text in enumerate(TEXTS)))
    return folder / "a.jsonl"


def text_table(folder):
    pd.DataFrame({"text": TEXTS, "stars": range(5)}).to_parquet(folder / "a.parquet")
    return folder / "a.parquet"


@pytest.mark.parametrize(
    ("make", "options"),
    [(text_folder, {}), (text_lines, {}), (text_table, {"text": "text"}), (lambda folder: TEXTS, {"kind": "text"})],
)
def test_texts_become_counts_of_words(tmp_path, make, options):
    opened = open_data(make(tmp_path), max_features=5, **options)
    assert opened.schema.text
    assert len(opened.schema.columns) == 5
    x = opened.source.read(0, 5)
    for word, count in WORDS.items():
        assert x[:, opened.schema.columns.index(word)].sum() == count
    assert not x[3].any()
    schema = schema_from_json(json.loads(json.dumps(opened.schema.to_json())))
    later = open_data(make(tmp_path), schema=schema)
    np.testing.assert_array_equal(later.source.read(0, 5), x)
    unknown = open_data(["zebras Cat"], schema=schema).source.read(0, 1)
    assert unknown.sum() == unknown[0, schema.columns.index("cat")] == 1


def test_texts_without_words_or_without_a_column_are_refused(tmp_path):
    with pytest.raises(DataError, match="no words"):
        open_data(["", "?"], kind="text")
    with pytest.raises(InputError, match="--text"):
        open_data(text_table(tmp_path), kind="text")
    with pytest.raises(DataError, match=r"no column 'txet'.*text"):
        open_data(text_table(tmp_path), text="txet")
    (tmp_path / "b.jsonl").write_text('{"text": "a word"}\n{"body": "other"}')
    with pytest.raises(DataError, match="line 2 has no text under 'text'"):
        open_data(tmp_path / "b.jsonl")


def test_the_estimator_takes_texts_and_reconstructs_frames():
    model = Autoencoder("multinomial", 2, kind="text", epochs=1, random_state=0).fit(TEXTS * 4)
    assert model.transform(["a cat", "zebra"]).shape == (2, 2)
    assert list(model.feature_names_in_) == list(model.schema_.columns)
    frame = pd.DataFrame(matrix().toarray(), columns=NAMES, index=list("abcdefghi"))
    rebuilt = Autoencoder(kind="counts", latent_dim=2, epochs=1, random_state=0).fit(frame).reconstruct(frame)
    assert list(rebuilt.columns) == NAMES
    assert list(rebuilt.index) == list(frame.index)
    np.testing.assert_allclose(rebuilt.sum(axis=1), frame.sum(axis=1), rtol=1e-5)


def test_the_moving_pictures_table_is_the_same_in_two_formats(real_data):
    folder = real_data / "counts"
    one, other = (open_data(folder / f"moving_pictures.{ending}") for ending in ("biom", "npz"))
    assert one.schema.columns[0] in other.schema.columns
    assert open_data(folder / "moving_pictures.npz", schema=one.schema).source.matrix.sum() == one.source.matrix.sum()


def test_the_command_line_fits_encodes_and_reports_counts_and_texts(tmp_path, monkeypatch):
    from isthmus.cli import main

    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(0).poisson(2.0, (30, 6))
    pd.DataFrame(x, columns=NAMES).to_csv("a.csv", index=False)
    pd.DataFrame({"say": TEXTS * 4, "stars": range(20)}).to_csv("t.csv", index=False)
    short = ["--recipe", "multinomial", "--latent-dim", "2", "--epochs", "2", "-q"]
    assert main(["fit", "a.csv", "--kind", "counts", *short]) == 0
    assert "Largest counts" in (tmp_path / "a.html").read_text()
    assert main(["encode", "a.safetensors", "a.csv", "-o", "codes.csv"]) == 0
    assert main(["reconstruct", "a.safetensors", "a.csv", "-o", "back.csv"]) == 0
    rebuilt = pd.read_csv("back.csv")
    assert list(rebuilt.columns) == NAMES
    np.testing.assert_allclose(rebuilt.sum(axis=1), x.sum(1), rtol=1e-5)
    assert main(["fit", "t.csv", "--text", "say", "--max-features", "4", *short]) == 0
    assert main(["encode", "t.safetensors", "t.csv", "-o", "codes.npy"]) == 0
    assert main(["info", "t.safetensors"]) == 0
    assert np.load("codes.npy").shape == (20, 2)


def test_the_command_that_a_fit_prints_reads_a_folder_of_texts_again(tmp_path, monkeypatch, capsys):
    from isthmus.cli import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes").mkdir()
    for i, text in enumerate(TEXTS * 4):
        (tmp_path / "notes" / f"{i}.txt").write_text(text)
    assert main(["fit", "notes", "--latent-dim", "2", "--epochs", "1", "--no-report"]) == 0
    printed = capsys.readouterr().out.replace("\n", " ").split("in full: isthmus ")[1].split()
    assert main([*printed, "--force", "--no-report", "-q"]) == 0


def test_a_frame_of_texts_says_how_to_name_the_column():
    frame = pd.DataFrame({"words": TEXTS})
    with pytest.raises(InputError, match=r"--text .*open_data\(\.\.\., text=\.\.\.\)"):
        Autoencoder("multinomial", kind="text").fit(frame)
    assert Autoencoder("multinomial", latent_dim=1, epochs=1).fit(open_data(frame, text="words")).schema_.text
