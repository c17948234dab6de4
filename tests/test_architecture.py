"""Arrows only go down, importing is cheap, and the facade is true; each of these is shown to be able to fail."""

import ast
import importlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import isthmus

REPOSITORY = Path(__file__).resolve().parents[1]
SOURCE = REPOSITORY / "src" / "isthmus"


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"]
    code = f"import sys; sys.path.insert(0, {str(folder / 'src')!r})\n"
    command[2] = code + command[2]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    ("file", "planted", "named"),
    [
        ("parts/terms.py", "import isthmus.training.loop", "isthmus.parts.terms -> isthmus.training.loop"),
        ("data/schema.py", "import torch", "isthmus.data.schema -> torch"),
        ("training/step.py", "import isthmus.data.schema", "isthmus.training.step -> isthmus.data.schema"),
        ("jobs/reduce.py", "import isthmus.cli.app", "isthmus.jobs.reduce -> isthmus.cli.app"),
    ],
)
def test_a_planted_import_is_found_by_name(tmp_path, file, planted, named):
    shutil.copytree(REPOSITORY / "src", tmp_path / "src")
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    target = tmp_path / "src" / "isthmus" / file
    target.write_text(target.read_text() + f"\n{planted}\n")
    result = lint_imports(tmp_path)
    assert result.returncode == 1
    assert named in result.stdout


def test_the_facade_is_true():
    for name in isthmus.__all__:
        assert getattr(isthmus, name) is not None
    assert set(isthmus.__all__) <= set(dir(isthmus))
    with pytest.raises(AttributeError, match="no attribute 'Autoencodr'"):
        _ = isthmus.Autoencodr
    for room in ("data", "training", "parts"):
        module = importlib.import_module(f"isthmus.{room}")
        assert all(hasattr(module, name) for name in module.__all__)


@pytest.mark.parametrize(
    "command", ["import isthmus", "import isthmus.cli.app", "from isthmus.cli import main; main(['-h'])"]
)
def test_heavy_libraries_wait_until_needed(command):
    heavy = "{'torch', 'sklearn', 'numpy', 'scipy', 'pyarrow', 'PIL', 'rich'}"
    code = f"{command}\nimport sys; found = {heavy} & set(sys.modules); assert not found, found"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)


def test_a_plain_fit_opens_no_room_of_restoration():
    code = "import isthmus.cli.fitting, sys; assert 'isthmus.restoration' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)


def functions():
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield path.relative_to(SOURCE), node


def code_lines(node) -> int:
    documented = ast.get_docstring(node) is not None and len(node.body) > 1
    first = node.body[1] if documented else node.body[0]
    return (node.end_lineno or 0) - first.lineno + 2


def test_functions_stay_short():
    lengths = {f"{path}:{node.name}": code_lines(node) for path, node in functions()}
    ordered = sorted(lengths.values())
    assert ordered[len(ordered) // 2] <= 8
    assert ordered[int(0.9 * len(ordered))] <= 30
    assert not {name: lines for name, lines in lengths.items() if lines > 60}


BACKWARD = ["training/density.py", "training/step.py"]
"""The step of the one loop, and the fit of a density to codes that stand, which has no model and no data of its own."""


def test_only_training_calls_backward_and_nothing_is_pickled():
    text = {path.relative_to(SOURCE): path.read_text() for path in SOURCE.rglob("*.py")}
    assert sorted(str(path) for path, code in text.items() if ".backward()" in code) == BACKWARD
    for unsafe in ("import pickle", "torch.load(", "allow_pickle=True", "joblib"):
        assert not [path for path, code in text.items() if unsafe in code], unsafe
