"""Writes docs/recipes.md from the table of recipes and from what benchmarks kept of them. Run by `make docs`.

`--check` writes nothing and fails if the page is stale; a test runs it so. What shows a recipe right comes from
benchmarks/results/evidence_*.json, each {"recipe": {"claim": one sentence, "figures": {name: number}}}; a second claim
of the same recipe is called "recipe, something".
"""

import json
import sys
from pathlib import Path
from typing import Any

from tables import table

from isthmus import recipes

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "recipes.md"
HEAD = """# Recipes

Every named autoencoder, written by `docs/recipes_page.py` from the code: change the recipe's function, then `make docs`.
`isthmus recipes` prints the same; `isthmus fit DATA --recipe NAME --set OPTION=VALUE` uses one. Whatever the recipe,
`--corruption` and `--penalty` add to it.
"""
CATALOGUE = """
## Side by side

`benchmarks/catalogue.py`: {minutes:g} minutes of training each on {rows:,} {data} pictures, one and the same body, {latent_dim} code
values, batches of {batch}; judged on the {judged:,} test pictures by the same code. Error is the squared error of a picture, its
{pixels} pixels between 0 and 1. NLL is minus the importance-weighted bound with {draws} draws on the first {bounded:,} test
pictures, in nats: of grey pixels, so a cross-entropy rather than a density, and comparable within this table alone; rate in
nats. (`pixel-vae` is made for black and white pixels: of grey ones neighbours tell so much that its code stays unused.)
Active units are code values whose mean varies by more than 0.01 (Burda et al. 2016).
Pythae {pythae} trained the same networks in its own trainer. Machine: {machine}.
"""
COLUMNS = {
    "error": "{:.2f}", "nll": "{:.1f}", "rate": "{:.1f}", "active": "{}", "epochs": "{}", "seconds": "{:.0f}",
}  # fmt: skip


def page() -> str:
    evidence, names = kept_evidence(), recipes.names()
    unknown = sorted(evidence.keys() - {*names})
    if unknown:
        sys.exit(f"evidence of recipes that are not in the table: {unknown}")
    rows = [(f"[{name}](#{name})", recipes.get(name).summary, kinds(name)) for name in names]
    sections = [section(name, evidence.get(name, [])) for name in names]
    return "\n".join([HEAD, table(("recipe", "what it is", "data"), rows), catalogue(), *sections])


def kinds(name: str) -> str:
    return ", ".join(recipes.get(name).kinds)


def kept_evidence() -> dict[str, list[dict[str, Any]]]:
    """All evidence by recipe, in the files' order."""
    found: dict[str, list[dict[str, Any]]] = {}
    for file in sorted(RESULTS.glob("evidence_*.json")):
        for name, entry in json.loads(file.read_text()).items():
            if name != "machine":
                found.setdefault(name.split(",")[0], []).append(entry | {"script": f"benchmarks/{file.stem}.py"})
    return found


def section(name: str, evidence: list[dict[str, Any]]) -> str:
    recipe = recipes.get(name)
    options = ", ".join(f"`{option}={default}`" for option, default in recipe.options.items())
    body = ", ".join(f"{option} {value}" for option, value in recipe.body.items())
    lines = [f"## {name}", "", recipe.summary, "", f"- Source: {recipe.source}", f"- Data: {kinds(name)}"]
    lines += [f"- Options: {options}"] if options else []
    lines += [f"- Where the user leaves auto: {body}"] if body else []
    for entry in evidence:
        figures = "; ".join(f"{what} {number(value)}" for what, value in entry["figures"].items())
        lines.append(f"- Shown ([script](../{entry['script']})): {entry['claim'].rstrip('.')}. Measured: {figures}.")
    return "\n".join([*lines, ""])


def number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else json.dumps(value)


def catalogue() -> str:
    """The table of benchmarks/catalogue.py, if it was run."""
    path = RESULTS / "catalogue.json"
    if not path.exists():
        return ""
    found = json.loads(path.read_text())
    rows = [(name, *cells(entry)) for name, entry in found["results"].items()]
    told = {name: value for name, value in found.items() if name != "results"}
    return CATALOGUE.format(**told) + "\n" + table(("model", *COLUMNS), rows) + "\n"


def cells(entry: dict[str, Any]) -> list[str]:
    if "fault" in entry:
        return [entry["fault"], *[""] * (len(COLUMNS) - 1)]
    return ["" if entry.get(name) is None else form.format(entry[name]) for name, form in COLUMNS.items()]


def main() -> None:
    text = page()
    if "--check" in sys.argv:
        fresh = PAGE.exists() and PAGE.read_text() == text
        sys.exit(0 if fresh else "stale: docs/recipes.md; run `make docs`")
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
