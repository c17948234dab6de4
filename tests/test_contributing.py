"""The worked example of CONTRIBUTING.md is true, and the table keeps what it promises."""

import ast
import inspect
import os
import re
import shutil
import statistics
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from isthmus import recipes

ROOT = Path(__file__).resolve().parents[1]
BLOCKS = re.findall(r"```python\n# (\S+)\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)
USE = """
import numpy as np, sys
from isthmus import Autoencoder, recipes
from isthmus.cli import main
from sklearn.datasets import load_wine
X = load_wine().data
for name, options in (("sharp-vae", {"strength": 0.1}), ("sphere", {})):
    assert name in recipes.names()
    model = Autoencoder(name, latent_dim=3, epochs=3, options=options, random_state=0).fit(X)
    model.save(sys.argv[1])
    codes = Autoencoder.load(sys.argv[1]).transform(X)
    assert codes.tobytes() == model.transform(X).tobytes() and codes.shape == (178, 3)
    assert np.isfinite(model.score_samples(X)).all()
assert np.allclose(np.linalg.norm(codes, axis=1), 1)
assert main(["fit", "wine", "--recipe", "sphere", "--epochs", "1", "-o", sys.argv[1], "--force", "-q"]) == 0
assert main(["recipes"]) == 0
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the package into which every block was appended, and nothing else changed but one import."""
    folder = tmp_path_factory.mktemp("contributed")
    for part in ("src", "tests"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name, block in BLOCKS:
        with (folder / name).open("a") as file:
            file.write(f"\n\n{block}")
    family = folder / BLOCKS[0][0]
    if not re.search(r"\bL1\b", family.read_text().partition("@recipe")[0]):
        family.write_text(
            family.read_text().replace(
                "from isthmus.parts import", "from isthmus.parts import L1\nfrom isthmus.parts import", 1
            )
        )
    return folder


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(folder / "src")}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=180
    )


def test_a_recipe_touches_one_file_and_an_idea_three():
    files = [name for name, _ in BLOCKS]
    assert files[0] == "src/isthmus/recipes/variational.py"
    assert [Path(name).parts[-2] for name in files[1:]] == ["parts", "recipes", "tests"]


def test_the_worked_example_fits_saves_and_is_listed(copy, tmp_path):
    done = run(copy, "-c", USE, str(tmp_path / "m.safetensors"))
    assert done.returncode == 0, done.stderr
    assert "sphere" in done.stdout


def test_the_worked_theorem_holds(copy):
    """The last block with its imports, as its file has them."""
    theorem = "import torch\nfrom isthmus.parts.bottlenecks import Sphere\n" + BLOCKS[-1][1]
    name = re.search(r"def (\w+)", BLOCKS[-1][1])[1]
    done = run(copy, "-c", f"{theorem}\n{name}()")
    assert done.returncode == 0, done.stderr


def test_recipes_are_short():
    """Lines of each function without its docstring."""
    lengths = {}
    for name in recipes.names():
        node = ast.parse(textwrap.dedent(inspect.getsource(recipes.get(name).make))).body[0]
        lengths[name] = len(ast.unparse(ast.Module(node.body[1:], [])).splitlines()) + 1
    assert statistics.median(lengths.values()) < 10
    assert max(lengths.values()) <= 30, max(lengths, key=lengths.get)


FOLDERS = [ROOT / "src/isthmus" / folder for folder in ("recipes", "parts")]
TRAINING = re.compile(r"\.backward\(|torch\.optim|\boptim\.|import optim|isthmus\.training|\.zero_grad\(")


def test_no_recipe_and_no_part_trains():
    found = [
        f"{path.name}: {match[0]}"
        for folder in FOLDERS
        for path in folder.rglob("*.py")
        for match in TRAINING.finditer(path.read_text())
    ]
    assert not found
    for planted in (
        "loss.backward()",
        "torch.optim.Adam(w)",
        "from torch import optim",
        "from isthmus.training import x",
    ):
        assert TRAINING.search(planted), planted
