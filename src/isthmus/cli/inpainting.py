"""`isthmus inpaint`: pictures under a mask, tables with empty cells."""

import json
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from isthmus import choices
from isthmus.autoencoder import Autoencoder
from isthmus.cli.files import page_for, read_data, refuse_input
from isthmus.cli.painting import are_files, lossless, paint_command, refuse_search
from isthmus.cli.working import MOST_SHOWN
from isthmus.data import Dataset, check_output, write_data
from isthmus.data.dataset import some
from isthmus.data.masks import read_mask
from isthmus.errors import DataError, InputError
from isthmus.jobs.denoise import Example
from isthmus.jobs.inpaint import FEWEST_ROWS, Figures, judge_pictures, judge_table
from isthmus.report.restored import show_filled
from isthmus.restoration import Inpainted, inpaint
from isthmus.restoration.energy import has_density
from isthmus.restoration.holes import box_mask, taking_gaps
from isthmus.restoration.inpainting import check_fills
from isthmus.restoration.painting import learned_holes
from isthmus.restoration.tiling import from_zero_to_one


def inpaint_command(**asked: Any) -> None:
    """Fill what is unknown, write it, and say how good the model is at it where that can be told."""
    estimator = Autoencoder.load(asked["model"]).set_params(device=asked["device"])
    check_fills(estimator)
    choices.device(asked["device"])
    painting = learned_holes(estimator)  # at home in pictures of any size
    if painting and are_files(asked["data"]):
        paint_command(estimator, asked)
        return
    output = check_output(asked["output"], asked["force"])
    read = [Path(asked["data"]), *([asked["mask"]] if asked["mask"] else [])]
    refuse_input("result", output, *read)
    page = page_for(asked, output, *read)
    if painting:
        refuse_search(asked)
    else:
        _refuse(estimator, asked)
    data = read_data(asked["data"], asked, None if painting else taking_gaps(estimator))
    mask = _mask(asked, data)
    clean = None if asked["clean"] is None else _clean(asked, None if painting else estimator, data)
    options = {"beta": asked["beta"], "steps": asked["steps"], "random_state": asked["seed"], "blend": asked["blend"]}
    options["like"] = None if asked["like"] is None else read_data(asked["like"], asked | {"quiet": True}, estimator)
    found = inpaint(estimator, data, mask, **options)
    judged = _judged(estimator, data, found, clean, asked, options)
    names = None if data.names is None else [lossless(name) for name in data.names]
    write_data(output, found.raw, found.schema, names=names, force=asked["force"])
    if page is not None:
        _write_page(page, data, found, clean, judged)
    _say(asked, data, found, judged)


def _refuse(estimator: Autoencoder, asked: dict[str, Any]) -> None:
    """Refuse options of the search that say nothing to this model, or would make a judgement worthless."""
    like, blend, judge = asked["like"], asked["blend"], asked["judge"]
    if like and not blend and has_density(estimator.model_.bottleneck):
        raise InputError(f"--like has no use with recipe {estimator.recipe!r}, which has a prior, without --blend")
    if judge and estimator.schema_.kind != "table":
        raise InputError("--judge hides known cells of a table; judge pictures by clean ones: --clean")
    if judge and blend and like and Path(like).resolve() == Path(asked["data"]).resolve():
        raise InputError("--judge hides cells of DATA, which --like must not hold: give other rows with --like")


def _mask(asked: dict[str, Any], data: Dataset) -> NDArray[np.bool_] | None:
    """What the options say is unknown."""
    if asked["mask"] and asked["box"]:
        raise InputError("--mask and --box both say what is unknown: give one of them")
    if asked["mask"]:
        return read_mask(asked["mask"], data.schema.shape[:2] if data.kind == "images" else None)
    if asked["box"]:
        if data.kind != "images":
            raise InputError(f"--box is for pictures; {asked['data']} is a table, whose empty cells are filled")
        return box_mask(asked["box"], *data.schema.shape[:2])
    return None


def _clean(asked: dict[str, Any], estimator: Autoencoder | None, data: Dataset) -> NDArray[Any]:
    """The pictures as they were, to judge by."""
    if data.kind != "images":
        raise InputError("--clean is for pictures; a table is judged by cells that are known: --judge")
    clean = read_data(str(asked["clean"]), asked | {"quiet": True}, estimator)
    if clean.n != data.n:
        raise DataError(f"{asked['clean']}: {clean.n} pictures to judge {data.n} by; give one for each")
    if clean.schema.shape != data.schema.shape:
        sizes = (some(schema.shape, 3) for schema in (clean.schema, data.schema))
        raise DataError("{}: pictures of {} to judge those of {} by".format(asked["clean"], *sizes))
    return clean.source.read(0, clean.n)


def _judged(
    estimator: Autoencoder,
    data: Dataset,
    found: Inpainted,
    clean: NDArray[Any] | None,
    asked: dict[str, Any],
    options: dict[str, Any],
) -> Figures | None:
    if clean is not None:
        return judge_pictures(found.raw, data.source.read(0, data.n), clean, found.hidden)
    return judge_table(estimator, data, **options) if asked["judge"] else None


def _write_page(
    page: Path, data: Dataset, found: Inpainted, clean: NDArray[Any] | None, judged: Figures | None
) -> None:
    from isthmus.report import restoredpage

    names = [data.names[row] if data.names else f"row {row}" for row in found.rows[:MOST_SHOWN]]
    restoredpage.write_restored(
        page, page.stem, "" if judged is None else restoredpage.filled_section({"": judged}),
        restoredpage.examples_section(_examples(data, found, clean, names) if data.kind == "images" else []),
        restoredpage.energy_section(found.energies, names),
        lead=f"{found.hidden.sum():,} unknown {_things(data)} filled in {len(found.rows):,} of {data.n:,} rows.",
    )  # fmt: skip


def _examples(data: Dataset, found: Inpainted, clean: NDArray[Any] | None, names: list[str]) -> list[Example]:
    """The first pictures, grey where they were unknown, and filled."""
    rows = found.rows[: len(names)]
    filled = from_zero_to_one(found.raw[rows].reshape(-1, *data.schema.shape))
    seen = np.where(found.hidden[rows], np.float32(0.5), filled)
    truth = [None] * len(rows) if clean is None else from_zero_to_one(clean[rows])
    return [Example(*each) for each in zip(names, seen, filled, truth, strict=True)]


def _things(data: Dataset) -> str:
    return "pixels" if data.kind == "images" else "cells"


def _say(asked: dict[str, Any], data: Dataset, found: Inpainted, judged: Figures | None) -> None:
    """What was filled, and how good that is."""
    filled, rows = int(found.hidden.sum()), len(found.rows)
    if asked["as_json"]:
        result = {"output": str(asked["output"]), "rows": data.n, "filled": filled, "rows_filled": rows}
        result["energy"] = [round(float(e), 4) for e in found.energies.mean(1)] if rows else []
        result["figures"] = None if judged is None else judged.to_json()
        click.echo(json.dumps(result | {"skipped": data.skipped}))
        return
    if asked["quiet"]:
        return
    if data.skipped:
        click.echo(f"skipped {len(data.skipped)}: {'; '.join(data.skipped[:3])}", err=True)
    done = f"{filled:,} {_things(data)} filled in {rows:,} of {data.n:,} rows"
    click.echo(f"{asked['output']}: {done if filled else 'nothing was missing, so this is a copy'}")
    if asked["judge"] and judged is None:
        click.echo(f"nothing to judge by: --judge takes {FEWEST_ROWS} rows or more, and known numbers to hide")
    if judged is not None:
        show_filled(Console(), judged)
