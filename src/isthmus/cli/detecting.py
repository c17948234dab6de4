"""`isthmus detect`."""

import json
import sys
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from isthmus import choices
from isthmus.cli.files import DATA_OPTIONS, MODEL_ENDINGS, refuse_input
from isthmus.data import Dataset, TableSchema, check_output, open_data, write_codes
from isthmus.data.steps import irregular
from isthmus.data.streams import Lines, TableStream
from isthmus.detection import Detector, conformal
from isthmus.errors import DataError, InputError, naming
from isthmus.jobs.detect import Found, Judged, anomalous, find, judge, names_of
from isthmus.report.progress import ProgressBar

STREAM = "-"
OF_A_FIT = frozenset({"calibration", "contamination", "false_alarms", "fdr", "normal_only", "seed"})
OF_A_STREAM = frozenset({"target", "data", "device", "quiet"})
OF_ALL_ROWS = (
    "--fdr goes by rows held out of these: if anomalies are among them, hardly any row can be flagged. Fit to normal "
    "rows (--normal-only --save MODEL), and score these by MODEL"
)
FEWEST_HELD = 19
"""Held-out rows without which no p-value is 5% or less."""
BLOCK = 200
"""P-values of a stream, one after the other, among which drift is looked for."""


def detect_command(given: frozenset[str], **asked: Any) -> None:
    """Fit to DATA, or take a MODEL; score, list, write."""
    outputs = {name: asked[name] for name in ("output", "report", "save") if asked[name]}
    endings = {"report": (".html",), "save": MODEL_ENDINGS}
    for name, path in outputs.items():
        known = {"endings": endings[name]} if name in endings else {}
        check_output(path, asked["force"], folder=False, **known)
    is_model = Path(asked["target"]).suffix in MODEL_ENDINGS
    if is_model and not asked["data"]:
        raise InputError(f"{asked['target']} is a model: name the data to score too, or - for standard input")
    if not is_model and asked["data"]:
        raise InputError(f"{asked['target']}: the first of two must be a detector's .safetensors file")
    _refuse(given & OF_A_FIT if is_model else frozenset(), f"{asked['target']} is fitted already")
    if asked["false_alarms"] is None and asked["fdr"] is None:
        _refuse(given & {"calibration"}, "rows are held out for a promise (--false-alarms, --fdr), and there is none")
    if asked["data"] == STREAM:
        _refuse(given - OF_A_STREAM, "a stream is scored line by line to standard output")
        stream(Detector.load(asked["target"]))
        return
    detector = Detector.load(asked["target"]) if is_model else detector_of(asked)
    data = _read(asked["data"] if is_model else asked["target"], asked, detector if is_model else None)
    _refuse_input(outputs, asked)
    with naming(asked["data"] or asked["target"]):
        truth = anomalous(data.labels, asked["normal"]) if data.labels is not None and asked["label"] else None
    if not is_model:
        _fit(detector, data, asked)
    found = find(detector, data, most=asked["top"])
    if asked["save"]:
        detector.save(asked["save"])
    if asked["output"]:
        names = ["score", "anomaly"] + (["p_value"] if found.p_values is not None else [])
        columns = [found.scores, found.flagged] + ([] if found.p_values is None else [found.p_values])
        write_codes(asked["output"], np.stack(columns, 1), names=names, rows=data.names, force=asked["force"])
    judged = None if truth is None else judge(detector, data, None if is_model else data, found, truth)
    if asked["report"]:
        from isthmus.report.detected import write_detected

        title = f"Anomalies in {Path(asked['data'] or asked['target']).name}"
        write_detected(asked["report"], detector, data, found, judged, title=title)
    _show(asked, data, detector, found, judged)


def _fit(detector: Detector, data: Dataset, asked: dict[str, Any]) -> None:
    with naming(asked["target"]), ProgressBar(None, quiet=asked["quiet"] or asked["as_json"]) as bar:
        detector.callbacks = (bar,)
        detector.fit(data)
    if detector.fdr is not None and not detector.normal_only and not asked["quiet"]:
        click.echo(OF_ALL_ROWS, err=True)


def _refuse_input(outputs: dict[str, Path], asked: dict[str, Any]) -> None:
    given = [Path(asked[name]) for name in ("target", "data") if asked[name]]
    for name, path in outputs.items():
        refuse_input(name, path, *given)


def _refuse(options: frozenset[str], why: str) -> None:
    if options:
        names = {"as_json": "json"}
        option = min(names.get(name, name) for name in options).replace("_", "-")
        raise InputError(f"{why}: --{option} has no use here, leave it out")


def detector_of(asked: dict[str, Any]) -> Detector:
    """The detector that the options describe."""
    options = ("contamination", "false_alarms", "fdr", "calibration", "normal_only", "kind", "device", "memory")
    detector = Detector(**{name: asked[name] for name in options}, random_state=asked["seed"])
    detector.check_options()
    return detector


def _read(data: str, asked: dict[str, Any], fitted: Detector | None) -> Dataset:
    options = {name: asked[name] for name in DATA_OPTIONS}
    known: dict[str, Any] = {} if fitted is None else {"schema": fitted.schema_, "usual_label": fitted.label_}
    options["each_step"] = fitted.steps_ if fitted else not asked["stride"]
    if options["window"] and options["kind"] == "auto" and not fitted:
        options["kind"] = "series"
    if options["each_step"] and fitted and not options["window"]:
        options["window"] = fitted.schema_.shape[0]
    found = open_data(data, memory=choices.memory_budget(asked["memory"]), **options, **known)
    if found.steps and not asked["quiet"]:
        _say_steps(found)
    if found.skipped and not asked["quiet"]:
        click.echo(f"skipped {len(found.skipped)}: {'; '.join(found.skipped[:3])}", err=True)
    return found


def _say_steps(data: Dataset) -> None:
    """Say how one long series is looked at, and what is odd about its times."""
    click.echo(f"one series of {data.n:,} steps, each judged in the {data.source.shape[0]} that end there", err=True)
    odd = irregular(data.names or [])
    if odd:
        click.echo(f"its times are uneven ({odd}); steps are taken in their order, whatever the time between", err=True)


def _show(asked: dict[str, Any], data: Dataset, detector: Detector, found: Found, judged: Judged | None) -> None:
    if asked["as_json"]:
        listed = [
            {"row": name, "score": float(found.scores[row]), "anomaly": bool(found.flagged[row])}
            | ({} if found.p_values is None else {"p_value": float(found.p_values[row])})
            | {"why": reason.text}
            for name, row, reason in zip(names_of(data, found), found.worst, found.reasons, strict=True)
        ]
        for entry, stretch in zip(listed, found.stretches or [], strict=False):
            entry |= {"first": stretch.first, "last": stretch.last}
        whole: dict[str, Any] = {"rows": data.n, "flagged": int(found.flagged.sum())}
        whole |= {} if detector.fdr is not None else {"threshold": detector.threshold_}
        said = {"promise": detector.promise, "strangest": listed, "judged": judged and judged.to_json()}
        click.echo(json.dumps(whole | said))
        return
    if asked["quiet"]:
        return
    from isthmus.report.terminal import show_found

    show_found(Console(), names_of(data, found), detector, found, judged)


def stream(detector: Detector) -> None:
    """Score lines as they come, in bounded memory, and warn where they drift from what the detector saw."""
    if not isinstance(detector.schema_, TableSchema):
        raise InputError(f"a stream holds rows of a table; this detector knows {detector.schema_.kind}")
    if detector.fdr is not None:
        raise InputError("the promise of --fdr is of a whole set of rows, and a stream has no end: use --false-alarms")
    if len(detector.calibration_scores_) < FEWEST_HELD:
        click.echo("isthmus: whether the rows drift can't be told: fit with --false-alarms", err=True)
    rows, out, recent = TableStream(sys.stdin.buffer, detector.schema_), sys.stdout.buffer, np.zeros(0)
    headed = False
    for lines in rows:
        if rows.header is not None and not headed:
            out.write(rows.header + b",score,anomaly" + (b",p_value" if detector.promises else b"") + b"\n")
            headed = True
        scores = _scores(detector, lines, rows.bad)
        p = detector.p_values_of(scores)
        for i in np.flatnonzero(np.isfinite(scores)):
            line = lines.lines[i]
            out.write(_scored(line, rows.header is None, scores[i], detector, None if p is None else p[i]))
        out.flush()
        _complain(rows)
        more = np.zeros(0) if p is None else p[np.isfinite(scores)]
        recent = _watch(np.concatenate([recent, more]), len(detector.calibration_scores_))
    _complain(rows)


def _scores(detector: Detector, lines: Lines, bad: list[str]) -> NDArray[np.float64]:
    """The scores of lines; NaN of one whose numbers are too far off to be scored, which is told of."""
    try:
        return detector.scores_of(lines.data)
    except DataError as fault:
        if lines.data.n > 1:
            alone = (lines.of(i) for i in range(lines.data.n))
            return np.concatenate([_scores(detector, line, bad) for line in alone])
        bad.append(f"line {lines.numbers[0]}: {fault}")
        return np.full(1, np.nan)


def _watch(p: NDArray[np.float64], held: int) -> NDArray[np.float64]:
    """Warn of drift in every block of p-values, each looked at once, so that chance has few chances; give the rest."""
    while len(p) >= BLOCK:
        block, p = p[:BLOCK], p[BLOCK:]
        if conformal.drifted(block, held):
            share = f"{(block <= conformal.SMALL).mean():.0%} of {BLOCK} p-values in a row are 5% or less"
            click.echo(f"isthmus: these rows drift: {share}, where 5% are to be expected: fit anew", err=True)
    return p


def _complain(rows: TableStream) -> None:
    for fault in rows.bad:
        click.echo(f"isthmus: passed over: {fault}", err=True)
    rows.bad.clear()


def _scored(line: bytes, is_json: bool, score: float, detector: Detector, p: float | None) -> bytes:
    flagged = int(score > detector.threshold_)
    if not is_json:
        more = f",{score:.6g},{flagged}" + ("" if p is None else f",{p:.6g}")
        return line + more.encode() + b"\n"
    told = json.loads(line) | {"score": float(score), "anomaly": flagged} | ({} if p is None else {"p_value": float(p)})
    return json.dumps(told).encode() + b"\n"
