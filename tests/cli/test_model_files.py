"""A model file that is cut, garbled or written to do harm is refused: one line, exit code 2, and soon."""

import copy
import hashlib
import json
import time

import numpy as np
import pytest
from safetensors.torch import save

from isthmus import modelfile
from isthmus.cli import main

HUGE = 2**40
WRONG = (None, True, -1, HUGE, 10**30, 1e308, "x", [], {}, [[]], {"a": 1}, [1] * 1000, {"part": "Nope"})


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    """Says whether a file is refused as it should be; the folder it lies in then holds nothing else."""
    folder = tmp_path_factory.mktemp("files")

    def check(content: bytes, capfd, command="info"):
        path = folder / "m.safetensors"
        path.write_bytes(content)
        words = {"info": ["info", path], "encode": ["encode", path, "wine", "-o", folder / "c.csv"]}[command]
        began = time.monotonic()
        code = main(list(map(str, words)))
        said = capfd.readouterr()
        assert (code, said.out) == (2, ""), said
        assert said.err.startswith(f"isthmus: {path}: ")
        assert said.err.count("\n") == 1
        assert len(said.err) < 800
        assert time.monotonic() - began < 2
        assert [found.name for found in folder.iterdir()] == ["m.safetensors"]
        return said.err

    return check


def sealed(text: str, tensors) -> bytes:
    """A file with this description, whatever it is, and a digest that is right."""
    data = save(tensors, {modelfile.KEY: f"{modelfile.BLANK} {text}"})
    assert data.count(modelfile.BLANK.encode()) == 1
    return data.replace(modelfile.BLANK.encode(), hashlib.sha256(data).hexdigest().encode())


def test_the_seal_of_these_tests_is_the_program_s(wine_model, tmp_path, capfd):
    description, tensors = modelfile.read(wine_model)
    (tmp_path / "m.safetensors").write_bytes(sealed(json.dumps(description), tensors))
    assert main(["info", str(tmp_path / "m.safetensors")]) == 0
    assert main(["encode", str(tmp_path / "m.safetensors"), "wine", "-o", str(tmp_path / "c.csv")]) == 0


def test_a_file_cut_short_anywhere(wine_model, refused, capfd):
    data = wine_model.read_bytes()
    for length in [*range(0, len(data), 250), 7, 8, 9, len(data) - 1]:
        refused(data[:length], capfd)


def garbled(data: bytes, random: np.random.Generator) -> bytes:
    spoilt, at = bytearray(data), int(random.integers(len(data)))
    count = int(random.choice([1, 1, 2, 8, 100]))
    noise = random.integers(0, 256, count, dtype=np.uint8).tobytes()
    how = random.integers(4)
    if how == 0:
        spoilt[at] ^= 1 << int(random.integers(8))
    elif how == 1:
        spoilt[at : at + count] = noise
    elif how == 2:
        spoilt[at:at] = noise
    else:
        del spoilt[at : at + count]
    return bytes(spoilt)


def test_a_thousand_garbled_files(wine_model, refused, capfd):
    random, data = np.random.default_rng(0), wine_model.read_bytes()
    head = 8 + int.from_bytes(data[:8], "little")
    for i in range(1000):
        spoilt = garbled(data[:head], random) + data[head:] if i % 3 == 0 else garbled(data, random)
        if spoilt != data:
            refused(spoilt, capfd)


def put(description, path, value):
    changed = node = copy.deepcopy(description)
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return changed


def deep(count: int) -> list:
    nest: list = []
    for _ in range(count):
        nest = [nest]
    return nest


HOSTILE = {
    "many columns in": (("model", "encoder", "inputs"), [HUGE]),
    "many columns out": (("model", "decoder", "outputs"), [HUGE, HUGE]),
    "a million layers": (("model", "encoder", "hidden"), [8] * 1_000_000),
    "a wide layer": (("model", "encoder", "hidden"), [HUGE]),
    "a layer of no width": (("model", "encoder", "hidden"), [0]),
    "a negative size": (("model", "encoder", "inputs"), [-13]),
    "a wide code": (("model", "bottleneck", "latent_dim"), HUGE),
    "a code of another width": (("model", "bottleneck", "latent_dim"), 5),
    "an unknown part": (("model", "decoder", "part"), "Exec"),
    "a part in another's place": (("model", "likelihood"), {"part": "Point", "latent_dim": 4}),
    "an option unknown": (("model", "encoder", "command"), "rm"),
    "a corruption that is none": (("model", "corruption"), "x"),
    "terms that are none": (("model", "terms"), [{"part": "Point", "latent_dim": 4}]),
    "no parts": (("model",), [1, 2, 3]),
    "deep parts": (("model", "terms"), deep(300)),
    "few means": (("preparation", "means"), [0.0]),
    "few groups": (("preparation", "groups"), [["numeric", 1]] * 12),
    "many categories": (("preparation", "groups"), [["categorical", 2**20]] * 13),
    "a scale below nought": (("preparation", "scales", 0), -1.0),
    "few columns": (("schema", "columns"), [{"name": "a", "role": "numeric", "dtype": "float64"}]),
    "other roles": (("schema", "columns", 0, "role"), "boolean"),
    "pictures": (("schema", "kind"), "images"),
    "an unknown parameter": (("params", "shell"), "rm"),
    "a newer format": (("format",), 99),
    "a format that is none": (("format",), [1]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_description_under_a_right_digest(name, wine_model, refused, capfd):
    description, tensors = modelfile.read(wine_model)
    path, value = HOSTILE[name]
    content = sealed(json.dumps(put(description, path, value)), tensors)
    refused(content, capfd)
    refused(content, capfd, command="encode")


@pytest.mark.parametrize(
    "text", ["", "null", "[]", '"x"', "{", "NaN", "[" * 100_000, '{"format": 1}', '{"format": 1e999}']
)
def test_a_description_that_is_none(text, wine_model, refused, capfd):
    refused(sealed(text, modelfile.read(wine_model)[1]), capfd)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
@pytest.mark.parametrize("path", [("preparation", "means", 0), ("record", "seconds"), ("record", "validation")])
def test_numbers_that_are_none(number, path, wine_model, refused, capfd):
    description, tensors = modelfile.read(wine_model)
    text = json.dumps(put(description, path, "@")).replace('"@"', number)
    refused(sealed(text, tensors), capfd)


def test_pictures_too_large_to_try(picture_model, refused, capfd):
    description, tensors = modelfile.read(picture_model)
    for side in (2**14, 2**20):
        changed = put(put(description, ("schema", "height"), side), ("schema", "width"), side)
        changed = put(changed, ("preparation", "schema"), changed["schema"])
        refused(sealed(json.dumps(changed), tensors), capfd)
        for path, value in ((("encoder", "inputs"), [1, side, side]), (("decoder", "outputs"), [1, side, side])):
            changed = put(changed, ("model", *path), value)
        refused(sealed(json.dumps(changed), tensors), capfd)


def places(node, at=()):
    if at:
        yield at
    items = node.items() if isinstance(node, dict) else enumerate(node[:2]) if isinstance(node, list) else ()
    for key, child in items:
        yield from places(child, (*at, key))


def test_a_wrong_value_anywhere_is_refused_or_harmless(table, table_model, tmp_path, capfd):
    """Every place of a description with every kind of wrong value: used or refused, never a fault of ours."""
    description, tensors = modelfile.read(table_model)
    path = tmp_path / "m.safetensors"
    commands = (["info", path], ["encode", path, table, "-o", tmp_path / "c.npy", "--force"])
    random, refusals = np.random.default_rng(0), 0
    cases = [(place, value) for place in places(description) for value in WRONG]
    for i in random.permutation(len(cases))[:1200]:
        path.write_bytes(sealed(json.dumps(put(description, *cases[i])), tensors))
        code = main([str(word) for word in commands[i % 2]])
        said = capfd.readouterr()
        assert code in (0, 2), (cases[i], said.err)
        assert said.err.count("\n") == (code == 2), (cases[i], said.err)
        refusals += code == 2
    assert 500 < refusals < 1150
