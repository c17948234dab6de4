"""Whatever a user gives: exit code 2, one line that says what was wrong, and nothing left behind."""

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_wine

KEPT = (".jsonl", ".checkpoint.safetensors")  # what a fit that fails midway may leave: nothing learned is lost
TINY = ("--epochs", "1", "--hidden", "8")


# ---- options

OPTIONS = [
    (("--latent-dim", "0"), "latent_dim=0"),
    (("--latent-dim", "-1"), "latent_dim=-1"),
    (("--latent-dim", "many"), "'many': write a whole number, or auto"),
    (("--recipe", "vea"), "did you mean 'vae'"),
    (("--recipe", "vae", "--set", "betta=2"), "did you mean 'beta'"),
    (("--recipe", "vae", "--set", "beta"), "beta=4"),
    (("--recipe", "vae", "--set", "beta=-1"), "beta=-1"),
    (("--recipe", "vae", "--set", "beta=nan"), "beta"),
    (("--recipe", "ae", "--set", "noise=inf"), "noise"),
    (("--epochs", "0"), "epochs=0"),
    (("--minutes", "0"), "minutes=0"),
    (("--minutes", "inf"), "minutes=inf"),
    (("--batch-size", "0"), "batch_size=0"),
    (("--learning-rate", "0"), "learning_rate=0"),
    (("--learning-rate", "nan"), "learning_rate=nan"),
    (("--weight-decay", "-1"), "weight_decay=-1"),
    (("--weight-decay", "inf"), "weight_decay=inf"),
    (("--hidden", "8,,8"), "512,256"),
    (("--hidden", "0"), "hidden"),
    (("--activation", "rleu"), "relu"),
    (("--network", "cnn"), "conv"),
    (("--corruption", "gausian:0.1"), "gaussian"),
    (("--corruption", "gaussian"), "gaussian:0.1"),
    (("--penalty", "l2=1"), "l1"),
    (("--penalty", "l1=-1"), "0 or more"),
    (("--penalty", "l1=much"), "number"),
    (("--penalty", "l1=inf"), "penalty l1=inf: strength=inf: give a finite number, 0 or more"),
    (("--penalty", "contractive=nan"), "penalty contractive=nan: strength=nan: give a finite number, 0 or more"),
    (("--likelihood", "gaussian:inf"), "likelihood='gaussian:inf': scale=inf: give a finite number above 0"),
    (("--likelihood", "laplace:nan"), "likelihood='laplace:nan': scale=nan: give a finite number above 0"),
    (("--corruption", "gaussian:inf"), "corruption='gaussian:inf': std=inf: give a finite number, 0 or more"),
    (("--corruption", "masking:nan"), "corruption='masking:nan': share=nan: give a share from 0 to 1"),
    (("--recipe", "vq", "--set", "codebook=1"), "codebook=1: give a whole number, from 2"),
    (("--recipe", "vq", "--set", "commitment=-1"), "recipe 'vq' with commitment=-1"),
    (("--patience", "5", "--validation", "0"), "validation"),
    (("--likelihood", "gauss"), "gaussian"),
    (("--validation", "1.5"), "1.5"),
    (("--validation", "178"), "178"),
    (("--validation", "nowhere.csv"), "nowhere.csv"),
    (("--patience", "soon"), "soon"),
    (("--patience", "0"), "patience"),
    (("--precision", "float8"), "float8"),
    (("--device", "tpu"), "tpu"),
    (("--seed", "-1"), "-1"),
    (("--memory", "much"), "500MB"),
    (("--size", "8x8"), "size"),
    (("--shift", "2"), "shift"),
    (("--checkpoint-every", "nan"), "checkpoint"),
    (("--drop", "nothing"), "nothing"),
    (("--label", "nothing"), "nothing"),
    (("--kind", "sounds"), "sounds"),
    (("--colour",), "--colour"),
]


@pytest.mark.parametrize(("words", "named"), OPTIONS, ids=[" ".join(words) for words, _ in OPTIONS])
def test_an_option_that_cannot_be(refused, words, named):
    assert named in refused("fit", "wine", "--epochs", "1", *words)


# ---- data


def plain(n=30, d=3):
    return np.random.default_rng(0).normal(size=(n, d))


ARRAYS = {
    "nan": (np.full((20, 3), np.nan), "no value at all"),
    "infinity": (np.where(np.eye(20, 3) > 0, np.inf, 1.0), "infinity"),
    "objects": (np.array([["a", None], [1, 2]], object), "pickles are refused"),
    "zero rows": (plain(0), "nothing in it"),
    "zero columns": (plain(5, 0), "nothing in it"),
    "one row": (plain(1), "1 row"),
    "one axis": (np.arange(5.0), "reshape"),
    "a number": (np.array(5.0), "reshape"),
    "complex": (plain() + 1j, "complex"),
    "words": (np.array([["a", "b"]] * 5), "named columns"),
    "five axes": (np.zeros((3, 2, 2, 2, 2), np.uint8), "pictures"),
    "too large": (plain() * 1e300, "too large"),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_that_cannot_be_learned(refused, name, tmp_path):
    array, named = ARRAYS[name]
    np.save(tmp_path / "x.npy", array, allow_pickle=True)
    assert named in refused("fit", "x.npy", *TINY)


TABLES = {
    "nothing": (b"", "empty"),
    "a header only": (b"a,b\n", "no rows"),
    "one row": (b"a,b\n1,2\n", "1 row"),
    "a ragged line": (b"a,b\n1,2\n3,4,5\n6,7\n", "line 3"),
    "not UTF-8": (b"a,b\n1,\xff\n2,3\n", "line 2"),
    "two columns of one name": (b"a,a\n1,2\n3,4\n", "'a'"),
    "identifiers": (b"a,b\n" + b"".join(b"%d,name%d\n" % (i, i) for i in range(300)), "--drop b"),
    "an empty column": (b"a,b\n1,\n2,\n", "--drop b"),
    "infinity": (b"a,b\n1,inf\n2,3\n", "inf"),
    "bytes": (bytes(range(256)) * 4, "x.csv"),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_cannot_be_learned(refused, name, tmp_path):
    content, named = TABLES[name]
    (tmp_path / "x.csv").write_bytes(content)
    assert named in refused("fit", "x.csv", *TINY)


@pytest.mark.parametrize("ending", ["npy", "npz", "parquet", "feather", "png", "txt", "safetensors"])
def test_a_file_that_is_not_what_its_name_says(refused, ending, tmp_path):
    (tmp_path / f"data.{ending}").write_bytes(b"not what you think" * 50)
    assert f"data.{ending}" in refused("fit", f"data.{ending}", *TINY, "-o", "m.safetensors")


def test_data_that_are_not_there(refused, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "did you mean 'digits'" in refused("fit", "digit", *TINY)
    assert "no pictures" in refused("fit", "empty", *TINY)
    assert "no such model" in refused("info", "m.safetensors")
    assert "is a directory" in refused("info", "empty").lower()


OTHER_TABLES = {
    "an unknown category": (lambda text: text.replace("red", "violet"), "violet"),
    "a missing column": (lambda text: "\n".join(line.rpartition(",")[0] for line in text.split("\n")), "'flag'"),
    "a renamed column": (lambda text: text.replace("colour", "color"), "renamed"),
    "a column more": (lambda text: "\n".join(f"{line},1" for line in text.split()).replace(",1", ",more", 1), "more"),
    "text for a number": (lambda text: text.replace(",8,", ",eight,", 1), "eight"),
    "a number far away": (lambda text: text.replace("\n0.", "\n3e300,red,0,0,true\n0.", 1), "3e+300"),
}


@pytest.mark.parametrize("name", OTHER_TABLES)
@pytest.mark.parametrize("command", ["encode", "reconstruct", "report"])
def test_a_table_of_another_kind_than_the_model_s(refused, name, command, table, table_model, tmp_path):
    change, named = OTHER_TABLES[name]
    text = change(table.read_text())
    assert text != table.read_text()
    (tmp_path / "x.csv").write_text(text)
    out = "out.html" if command == "report" else "out.csv"
    assert named in refused(command, table_model, "x.csv", "-o", out)


@pytest.mark.parametrize("ending", ["npy", "parquet"])
def test_missing_cells_for_a_model_that_was_fitted_on_none(refused, wine_model, ending, tmp_path):
    rows = load_wine(as_frame=True).data
    rows.iloc[5, 2] = np.nan
    np.save(tmp_path / "x.npy", rows.to_numpy())
    rows.to_parquet(tmp_path / "x.parquet")
    message = refused("encode", wine_model, f"x.{ending}", "-o", "c.csv")
    assert "'ash'" in message
    assert "without missing cells" in message
    assert "'ash'" in refused("fit", "wine", *TINY, "--validation", f"x.{ending}")


@pytest.mark.parametrize("size", [1e18, 1e30, 1e300])
def test_an_outlier_beyond_reason_among_rows_held_out(refused, size, tmp_path):
    np.save(tmp_path / "learn.npy", plain())
    np.save(tmp_path / "held.npy", np.vstack([plain(), np.full((1, 3), size)]))
    assert f"{size:g}" in refused("fit", "learn.npy", *TINY, "--validation", "held.npy", left=KEPT)


# ---- pictures


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "data"
    place.mkdir()
    for i in range(6):
        Image.fromarray(np.full((10, 12), 40 * i, np.uint8)).save(place / f"{i}.png")
    return place


def spoil_text(folder):
    (folder / "bad.png").write_text("I am no picture")


def spoil_cut(folder):
    noise = np.random.default_rng(0).integers(0, 256, (10, 12), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "bad.png")
    data = (folder / "bad.png").read_bytes()
    (folder / "bad.png").write_bytes(data[: len(data) * 2 // 3])


def spoil_bomb(folder):
    Image.new("1", (20_000, 20_000)).save(folder / "bad.png")


@pytest.mark.parametrize("spoil", [spoil_text, spoil_cut, spoil_bomb])
def test_a_bad_picture_is_named_or_passed_over_and_counted(refused, isthmus, folder, spoil):
    spoil(folder)
    message = refused("fit", "data", *TINY)
    assert "1 of 7" in message
    assert "bad.png" in message
    assert "--skip-bad" in message
    said = isthmus("fit", "data", *TINY, "--network", "dense", "--skip-bad", "--no-report")
    assert said.code == 0
    assert said.err.startswith("skipped 1: bad.png")
    assert "6 rows" in said.out


def test_pictures_of_several_sizes(refused, folder, picture_model):
    Image.new("L", (5, 7)).save(folder / "odd.png")
    assert "--size 10x12" in refused("fit", "data", *TINY)
    (folder / "odd.png").unlink()
    for path in folder.iterdir():
        Image.new("L", (9, 9)).save(path)
    assert "--size 10x12" in refused("encode", picture_model, "data", "-o", "c.csv")
    assert "table" in refused("encode", picture_model, "wine", "-o", "c.csv")


def test_a_folder_that_is_not_there(refused):
    assert "no such file or folder" in refused("fit", "photos/", *TINY)
