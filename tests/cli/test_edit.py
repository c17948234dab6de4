"""`isthmus edit`: changes learned from labels, transformations and pairs do what they say, and what is refused."""

import json

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression

from isthmus import Autoencoder, open_data
from isthmus.cli import main
from isthmus.data.transformations import brighten, turn

LEARNED, NEW = np.arange(1400), np.arange(1400, 1500)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A model of digits, the digits that it learned and others, as files."""
    folder = tmp_path_factory.mktemp("digits")
    data = open_data("digits")
    pictures = data.source.read(0, data.n)
    np.savez(folder / "learned.npz", x=pictures[LEARNED], y=data.labels[LEARNED])
    np.save(folder / "new.npy", pictures[NEW])
    words = ("--epochs", "25", "--hidden", "128", "--network", "dense", "--no-report", "-q", "--seed", "0")
    path = folder / "model.safetensors"
    np.save(folder / "plain.npy", pictures[LEARNED])
    assert (
        main(["fit", str(folder / "plain.npy"), "--recipe", "ae", "--latent-dim", "24", "-o", str(path), *words]) == 0
    )
    return folder


@pytest.fixture(scope="module")
def digits():
    data = open_data("digits")
    return data.source.read(0, data.n), data.labels.astype(str)


def off(one, other):
    return float(((one.astype(float) - other.astype(float)) ** 2).mean())


@pytest.fixture
def edited(isthmus, place, tmp_path):
    """Edits the new digits; gives what they became, and what was said."""

    def run(*words, data="new.npy", output="out.npy"):
        said = isthmus("edit", place / "model.safetensors", place / data, *words, "-o", tmp_path / output, "--force")
        assert said.code == 0, said.err
        return np.load(tmp_path / output), said.out

    return run


def test_a_turn_is_nearer_to_the_turned_pictures(edited, place, digits):
    new = digits[0][NEW]
    there, _ = edited("--turn", 15, "--fitted-to", place / "plain.npy")
    back, _ = edited("--turn", 15, "--amount", -1, "--fitted-to", place / "plain.npy")
    assert off(there, turn(new, 15)) < 0.5 * off(new, turn(new, 15))
    assert off(back, turn(new, -15)) < 0.9 * off(new, turn(new, -15))
    kept, _ = edited("--turn", 15, "--fitted-to", place / "plain.npy", "--keep-detail")
    assert off(kept, turn(new, 15)) < 0.7 * off(new, turn(new, 15))


def test_detail_is_kept_where_nothing_changes(edited, place, digits):
    words = ("--turn", 15, "--fitted-to", place / "plain.npy", "--amount", 1e-9)
    np.testing.assert_array_equal(edited(*words, "--keep-detail")[0], digits[0][NEW])
    rebuilt = Autoencoder.load(place / "model.safetensors").reconstruct_raw(open_data(digits[0][NEW]))
    np.testing.assert_array_equal(edited(*words)[0], rebuilt)


def test_more_and_less_of_a_label(edited, place, digits):
    pictures, labels = digits
    judge = LogisticRegression(max_iter=2000).fit(pictures[LEARNED].reshape(-1, 64) / 255, labels[LEARNED])
    column = list(judge.classes_).index("0")

    def zeros(*words):
        rows, _ = edited(*words, "--fitted-to", place / "learned.npz", "--key", "x", "--label", "y")
        return judge.predict_proba(rows.reshape(-1, 64) / 255)[:, column].mean()

    usual = judge.predict_proba(pictures[NEW].reshape(-1, 64) / 255)[:, column].mean()
    assert zeros("--more", "0") > usual + 0.3
    assert zeros("--more", "0", "--how", "probe") > usual + 0.3
    assert zeros("--less", "0") < 0.5 * usual


def test_a_direction_apart_from_another_leaves_that_one_alone(edited, place):
    estimator = Autoencoder.load(place / "model.safetensors")
    found = {}
    for label, others in (("1", ()), ("1", ("7",)), ("7", ())):
        from isthmus.jobs.edit import learn_attribute

        data = open_data(place / "learned.npz", key="x", label="y", schema=estimator.schema_)
        found[label, others] = learn_attribute(estimator, data, label, apart_from=others).direction_Z
    seven = found["7", ()] / np.linalg.norm(found["7", ()])
    assert abs(found["1", ("7",)] @ seven) < 1e-9 < abs(found["1", ()] @ seven)


def write(folder, names, pictures):
    folder.mkdir()
    for name, picture in zip(names, pictures, strict=True):
        Image.fromarray(picture[..., 0]).save(folder / name)
    return folder


def test_pairs_are_matched_by_name_or_by_order(edited, digits, tmp_path):
    before = digits[0][LEARNED[:60]]
    after, names = brighten(before, -0.3), [f"{i:02d}" for i in range(60)]
    np.save(tmp_path / "before.npy", before)
    np.save(tmp_path / "after.npy", after)
    by_order, _ = edited("--pairs", tmp_path / "before.npy", tmp_path / "after.npy")
    order = np.random.default_rng(0).permutation(60)
    one = write(tmp_path / "one", [f"{names[i]}.png" for i in order], before[order])
    two = write(tmp_path / "two", [f"{name}.bmp" for name in names], after)
    by_name, said = edited("--pairs", one, two)
    np.testing.assert_array_equal(by_name, by_order)
    assert "half of them stay on the data" in said
    new = digits[0][NEW]
    assert off(by_name, brighten(new, -0.3)) < 0.5 * off(new, brighten(new, -0.3))


def test_how_far_it_can_go(edited, place, isthmus):
    words = ("--fitted-to", place / "learned.npz", "--key", "x", "--label", "y", "--json")
    more, less = (json.loads(edited(way, "3", *words)[1])["reach"] for way in ("--more", "--less"))
    assert len(more) == len(less) == 100
    assert 0 <= min(more) <= max(more) <= 4
    assert min(less) >= 0  # in the amounts that are given
    far = json.loads(edited("--more", "3", "--amount", "2", *words)[1])["reach"]
    assert np.median(far) == pytest.approx(np.median(more), abs=0.5)  # the same way, in other steps


def test_few_pairs_dont_tell_how_far(edited, place, digits, tmp_path):
    np.save(tmp_path / "few.npy", digits[0][:5])
    words = ("--pairs", tmp_path / "few.npy", tmp_path / "few.npy")
    assert "name training ones with --fitted-to" in edited(*words)[1]
    assert json.loads(edited(*words, "--json")[1])["reach"] == [None] * 100
    assert "stay on the data" in edited(*words, "--fitted-to", place / "plain.npy")[1]


@pytest.mark.parametrize("name", ["a.png", "a.npy"])
def test_the_same_edit_has_the_same_bytes(isthmus, place, tmp_path, name):
    words = ("edit", place / "model.safetensors", place / "new.npy", "--zoom", 1.2, "--fitted-to", place / "plain.npy")
    written = []
    for _ in range(2):
        assert isthmus(*words, "-o", tmp_path / name, "--force", "-q").code == 0
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]


def test_one_row_and_a_table(isthmus, place, digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("one.npy", digits[0][:1])
    words = ("edit", place / "model.safetensors", "one.npy", "--right", 1, "--fitted-to", place / "plain.npy")
    assert isthmus(*words, "-o", "one.png").code == 0
    with Image.open("one.png") as sheet:
        assert sheet.size == (48, 99)
    assert (
        isthmus("fit", "wine", "--recipe", "vae", "--epochs", 3, "--no-report", "-q", "-o", "w.safetensors").code == 0
    )
    for more in ((), ("--keep-detail",)):
        words = ("edit", "w.safetensors", "wine", "--more", "2", "--fitted-to", "wine", "-o", "w.csv", "--force")
        assert isthmus(*words, *more).code == 0


def test_what_is_refused(refused, place, table, table_model, pictures, tmp_path, digits):
    model, new, learned = place / "model.safetensors", place / "new.npy", place / "plain.npy"

    def said(*words, data=new, output="a.npy", fitted_to=("--fitted-to", learned)):
        return refused("edit", model, data, *words, *fitted_to, "-o", output)

    labelled = ("--fitted-to", place / "learned.npz", "--key", "x", "--label", "y")
    np.save(tmp_path / "few.npy", digits[0][:5])
    write(tmp_path / "one", ["a.png", "b.png"], digits[0][:2])
    write(tmp_path / "two", ["a.png", "c.png"], digits[0][:2])
    assert "0 changes are asked for: give one of --more, --less, --turn" in said()
    assert "2 changes are asked for" in said("--turn", 5, "--zoom", 2)
    assert "--zoom 0.0: give a finite number above 0" in said("--zoom", 0)
    assert "--turn inf" in said("--turn", "inf")
    assert "--amount 0.0: give a number other than 0" in said("--turn", 5, "--amount", 0)
    assert "--amount nan" in said("--turn", 5, "--amount", "nan")
    assert "name them with --fitted-to" in said("--turn", 5, fitted_to=())
    assert "--apart-from goes with --more and --less" in said("--turn", 5, "--apart-from", "x")
    assert "no labels" in said("--more", "3")
    assert "no row has the label 'three'" in said("--more", "three", fitted_to=labelled)
    assert "no row has the label '33': did you mean '3'?" in said("--more", "3", "--apart-from", 33, fitted_to=labelled)
    assert "nothing but the others" in said("--more", "3", "--apart-from", "3", fitted_to=labelled)
    assert "choose one of means, probe" in said("--more", "3", "--how", "x", fitted_to=labelled)
    assert "8x8" in said("--turn", 5, data=pictures)
    assert "5 rows and 100 that they become" in said("--pairs", "few.npy", new, fitted_to=())
    assert "2 pictures have no partner of the same name in the other folder, such as b" in said("--pairs", "one", "two")
    assert "are table, not pictures" in refused(
        "edit", table_model, table, "--turn", 5, "--fitted-to", table, "-o", "a.csv"
    )
    assert "are table, not pictures" in refused(
        "edit", table_model, table, "--more", 5, "--fitted-to", table, "-o", "a.png"
    )
