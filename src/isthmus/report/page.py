"""The report: one HTML page that holds everything it shows, and asks nothing of any network."""

from pathlib import Path

from isthmus import __version__
from isthmus.autoencoder import Autoencoder
from isthmus.data import CountsSchema, Dataset, Schema, SeriesSchema, TableSchema
from isthmus.files import atomic_write
from isthmus.jobs.reduce import Honest, Judged
from isthmus.report import sections
from isthmus.report.counts import counts_sections
from isthmus.report.field import field_section
from isthmus.report.kernels import kernels_section
from isthmus.report.latent import latent_section
from isthmus.report.lines import series_section
from isthmus.report.markup import escaped, paragraph, tag
from isthmus.report.rows import pictures_section, table_sections
from isthmus.report.study import Study
from isthmus.report.style import CSS

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""Even if a text slipped through as markup, the browser would run and fetch nothing."""


def write_report(
    path: str | Path,
    estimator: Autoencoder,
    data: Dataset,
    judged: Judged,
    honest: Honest,
    *,
    title: str,
    model: str | None = None,
) -> None:
    """Write the report on a fitted autoencoder as one self-contained page, atomically.

    Parameters
    ----------
    path : str or Path
        The .html file.
    estimator : fitted Autoencoder
    data : Dataset
        The rows of the map: what the model was fitted on, or others like them.
    judged : Judged
        The rows whose reconstructions are shown.
    honest : Honest
        The model's error beside PCA's and the mean's, on these rows.
    title : str
        The heading, in plain text.
    model : str, optional
        The model file's name, for the commands to copy. Default: as the page is called.

    Raises
    ------
    InputError
        If the file can't be written.
    """
    model = model or Path(path).with_suffix(".safetensors").name
    page = report(estimator, data, judged, honest, title=title, model=model)
    with atomic_write(path) as file:
        file.write(page.encode())


def report(
    estimator: Autoencoder,
    data: Dataset,
    judged: Judged,
    honest: Honest,
    *,
    title: str,
    model: str,
) -> str:
    """The page that `write_report` writes, as text."""
    study = Study.of(estimator, judged)
    schema, which = estimator.schema_, judged.which.split(",")[0]
    if study.data.n < len(judged.rows):
        which = f"{which}, {study.data.n:,} of them"
    shown = _rows(study, schema, which)
    main = (
        sections.honest_section(estimator, honest),
        sections.learning_section(estimator),
        sections.sizes_section(estimator),
        shown,
        kernels_section(estimator),
        field_section(estimator, data),
        sections.map_section(estimator, data),
        latent_section(estimator, data),
        sections.model_section(estimator),
        sections.usage_section(estimator, model),
    )
    head = tag("header", _kicker(), tag("h1", escaped(title)), paragraph(sections.lead(estimator, honest), "lead"))
    foot = tag("footer", escaped(f"Written by Isthmus {__version__}. This page holds everything it shows."))
    return document(title, head + tag("main", *main) + foot)


def _rows(study: Study, schema: Schema, which: str) -> str:
    if isinstance(schema, CountsSchema):
        return counts_sections(study, schema, which)
    if isinstance(schema, SeriesSchema):
        return series_section(study, schema, which)
    return table_sections(study, schema, which) if isinstance(schema, TableSchema) else pictures_section(study, which)


def _kicker() -> str:
    return paragraph("Autoencoder report", "kicker")


def document(title: str, body: str) -> str:
    """A whole page around its body; nothing in it is run or fetched."""
    metas = (
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f'<meta http-equiv="Content-Security-Policy" content="{escaped(POLICY)}">',
    )
    head = "\n".join([*metas, tag("title", escaped(title)), f"<style>{CSS}</style>"])
    return f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>\n'
