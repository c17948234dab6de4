"""The report's sections on the model as a whole: honest line, learning curves, map of codes, description."""

import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from isthmus.autoencoder import Autoencoder
from isthmus.data import Dataset
from isthmus.jobs.reduce import Honest
from isthmus.report.axes import number, share
from isthmus.report.markup import definitions, escaped, figure, paragraph, section, table, tag
from isthmus.report.study import Map
from isthmus.report.svg import line_chart, scatter
from isthmus.report.terminal import part_text, shape_text

PLACES = ("encoder", "bottleneck", "decoder", "likelihood", "terms", "corruption", "told", "draws")
FILES = {
    "table": ("new.csv", "rebuilt.csv"),
    "series": ("new.npy", "rebuilt.npy"),
    "counts": ("new.mtx", "rebuilt.csv"),
    "text": ("new.jsonl", "rebuilt.csv"),
}
"""Data as they may come and be written, by their kind; pictures lie in folders."""
PIXELS = "pixel values from 0 (black) to 1 (white)"
COUNTS = "counts, of which the expected ones of each row add up to its total"
STEPS = "numbers in standard deviations of their channel"
CELLS = "numbers in standard deviations of their column; yes-or-no and categories as 0 and 1"


def lead(estimator: Autoencoder, honest: Honest) -> str:
    """The report in one sentence."""
    record, what = estimator.record_, _what(estimator)
    left = share(honest.model / honest.mean) if honest.mean > 0 else "none"
    return (
        f"Recipe “{estimator.recipe}” learned from {plural(record['training_rows'], 'row')} ({what}) "
        f"to write each as {plural(honest.latent_dim, 'value')}; "
        f"rebuilt from these, {honest.rows:,} {honest.which} keep an error of {left} of their variance."
    )


def _what(estimator: Autoencoder) -> str:
    return re.sub(r"(?<=\d)x(?=\d)", "×", shape_text(estimator.schema_.to_json()))


def plural(count: int, thing: str) -> str:
    """A number and its noun."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def honest_section(estimator: Autoencoder, honest: Honest) -> str:
    """Model, PCA and mean on the same rows, and the verdict."""
    named = (
        ("This model", honest.model),
        (f"PCA, {plural(honest.latent_dim, 'component')}", honest.pca),
        ("Mean of every column", honest.mean),
    )
    rows = [(name, number(e), share(e / honest.mean) if honest.mean > 0 else "–") for name, e in named]
    units = {"images": PIXELS, "series": STEPS, "counts": COUNTS}.get(estimator.schema_.kind, CELLS)
    return section(
        "Is it better than PCA?",
        paragraph(honest.verdict, "verdict"),
        table(
            ("Rebuilt by", "Squared error per row", "Variance left"),
            rows,
            numeric=(1, 2),
            caption=f"On {honest.rows:,} {honest.which}; lower is better",
            strong=0,
        ),
        paragraph(
            "The error of a row is the sum of the squared differences over its known cells, in prepared "
            f"units: {units}. “Variance left” is that error as a share of the error of the mean. " + _fairness(honest),
            "note",
        ),
        name="honest",
    )


def _fairness(honest: Honest) -> str:
    if honest.which.startswith("training"):
        return "All three have seen these rows while fitting, so the figures flatter them."
    return (
        "None of the three was fitted to these rows; "
        "if they were held out from a fit, they chose the epoch whose weights are kept."
    )


def learning_section(estimator: Autoencoder) -> str:
    """Loss by epoch; distortion and rate where there is a rate."""
    history, best = estimator.history_, estimator.record_.get("best_epoch", 0)
    if not history:
        return ""
    mark = (float(best), f"best epoch ({best})") if best else None
    charts = [_curves(history, {"training": "loss", "held-out": "held_loss"}, "loss (nats per row)", mark)]
    captions = ["The training objective. Lower is better; figures below 0 are usual for a density."]
    if any(epoch.get("rate") for epoch in history):
        charts.append(
            _curves(history, {"training": "distortion", "held-out": "held_distortion"}, "distortion (nats)", mark)
        )
        captions.append("Distortion: what the reconstruction costs.")
        charts.append(_curves(history, {"training": "rate", "held-out": "held_rate"}, "rate (nats)", mark))
        captions.append("Rate: what the code tells about a row.")
    drawn = (figure(chart, caption) for chart, caption in zip(charts, captions, strict=True))
    return section(
        "How it learned", tag("div", *drawn, class_="figures"), paragraph(_ending(estimator)), name="learning"
    )


def _curves(
    history: list[dict[str, float]], series: Mapping[str, str], y_label: str, mark: tuple[float, str] | None
) -> str:
    lines = {
        name: [(epoch.get("epoch", i + 1), epoch[key]) for i, epoch in enumerate(history) if key in epoch]
        for name, key in series.items()
    }
    return line_chart({name: line for name, line in lines.items() if line}, "epoch", y_label, mark=mark)


def _ending(estimator: Autoencoder) -> str:
    record = estimator.record_
    if "epochs" not in record:
        return "Fitted step by step (partial_fit); nothing was held out."
    how = {"early": "stopped early, for the held-out loss no longer fell", "interrupted": "was interrupted"}
    text = f"Training took {_duration(record['seconds'])} for {plural(record['epochs'], 'epoch')}"
    text += f" and {how.get(record['stopped'], 'ran to its planned end')}."
    return text + (f" The weights kept are those of epoch {record['best_epoch']}." if record["best_epoch"] else "")


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def sizes_section(estimator: Autoencoder) -> str:
    """The curve by which latent_dim="auto" chose, if it did."""
    sizes = estimator.record_.get("sizes")
    if not sizes:
        return ""
    line = {"held-out error": [(float(d), float(e)) for d, e in zip(sizes["dims"], sizes["errors"], strict=True)]}
    mark = (float(sizes["chosen"]), f"chosen ({sizes['chosen']})")
    what = "distortion (nats per row)" if estimator.schema_.kind == "counts" else "squared error per row"
    drawn = line_chart(line, "code values", what, mark=mark)
    names = {"two_nn": "TwoNN", "maximum_likelihood": "maximum likelihood"}
    found = [f"{number(round(sizes[key], 1))} ({name})" for key, name in names.items() if sizes.get(key) is not None]
    known = f" The data's intrinsic dimension is estimated at {' and '.join(found)}." if found else ""
    text = (
        f"The smallest number of code values at the knee of the curve, by short fits on {sizes['rows']:,} rows.{known}"
    )
    return section("How many code values", paragraph(text), figure(drawn, "Lower is better."), name="sizes")


def map_section(estimator: Autoencoder, data: Dataset) -> str:
    """The codes in the plane."""
    found = Map.of(estimator, data)
    colours = " Coloured by label." if found.labels is not None else ""
    drawn = scatter(found.points, found.labels, x_label=found.axes[0], y_label=found.axes[1], title="Map of the codes")
    counted = f"{len(found.points):,} of {data.n:,} rows" if len(found.points) < data.n else f"All {data.n:,} rows"
    caption = f"{counted}, those of training among them.{colours} Rows that lie near each other have similar codes."
    return section("Map of the codes", paragraph(found.how), figure(drawn, caption), name="map")


def model_section(estimator: Autoencoder) -> str:
    """Parts, settings, data, versions: what is needed to do it again."""
    record = estimator.record_
    weights = sum(weight.numel() for weight in estimator.model_.parameters())
    data, versions = record["data"], record["versions"]
    facts = [
        (
            "recipe",
            estimator.recipe
            + "".join(f", {k} {v if isinstance(v, str) else number(v)}" for k, v in (estimator.options or {}).items()),
        ),
        ("weights", f"{weights:,}"),
        (
            "data",
            f"{plural(data['rows'], 'row')} ({data['container']}), {_what(estimator)}",
        ),
        ("trained on", f"{plural(record['training_rows'], 'row')}; {record['held_out_rows']:,} held out"),
        ("fingerprint", data["sha256"]),
        ("seed", record["settings"]["seed"]),
        ("settings", _settings(record["settings"])),
        ("versions", ", ".join(f"{name} {version}" for name, version in versions.items())),
    ]
    parts = table(
        ("Place", "Part", "Options"),
        _parts(estimator.model_.spec),
        caption="The parts it is put together from",
    )
    return section("The model", parts, definitions(facts), name="model")


def _settings(settings: Mapping[str, Any]) -> str:
    said = {name.replace("_", " "): value for name, value in settings.items() if value is not None and name != "seed"}
    return ", ".join(f"{name} {number(value) if isinstance(value, float) else value}" for name, value in said.items())


def _parts(spec: Mapping[str, Any]) -> Iterable[tuple[str, str, str]]:
    """Place, part and options of every part; parts inside parts stand in their options."""
    for place in PLACES:
        found = spec.get(place)
        for part in found if isinstance(found, list) else [found]:
            if isinstance(part, dict):
                yield place.removesuffix("s"), part["part"], _options(part)
            elif isinstance(part, int) and part > 1:
                yield place, f"{part:,} codes a row", "in training"


def _options(part: Mapping[str, Any]) -> str:
    said = {name: value for name, value in part.items() if name != "part" and value not in (None, [], False, 0)}
    return "; ".join(f"{name.replace('_', ' ')} {part_text(value)}" for name, value in said.items())


def usage_section(estimator: Autoencoder, model: str) -> str:
    """Three commands to copy."""
    file = shlex.quote(model)
    kind = "text" if getattr(estimator.schema_, "text", False) else estimator.schema_.kind
    new, back = FILES.get(kind, ("pictures/", "rebuilt/"))
    commands = (
        ("The code of every row, as a table:", f"isthmus encode {file} {new} -o codes.csv"),
        ("What the model makes of every row:", f"isthmus reconstruct {file} {new} -o {back}"),
        ("What the model file says of itself:", f"isthmus info {file}"),
    )
    shown = (paragraph(why) + tag("pre", tag("code", escaped(command))) for why, command in commands)
    return section("How to use this model", *shown, name="use")
