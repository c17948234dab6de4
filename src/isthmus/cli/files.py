"""Which files a command reads and writes, checked before any work is done."""

from pathlib import Path
from typing import Any, NamedTuple

import click

from isthmus import choices
from isthmus.autoencoder import Autoencoder
from isthmus.data import CaptionConditions, Dataset, check_output, open_data
from isthmus.errors import InputError

MODEL_ENDINGS = (".safetensors",)
DATA_OPTIONS = (
    "kind", "key", "size", "skip_bad", "drop", "label", "text", "max_features", "series_id", "window", "stride",
)  # fmt: skip


class Outputs(NamedTuple):
    """The files that `fit` writes."""

    model: Path
    checkpoint: Path
    metrics: Path
    report: Path


def fit_outputs(asked: dict[str, Any]) -> Outputs:
    """Where `fit` writes: as asked, or by DATA's name in the current folder.

    Raises
    ------
    InputError
        If a path can't be written, is taken without --force or --resume, or is what is to be read.
    """
    data = Path(asked["data"])
    model = asked["output"] or Path(f"{data.resolve().stem if data.exists() else data.name}.safetensors")
    check_output(model, asked["force"] or asked["resume"], endings=MODEL_ENDINGS, folder=False)
    # the metrics of texts in a .jsonl file would else bear that file's name
    metrics = ".metrics.jsonl" if data.suffix.lower() == ".jsonl" else ".jsonl"
    checkpoint = model.with_suffix(".checkpoint.safetensors")
    found = Outputs(model, checkpoint, _beside(model, metrics), _beside(model, ".html"))
    for name, path in found._asdict().items():
        refuse_input(name, path, data, Path(asked["validation"]))
    # a finished run is not to be overwritten by --resume
    force = asked["force"] or (asked["resume"] and (checkpoint.exists() or not model.exists()))
    for path in (model, found.metrics, found.report):
        check_output(path, force, endings=(path.suffix,), folder=False)
    return found


def refuse_input(name: str, path: Path, *inputs: Path) -> None:
    """Refuse to write over what is to be read, whatever --force allows."""
    for given in inputs:
        if given.is_file() and (path.resolve() == given.resolve() or (path.exists() and path.samefile(given))):
            raise InputError(f"{path}: the {name} would be written over the data to be read; give another name with -o")


def page_for(asked: dict[str, Any], *others: Path) -> Path | None:
    """The page that --report names, if it does: none of the files that are read or written besides."""
    if asked["report"] is None:
        return None
    page = check_output(asked["report"], asked["force"], endings=(".html",), folder=False)
    refuse_input("report", page, *others)
    return page


def page_beside(model: Path, force: bool) -> Path:
    """The report of a model."""
    return check_output(_beside(model, ".html"), force, endings=(".html",), folder=False)


def _beside(model: Path, ending: str) -> Path:
    """A file of the model's name with another ending; in place of a device, in the current folder."""
    return model.with_suffix(ending) if not model.exists() or model.is_file() else Path(model.name + ending)


def read_data(data: str, asked: dict[str, Any], model: Autoencoder | None = None) -> Dataset:
    """Open DATA with the options given, by the schema of a fitted model if there is one."""
    options = {name: asked[name] for name in DATA_OPTIONS} | {"captions": asked.get("captions")}
    fitted: dict[str, Any] = (
        {} if model is None else {"schema": model.schema_, "usual_label": getattr(model, "label_", "")}
    )
    found = open_data(data, memory=choices.memory_budget(asked["memory"]), **options, **fitted)
    by_captions = isinstance(getattr(model, "conditions_", None), CaptionConditions)
    if model is not None and (found.captions if by_captions else found.labels) is None:
        say_untold(model, asked)
    return found


def say_untold(model: Autoencoder, asked: dict[str, Any]) -> None:
    """Say that a conditional model isn't told what it was told of the rows it was fitted on."""
    conditions = getattr(model, "conditions_", None)
    if conditions is not None and not asked.get("quiet"):
        what, how = ("caption", "--captions") if isinstance(conditions, CaptionConditions) else ("label", "--label")
        click.echo(
            f"recipe {model.recipe} is told a {what} of every row, and nothing here says it ({how}): taken as unknown",
            err=True,
        )
