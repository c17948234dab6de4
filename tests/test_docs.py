"""Whatever is shown is run: README and pages, examples, docstrings; tables agree with the kept results."""

import doctest
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import isthmus.autoencoder

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCKS = [
    pytest.param(block, id=f"{page.name}-{i}")
    for page in PAGES
    for i, block in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL))
]


@pytest.mark.parametrize("block", BLOCKS)
def test_python_in_the_pages_runs(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "page", "exec"), {})


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.stem)
def test_examples_run(example, tmp_path):
    done = subprocess.run([sys.executable, str(example)], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_docstring_example():
    assert doctest.testmod(isthmus.autoencoder).failed == 0


def test_tables_in_the_pages_are_the_kept_results():
    done = subprocess.run([sys.executable, str(ROOT / "docs" / "tables.py"), "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def recipes_page(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(folder / "docs" / "recipes_page.py"), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_the_page_of_recipes_is_what_the_code_says():
    done = recipes_page(ROOT, "--check")
    assert done.returncode == 0, done.stderr


def test_evidence_and_catalogue_reach_the_page_of_recipes(tmp_path):
    """A stale page is found; figures of evidence and of the catalogue stand in the page once it is written anew."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    results = tmp_path / "benchmarks" / "results"
    results.mkdir(parents=True)
    entry = {"claim": "It spans a plane.", "figures": {"largest angle, rad": 0.01234}}
    (results / "evidence_x.json").write_text(json.dumps({"machine": "m", "ae": entry}))
    figures = {"error": 9.876, "rate": 0.0, "active": 7, "epochs": 3, "seconds": 1.0}
    told = {"minutes": 0.1, "rows": 900, "latent_dim": 16, "batch": 128, "judged": 100, "pixels": 784, "draws": 100}
    told |= {"bounded": 100, "data": "MNIST", "pythae": "0.1.2", "machine": "m", "results": {"ae": figures}}
    (results / "catalogue.json").write_text(json.dumps(told))
    assert "stale: docs/recipes.md" in recipes_page(tmp_path, "--check").stderr
    assert recipes_page(tmp_path).returncode == 0
    assert recipes_page(tmp_path, "--check").returncode == 0
    page = (tmp_path / "docs" / "recipes.md").read_text()
    assert "It spans a plane. Measured: largest angle, rad 0.01234." in page
    assert "| ae | 9.88 |  | 0.0 | 7 | 3 | 1 |" in page
    (results / "evidence_x.json").write_text(json.dumps({"no-such": entry}))
    assert "no-such" in recipes_page(tmp_path).stderr


def test_links_lead_somewhere():
    for page in PAGES:
        for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            if "://" not in link:
                assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_help_names_every_command_of_the_readme():
    text = (ROOT / "README.md").read_text()
    help_text = subprocess.run([sys.executable, "-m", "isthmus", "--help"], capture_output=True, text=True).stdout
    for command in set(re.findall(r"^isthmus (\w+)", text, re.MULTILINE)):
        assert re.search(rf"^  {command} ", help_text, re.MULTILINE), command
