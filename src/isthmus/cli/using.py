"""`isthmus encode`, `decode`, `reconstruct`, `report`, `info`: using a model file."""

import json
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console

from isthmus import modelfile
from isthmus.autoencoder import Autoencoder
from isthmus.cli.files import page_beside, read_data, say_untold
from isthmus.data import check_output, read_codes, write_codes, write_data
from isthmus.data.writing import ROWS
from isthmus.detection import Detector
from isthmus.errors import DataError
from isthmus.jobs.reduce import compare, judged_rows
from isthmus.parts import Selector
from isthmus.report.terminal import show_honest, show_info


def _result(asked: dict[str, Any], rows: int, **more: Any) -> None:
    """Say what was written."""
    output = str(asked["output"])
    if asked["as_json"]:
        click.echo(json.dumps({"output": output, "rows": rows, **more}))
    elif not asked["quiet"]:
        click.echo(f"{output}: {rows:,} rows" + "".join(f", {len(v)} {k}" for k, v in more.items() if v))


def encode_command(**asked: Any) -> None:
    """Codes of every row to a file, one column a value."""
    output = check_output(asked["output"], asked["force"], folder=False)
    estimator = Autoencoder.load(asked["model"])
    data = read_data(asked["data"], asked, estimator)
    names = [str(name) for name in estimator.get_feature_names_out()]
    if asked["std"]:
        codes = np.hstack(estimator.encode(data))
        names += [f"{name}_std" for name in names]
    else:
        codes = estimator.transform(data)
    write_codes(output, codes, names=names, rows=data.names, force=asked["force"])
    _result(asked, data.n, skipped=data.skipped)


def decode_command(**asked: Any) -> None:
    """Rows for codes."""
    output = check_output(asked["output"], asked["force"], endings=ROWS)
    estimator = Autoencoder.load(asked["model"])
    codes = read_codes(asked["codes"])
    raw = estimator.decode_raw(codes, _asked_label(estimator, asked))
    write_data(output, raw, estimator.schema_, force=asked["force"])
    _result(asked, len(raw))


def _asked_label(estimator: Autoencoder, asked: dict[str, Any]) -> Any:
    """The condition that --label names, as the model knows it."""
    label, conditions = asked["label"], estimator.conditions_
    if label is None:
        say_untold(estimator, asked)
    return label if label is None or conditions is None else conditions.spelt([label])


def reconstruct_command(**asked: Any) -> None:
    """Every row encoded and decoded."""
    output = check_output(asked["output"], asked["force"], endings=ROWS)
    estimator = Autoencoder.load(asked["model"])
    data = read_data(asked["data"], asked, estimator)
    write_data(output, estimator.reconstruct_raw(data), estimator.schema_, names=data.names, force=asked["force"])
    _result(asked, data.n, skipped=data.skipped)


def report_command(**asked: Any) -> None:
    """The honest line and the page, for these data."""
    page = asked["output"] or page_beside(asked["model"], asked["force"])
    page = check_output(page, asked["force"], endings=(".html",), folder=False)
    estimator = Autoencoder.load(asked["model"])
    data = read_data(asked["data"], asked, estimator)
    if data.n < 2:
        raise DataError(f"{asked['data']}: {data.n} row; a report takes 2 or more")
    judged = judged_rows(estimator, data)
    honest = compare(estimator, judged)
    from isthmus.report.page import write_report

    title, model = f"{estimator.recipe} on {Path(asked['data']).name}", Path(asked["model"]).name
    write_report(page, estimator, data, judged, honest, title=title, model=model)
    if asked["as_json"]:
        click.echo(json.dumps({"report": str(page), "honest": honest.to_json()}))
    elif not asked["quiet"]:
        show_honest(Console(), honest)
        click.echo(f"report: {page}")


def info_command(model: Path, as_json: bool) -> None:
    """What a model file holds."""
    description, _ = modelfile.read(model)
    detector = Detector.load(model) if "detector" in description else None
    estimator = Autoencoder.load(model) if detector is None else detector.autoencoder_
    description["weights"] = sum(tensor.numel() for tensor in estimator.model_.state_dict().values())
    if detector is not None:
        description["detector"] |= detector.told()
    if as_json:
        click.echo(json.dumps(description))
        return
    chosen = estimator.selected_features() if isinstance(estimator.model_.encoder, Selector) else []
    show_info(Console(), description | {"kind": estimator.schema_.kind, "selected": chosen})
