"""`isthmus fit`."""

import json
import shlex
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from isthmus import recipes
from isthmus.autoencoder import Autoencoder
from isthmus.cli.files import Outputs, fit_outputs, read_data
from isthmus.cli.suffering import INPAINTING, is_restoring, restoring_options
from isthmus.data import Dataset
from isthmus.data.kinds import kind_of
from isthmus.errors import InputError
from isthmus.jobs.doctor import Diagnosis, examine
from isthmus.jobs.reduce import Honest, Judged, compare, judged_rows
from isthmus.report.progress import ProgressBar
from isthmus.report.terminal import show_diagnoses, show_fit
from isthmus.training import Checkpoint, JsonLines, TensorBoard, Watcher

TOLD = "drawing"
"""The recipe that learns from captions unless another is named."""
SERIES = ("series_id", "window", "stride")
SAME_NAME = (
    "recipe", "latent_dim", "network", "hidden", "activation", "norm", "likelihood", "corruption", "epochs", "minutes",
    "batch_size", "learning_rate", "weight_decay", "optimizer", "ema", "accumulate", "numbers", "shift", "binarize",
    "precision", "device", "memory",
)  # fmt: skip


def fit_command(**asked: Any) -> None:
    """Fit, save, compare, report."""
    asked = by_captions(asked)
    outputs = fit_outputs(asked)
    if is_restoring(asked):
        _fit_restoring(asked, outputs)
        return
    estimator = estimator_of(asked)
    data = read_data(asked["data"], asked)
    if data.skipped and not asked["quiet"]:
        click.echo(f"skipped {len(data.skipped)}: {'; '.join(data.skipped[:3])}", err=True)
    held_out = _held_out(asked, estimator, data)
    _say_resuming(asked, outputs.checkpoint)
    _fit(asked, outputs, estimator, data, held_out=held_out)
    judged = judged_rows(estimator, data, held_out=held_out)
    honest = compare(estimator, judged)
    if asked["report"]:
        _write_page(outputs.report, estimator, data, judged, honest, asked)
    files = {"model": str(outputs.model), "report": str(outputs.report) if asked["report"] else None}
    _print_results(asked, estimator, data, honest, files, examine(estimator, judged))


def by_captions(asked: dict[str, Any]) -> dict[str, Any]:
    """The options of a fit; with --captions the recipe is the one that is told them, where none is named.

    Raises
    ------
    InputError
        If an option is given that --captions don't go together with.
    """
    if asked["captions"] is None:
        return asked
    named = click.get_current_context().get_parameter_source("recipe") is not click.core.ParameterSource.DEFAULT
    recipe = asked["recipe"] if named else TOLD
    if not recipes.get(recipe).conditional:
        raise InputError(f"--recipe {recipe} isn't told --captions: leave it out, or name {TOLD}")
    for name in ("noise", "target"):
        if asked.get(name):
            raise InputError(f"--{name} learns to restore, and --captions to draw: leave out one of the two")
    if _number(asked["validation"]) is None:
        raise InputError(f"--validation {asked['validation']}: give a share or number of rows; --captions are of DATA")
    return asked | {"recipe": recipe}


def _fit(asked: dict[str, Any], outputs: Outputs, estimator: Autoencoder, data: Dataset, **more: Any) -> None:
    """Fit with a bar, a log and a checkpoint, and keep the model."""
    kept: list[Checkpoint] = []

    def checkpoint(identity: dict[str, Any]) -> Checkpoint:
        kept.append(Checkpoint(outputs.checkpoint, identity, resume=asked["resume"], every=asked["checkpoint_every"]))
        return kept[0]

    with ProgressBar(asked["epochs"], quiet=asked["quiet"] or asked["as_json"]) as bar:
        estimator.callbacks = _watchers(bar, outputs.metrics, asked)
        estimator.fit(data, checkpoint=checkpoint, **more)
    estimator.save(outputs.model)
    if estimator.record_["stopped"] != "interrupted":
        kept[0].remove()


def _fit_restoring(asked: dict[str, Any], outputs: Outputs) -> None:
    """The same for pictures of any size and for sounds, from patches of them."""
    from isthmus.cli import painting, restoring, sounding

    kind = kind_of(Path(asked["data"]))
    of_sounds = kind == "sounds"
    estimator = estimator_of((sounding.restoring_options if of_sounds else restoring_options)(asked, kind))
    way: Any = sounding if of_sounds else painting if estimator.recipe == INPAINTING else restoring
    data, seen, held = way.learned_from(asked, estimator)
    estimator.epochs = restoring.passes(estimator, data.n)
    _say_resuming(asked, outputs.checkpoint)
    _fit(asked, outputs, estimator, data, seen=seen)
    way.finish(asked, estimator, held, outputs)


def estimator_of(asked: dict[str, Any]) -> Autoencoder:
    """The estimator that the options describe; --validation may be a number or a file."""
    share = _number(asked["validation"])
    patience = asked["patience"]
    if patience not in ("auto", "none") and not patience.isdecimal():
        raise InputError(f"--patience {patience}: write a whole number, auto or none")
    if not asked["checkpoint_every"] >= 0:
        raise InputError(f"--checkpoint-every {asked['checkpoint_every']}: write a number of seconds, 0 or more")
    estimator = Autoencoder(
        **{name: asked[name] for name in SAME_NAME},
        options=dict(asked["options"]) or None,
        penalties=dict(asked["penalties"]) or None,
        validation=0 if share is None else share,
        patience={"auto": "auto", "none": None}.get(patience, int(patience) if patience.isdecimal() else 0),
        random_state=asked["seed"],
    )
    estimator.check_options()
    return estimator


def _number(text: str) -> float | None:
    try:
        return float(text) if "." in text or "e" in text.lower() else int(text)
    except ValueError:
        return None


def _held_out(asked: dict[str, Any], estimator: Autoencoder, data: Dataset) -> Dataset | None:
    """The file that --validation names, if it names one, read by the schema of the data."""
    if _number(asked["validation"]) is not None:
        return None
    estimator.schema_ = data.schema
    return read_data(asked["validation"], asked, estimator)


def _say_resuming(asked: dict[str, Any], checkpoint: Path) -> None:
    if asked["resume"] and not checkpoint.exists() and not asked["quiet"]:
        click.echo(f"no checkpoint {checkpoint}: beginning anew", err=True)


def _watchers(bar: ProgressBar, log: Path, asked: dict[str, Any]) -> tuple[Watcher, ...]:
    board = (TensorBoard(asked["tensorboard"]),) if asked["tensorboard"] else ()
    return (bar, JsonLines(log), *board)


def _write_page(
    page: Path, estimator: Autoencoder, data: Dataset, judged: Judged, honest: Honest, asked: dict[str, Any]
) -> None:
    from isthmus.report.page import write_report

    title = f"{estimator.recipe} on {Path(asked['data']).name}"
    write_report(page, estimator, data, judged, honest, title=title)


def explicit_command(asked: dict[str, Any], estimator: Autoencoder) -> str:
    """The same fit with every choice spelt out."""
    body, settings = estimator.body_, estimator.record_["settings"]
    chosen = {
        "kind": "text" if getattr(estimator.schema_, "text", False) else estimator.schema_.kind,
        "recipe": estimator.recipe,
        "latent-dim": estimator.model_.bottleneck.latent_dim,
        "network": body.network,
        "hidden": ",".join(map(str, body.hidden)) or "none",
        "activation": body.activation,
        "norm": body.norm,
        "likelihood": body.likelihood,
        "corruption": body.corruption or None,
        "numbers": "quantile" if getattr(estimator.preparation_, "curves", None) is not None else None,
        "epochs": settings["epochs"],
        "minutes": settings["minutes"],
        "batch-size": settings["batch_size"],
        "learning-rate": settings["learning_rate"],
        "weight-decay": settings["weight_decay"],
        "optimizer": settings["optimizer"],
        "ema": settings["ema"] or None,
        "accumulate": settings["accumulate"] if settings["accumulate"] > 1 else None,
        "shift": settings["shift"] or None,
        "validation": asked["validation"],
        "patience": settings["patience"] or "none",
        "precision": settings["precision"],
        "device": settings["device"],
        "seed": settings["seed"],
    }
    words = [f"--{name} {shlex.quote(str(value))}" for name, value in chosen.items() if value is not None]
    words += ["--binarize"] if settings["binarize"] else []
    words += [f"--set {name}={value}" for name, value in asked["options"]]
    words += [f"--penalty {name}={value}" for name, value in asked["penalties"]]
    return f"isthmus fit {shlex.quote(asked['data'])} {' '.join(words + _data_words(asked))}"


def _data_words(asked: dict[str, Any]) -> list[str]:
    """The options of how DATA was read."""
    words = [
        f"--{name.replace('_', '-')} {shlex.quote(str(asked[name]))}"
        for name in ("captions", "key", "label", "memory", "text", "max_features", *SERIES)
        if asked[name]
    ]
    words += [f"--drop {shlex.quote(column)}" for column in asked["drop"]]
    words += [f"--size {'x'.join(map(str, asked['size']))}"] if asked["size"] else []
    return words + (["--skip-bad"] if asked["skip_bad"] else [])


def _print_results(
    asked: dict[str, Any],
    estimator: Autoencoder,
    data: Dataset,
    honest: Honest,
    files: dict[str, Any],
    diagnoses: list[Diagnosis],
) -> None:
    command = explicit_command(asked, estimator)
    if asked["as_json"]:
        results = files | {"honest": honest.to_json(), "record": estimator.record_, "command": command}
        results |= {"diagnoses": [diagnosis.to_json() for diagnosis in diagnoses]}
        click.echo(json.dumps(results | {"skipped": data.skipped}))
        return
    if asked["quiet"]:
        return
    show_fit(Console(), estimator, data, honest, files["model"], files["report"])
    show_diagnoses(Console(), diagnoses)
    click.echo(f"the same in full: {command}")
    if estimator.record_["stopped"] == "interrupted":
        click.echo("stopped by Ctrl-C: the best model so far is kept; --resume goes on from the checkpoint", err=True)
