"""Whatever is shown is run: README and pages, examples, docstrings; tables agree with the kept results."""

import doctest
import re
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
