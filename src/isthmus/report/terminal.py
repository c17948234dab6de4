"""What the command line shows: a few tables. Of other packages only rich is imported."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from isthmus.report.progress import clock

if TYPE_CHECKING:
    from isthmus.autoencoder import Autoencoder
    from isthmus.data import Dataset
    from isthmus.detection import Detector
    from isthmus.jobs.detect import Found, Judged
    from isthmus.jobs.doctor import Diagnosis
    from isthmus.jobs.evaluate import Evaluation
    from isthmus.jobs.reduce import Honest
    from isthmus.jobs.samples import Measurement
    from isthmus.recipes import Recipe
    from isthmus.training import LearningRates

MOST_ITEMS = 8
MOST_RATES = 12
WIDE = 110
"""Columns of a window from which five columns of text can be read."""


def show_fit(
    console: Console,
    estimator: "Autoencoder",
    data: "Dataset",
    honest: "Honest | None",
    model: str | Path,
    report: str | Path | None = None,
) -> None:
    """What a fit made: its files, its data, its figures, and the comparison with PCA and the mean.

    Parameters
    ----------
    console : rich Console
    estimator : fitted Autoencoder
    data : Dataset
        What it was fitted on.
    honest : Honest or None
    model : str or Path
        The model file.
    report : str or Path, optional
        The page, if one was written.
    """
    record = estimator.record_
    pairs: list[tuple[str, object]] = [("model", model)]
    pairs += [("report", report)] if report else []
    pairs += [
        ("recipe", f"{estimator.recipe}, {_count(estimator.model_.bottleneck.latent_dim, 'code value')}"),
        ("data", f"{_count(data.n, 'row')}, {shape_text(data.schema.to_json())} ({data.container})"),
        ("training", _training(record)),
        *_held_out(record),
    ]
    _print_pairs(console, pairs)
    if honest is not None:
        console.print()
        show_honest(console, honest)


def show_honest(console: Console, honest: "Honest") -> None:
    """The model's error beside PCA's and the mean's, and the verdict.

    Parameters
    ----------
    console : rich Console
    honest : Honest
    """
    table = _table(console, f"on {honest.rows:,} {honest.which}", ("error per row", "variance left"))
    for name, error in (
        ("model", honest.model),
        (f"PCA ({honest.latent_dim})", honest.pca),
        ("mean", honest.mean),
    ):
        left = f"{error / honest.mean:.1%}" if honest.mean > 0 else "-"
        table.add_row(name, f"{error:.4g}", left)
    console.print(table)
    console.print(Text(honest.verdict, style="bold"))


def show_evaluation(console: Console, evaluation: "Evaluation") -> None:
    """Every figure, its unit and what it says.

    Parameters
    ----------
    console : rich Console
    evaluation : Evaluation
    """
    first = f"on {evaluation.rows:,} {evaluation.which}"
    table = _table(console, first, ("value", "unit", "what it says"), numeric=False)
    for figure in evaluation.figures:
        table.add_row(*(_clean(cell) for cell in (figure.name, f"{figure.value:.4g}", figure.unit, figure.meaning)))
    console.print(table)


def show_measurement(console: Console, found: "Measurement") -> None:
    """The figures of samples, the model's own first, then those of simple models.

    Parameters
    ----------
    console : rich Console
    found : Measurement
    """
    console.print()
    headings = ("Frechet", "on", "recall", "density", "cover", "copies", "told")
    sure = found.sources[0].sure is not None
    table = _table(console, f"{found.rows:,} samples from", (*headings, "sure") if sure else headings)
    for each in found.sources:
        values = (each.frechet, each.precision, each.recall, each.density, each.coverage, each.copies, each.told_apart)
        table.add_row(_clean(each.source), *(f"{value:.3g}" for value in (*values, *([each.sure] if sure else []))))
    console.print(table)
    console.print(_clean(f"beside as many {found.which}, by {found.judge}. on: precision; cover: coverage;"))
    console.print("copies: nearer to learned rows; told: apart from real rows; of these two 0.5 is best.")


def show_diagnoses(console: Console, diagnoses: "Iterable[Diagnosis]") -> None:
    """One line each: what was seen, what it means, what to do.

    Parameters
    ----------
    console : rich Console
    diagnoses : iterable of Diagnosis
    """
    for diagnosis in diagnoses:
        console.print(_clean(f"{diagnosis}"), soft_wrap=True)


def show_found(
    console: Console, names: "Iterable[str]", detector: "Detector", found: "Found", judged: "Judged | None"
) -> None:
    """The strangest rows and why; how many are flagged, and what that promises; the figures, if labels are known.

    Parameters
    ----------
    console : rich Console
    names : iterable of str
        Of the strangest rows.
    detector : fitted Detector
    found : Found
    judged : Judged or None
    """
    table = _table(console, "row", ("score", "flagged", "why"), numeric=False)
    for name, row, reason in zip(names, found.worst, found.reasons, strict=True):
        cells = (name, f"{found.scores[row]:.3f}", "yes" if found.flagged[row] else "no", reason.text)
        table.add_row(*map(_clean, cells))
    if len(found.worst):
        console.print(table)
    rows = "row" if found.stretches is None else "step"
    flagged = f"{found.flagged.sum():,} of {_count(len(found.scores), rows)} flagged"
    console.print(_clean(f"{flagged}; promise: {detector.promise}"), soft_wrap=True)
    if judged is None:
        return
    figures = _table(console, f"{judged.anomalies:,} labelled anomalies", ("AUROC", "AP"))
    figures.add_row("this detector", f"{judged.auroc.value:.3f}", f"{judged.ap.value:.3f}")
    for peer, (auroc, ap) in judged.peers.items():
        figures.add_row(peer, f"{auroc:.3f}", f"{ap:.3f}")
    console.print(figures)
    console.print(_clean(f"AUROC {judged.auroc}, AP {judged.ap}, F1 at the threshold {judged.f1}, 95% intervals"))
    console.print(Text(judged.verdict, style="bold"))


def show_info(console: Console, description: Mapping[str, Any], *, name: str | Path = "") -> None:
    """What a model file says of itself.

    Parameters
    ----------
    console : rich Console
    description : mapping
        As read from the file: params, model, schema, preparation, record, history; perhaps weights.
    name : str or Path, optional
        The file.
    """
    record, params, spec = (description.get(key) or {} for key in ("record", "params", "model"))
    pairs: list[tuple[str, object]] = [("model", name)] if name else []
    told = description.get("detector") or {}
    pairs += _detector(told) if told else []
    pairs += [("recipe", params.get("recipe", "")), ("data", _data(record, description.get("schema") or {}))]
    pairs += [(place, part_text(part)) for place, part in spec.items() if place != "part" and part]
    pairs += [("selected", ", ".join(map(str, description["selected"])))] if description.get("selected") else []
    pairs += [("training", _training(record)), *_held_out(record)]
    pairs += [("weights", f"{description['weights']:,}")] if "weights" in description else []
    pairs += [("seed", (record.get("settings") or {}).get("seed", ""))]
    pairs += [("versions", ", ".join(f"{k} {v}" for k, v in (record.get("versions") or {}).items()))]
    pairs += [("data fingerprint", (record.get("data") or {}).get("sha256", ""))]
    _print_pairs(console, [(key, value) for key, value in pairs if value != ""])
    schema = description.get("schema") or {}
    columns = schema.get("columns")
    if columns and schema.get("kind") == "table":
        console.print()
        _print_columns(console, columns)


def _print_columns(console: Console, columns: Iterable[Mapping[str, Any]]) -> None:
    table = _table(console, "column", ("role", "type", "categories", "missing"), numeric=False)
    for column in columns:
        categories = column.get("categories") or []
        shown = ", ".join(categories[:6]) + (f" and {len(categories) - 6} more" if len(categories) > 6 else "")
        cells = [
            column["name"],
            column["role"],
            column["dtype"],
            shown,
            "some" if column.get("missing") else "",
        ]
        table.add_row(*(_clean(cell) for cell in cells))
    console.print(table)


def show_recipes(console: Console, recipes: Iterable["Recipe"]) -> None:
    """Every recipe: what it is, the data it serves, its options with their defaults, and the paper.

    Where the window is wide it is a table; where it is narrow, a few lines each.

    Parameters
    ----------
    console : rich Console
    recipes : iterable of Recipe
    """
    if console.width < WIDE:
        for recipe in recipes:
            _show_recipe(console, recipe)
        return
    table = _table(console, "recipe", ("what it is", "data", "options", "source"), numeric=False)
    for recipe in recipes:
        cells = (recipe.name, recipe.summary, ", ".join(recipe.kinds), "\n".join(_options(recipe)), recipe.source)
        table.add_row(*(_clean(cell) for cell in cells))
    console.print(table)


def _options(recipe: "Recipe") -> list[str]:
    return [f"{name}={default}" for name, default in recipe.options.items()]


def _show_recipe(console: Console, recipe: "Recipe") -> None:
    console.print(Text(recipe.name, style="bold") + Text("  " + recipe.summary))
    details = [", ".join(recipe.kinds), *([" ".join(_options(recipe))] if recipe.options else []), recipe.source]
    console.print(Padding(_clean(" · ".join(details)), (0, 0, 0, 4)), style="dim")


def show_rates(console: Console, found: "LearningRates") -> None:
    """A trial of learning rates in a few lines: the mean loss of each tenth of it."""
    table = _table(console, "learning rate up to", ("loss, nats per row",))
    piece = max(1, -(-len(found.losses) // MOST_RATES))
    for start in range(0, len(found.losses), piece):
        losses = found.losses[start : start + piece]
        last = found.rates[start + len(losses) - 1]
        table.add_row(_clean(f"{last:.2g}"), f"{sum(losses) / len(losses):.4g}")
    console.print(table)


def part_text(part: Any) -> str:
    """A part's JSON on one line: ``Dense(inputs=13, hidden=64 32)``; what is None or empty is left out."""
    if isinstance(part, Mapping) and "part" in part:
        said = [f"{k}={part_text(v)}" for k, v in part.items() if k != "part" and v not in (None, [], False, "")]
        return f"{part['part']}({', '.join(said)})" if said else str(part["part"])
    if isinstance(part, (list, tuple)):
        if len(part) > MOST_ITEMS:
            return f"{len(part)} of them"
        return (", " if any(isinstance(item, (Mapping, list)) for item in part) else " ").join(map(part_text, part))
    return f"{part:g}" if isinstance(part, float) else str(part)


def shape_text(schema: Mapping[str, Any]) -> str:
    """What rows are, from a schema's JSON: "pictures of 28x28x1, uint8" or "table of 13 columns"."""
    if schema.get("kind") == "images":
        size = "x".join(str(schema[side]) for side in ("height", "width", "channels"))
        return f"pictures of {size}, {schema['dtype']}{_sound(schema.get('sound'))}"
    if schema.get("kind") == "counts":
        of = "counts of words" if schema.get("text") else "counts"
        return f"{of}, {_count(len(schema.get('columns') or ()), 'column')}"
    if schema.get("kind") == "series":
        if music := schema.get("music"):
            return f"melodies of {schema['length']} sixteenths, pitches {music['lowest']} to {music['highest']}"
        if sound := schema.get("sound"):
            return f"sounds of {schema['length']} samples, {sound['rate']} Hz"
        upto = "up to " if schema["missing"] else ""
        return f"series of {upto}{_count(schema['length'], 'step')}, {_count(len(schema['names']), 'channel')}"
    return f"table of {_count(len(schema.get('columns') or ()), 'column')}"


def _sound(told: Mapping[str, Any] | None) -> str:
    """What pictures are of, if that is sounds."""
    if told is None:
        return ""
    noise = f", under {told['noise']}" if told["noise"] else ""
    return f" of sounds of {told['rate']} Hz, windows of {told['window']} samples every {told['hop']}{noise}"


def _detector(told: Mapping[str, Any]) -> list[tuple[str, object]]:
    rows = told["rows"]
    counts = f"{_count(rows['scored'], 'row')}, {rows['held out']:,} held out; {rows['kept']:,} kept in this file"
    threshold = [("threshold", f"{told['threshold']:.6g}")] if "threshold" in told else []
    return [("detector", counts), ("promise", told["promise"]), *threshold]


def _data(record: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    rows = (record.get("data") or {}).get("rows", 0)
    return f"{_count(rows, 'row')}, {shape_text(schema)}"


def _training(record: Mapping[str, Any]) -> str:
    text = f"{_count(record.get('training_rows', 0), 'row')}"
    if "epochs" in record:
        text += f", {_count(record['epochs'], 'epoch')} in {clock(record['seconds'])} ({record['stopped']})"
    return text + (f", best epoch {record['best_epoch']}" if record.get("best_epoch") else "")


def _held_out(record: Mapping[str, Any]) -> list[tuple[str, object]]:
    found = record.get("held_out") or {}
    names = ("loss", "distortion", "rate") if found.get("held_rate") else ("loss",)
    figures = [f"{name} {found[f'held_{name}']:.4g}" for name in names if f"held_{name}" in found]
    rows = _count(record.get("held_out_rows", 0), "row")
    return [("held out", f"{rows}: {', '.join(figures)} nats per row")] if figures else []


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _print_pairs(console: Console, pairs: Iterable[tuple[str, object]]) -> None:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs:
        table.add_row(_clean(name), _clean(value))
    console.print(table)


def _table(console: Console, first: str, others: Iterable[str], *, numeric: bool = True) -> Table:
    table = Table(box=box.SIMPLE_HEAD if console.is_terminal else None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(_clean(first), overflow="fold")
    for name in others:
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    return table


def _clean(value: object) -> Text:
    """Text that can't steer the terminal: no markup, no control characters."""
    return Text("".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in str(value)))
