"""The page holds everything, fetches nothing, and believes no text from the data."""

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
import scipy.sparse as sp

from isthmus import Autoencoder, open_data
from isthmus.errors import InputError
from isthmus.jobs.reduce import compare, judged_rows
from isthmus.report.page import write_report
from isthmus.report.sections import model_section, usage_section
from isthmus.report.study import Columns, Map, Study

VOID = {"meta", "img", "br", "wbr"}


class Balance(HTMLParser):
    """Tags opened and closed, headings, and attributes that refer to something."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.references = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.references += [value for name, value in attrs if name in ("src", "href", "xlink:href", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def written(folder, fitted, **options):
    path = folder / "page.html"
    write_report(path, *fitted, **{"title": "A title", **options})
    return path.read_text(encoding="utf-8")


def sections(page):
    return [name for name in ("honest", "learning", "columns", "rows", "map", "model", "use") if f'id="{name}"' in page]


def test_page_of_pictures(tmp_path, fitted_pictures):
    page = written(tmp_path, fitted_pictures)
    assert sections(page) == ["honest", "learning", "rows", "map", "model", "use"]
    assert page.count("data:image/png;base64,") == 4
    assert fitted_pictures[3].verdict in page


def test_page_of_a_table(tmp_path, fitted_table):
    page = written(tmp_path, fitted_table)
    assert sections(page) == ["honest", "learning", "columns", "rows", "map", "model", "use"]
    assert page.count("<details") == 10
    for shown in ("rate (nats)", "b &amp; c", "isthmus encode page.safetensors", "Constant on these rows"):
        assert shown in page


@pytest.mark.parametrize("which", ["fitted_pictures", "fitted_table"])
def test_page_is_whole_small_and_fetches_nothing(tmp_path, request, which):
    page = written(tmp_path, request.getfixturevalue(which))
    parser = Balance()
    parser.feed(page)
    assert not parser.open
    assert all(reference.startswith("data:image/png") for reference in parser.references)
    assert not {"script", "link", "iframe", "object", "form"} & set(parser.tags)
    assert "http://" not in page
    assert "https://" not in page
    assert "url(" not in page
    assert len(page) < 1_000_000


def test_page_escapes_every_text(tmp_path, fitted_table):
    page = written(tmp_path, fitted_table, title="<h6>", model="$(rm) <h6>.safetensors")
    for markup in ("<script", "<b>", "<i>", "<h6"):
        assert markup not in page
    assert "&lt;script&gt;" in page
    assert "&#x27;$(rm) &lt;h6&gt;.safetensors&#x27;" in page


def test_page_survives_names_that_are_no_text(tmp_path, fitted_pictures):
    estimator, data, judged, honest = fitted_pictures
    names = [f"\udcff\x00{i}.png" for i in range(data.n)]
    page = written(tmp_path, (estimator, data, replace(judged, data=replace(data, names=names)), honest))
    assert "\ufffd" in page


@pytest.mark.parametrize("latent_dim", [1, 4])
def test_page_of_few_rows_without_labels_or_held_out_part(tmp_path, latent_dim):
    data = open_data(np.random.default_rng(0).normal(size=(4, 5)))
    estimator = Autoencoder(latent_dim=latent_dim, epochs=1, hidden=(4,), validation=0, random_state=0).fit(data)
    judged = judged_rows(estimator, data)
    page = written(tmp_path, (estimator, data, judged, compare(estimator, judged)))
    assert len(sections(page)) == 7
    assert "flatter" in page


def test_a_page_that_cannot_be_written_is_an_input_error(tmp_path, fitted_table):
    with pytest.raises(InputError):
        written(tmp_path / "nowhere", fitted_table)


def test_column_errors_add_up_to_the_rows_errors(fitted_table):
    estimator, _, judged, _ = fitted_table
    study = Study.of(estimator, judged)
    columns = Columns.of(study, estimator.schema_)
    np.testing.assert_allclose(columns.errors.sum(axis=1), study.errors, rtol=1e-5)


def test_column_shares_are_one_for_guessing_the_mean(fitted_table):
    estimator, _, judged, _ = fitted_table
    study = Study.of(estimator, judged)
    x = estimator.preparation_.apply(study.data.source.read(0, study.data.n)).astype(float)
    guess = type("Guess", (), {"preparation_": estimator.preparation_})()
    guess.reconstruct_prepared = lambda data: np.broadcast_to(np.nanmean(x, axis=0), x.shape)
    shares = Columns.of(replace(study, estimator=guess), estimator.schema_).shares
    np.testing.assert_allclose(shares[:5], 1.0, rtol=1e-6)
    assert np.isnan(shares[5])  # constant


def test_map_shows_two_code_values_as_they_are(fitted_pictures):
    estimator, data, *_ = fitted_pictures
    np.testing.assert_array_equal(Map.of(estimator, data).points, estimator.transform(data))


def test_rows_keep_their_numbers(fitted_pictures):
    estimator, data, judged, _ = fitted_pictures
    study = Study.of(estimator, judged)
    np.testing.assert_array_equal(study.rows, judged.rows)
    originals, _ = study.pictures(np.array([3]))
    np.testing.assert_array_equal(originals[0], data.source.take(judged.rows[[3]])[0])
    assert study.name(3) == f"row {judged.rows[3]}"


@pytest.mark.parametrize(("kind", "file"), [("counts", "new.mtx"), ("text", "new.jsonl"), ("images", "pictures/")])
def test_the_commands_to_copy_are_for_the_datas_kind(kind, file):
    if kind == "images":
        data = open_data("digits").subset(np.arange(30))
    else:
        texts = [f"river bank {'water' if row % 2 else 'money'} " * 3 for row in range(30)]
        data = open_data(texts, kind="text") if kind == "text" else sp.csr_matrix(np.eye(30, 4, dtype=int) + 1)
    estimator = Autoencoder("iwae", 2, epochs=1, hidden=(8,), random_state=0).fit(data)
    said = usage_section(estimator, "m.safetensors")
    assert f"isthmus encode m.safetensors {file} -o codes.csv" in said
    assert ("pictures/" in said) == (kind == "images")
    assert "5 codes a row" in model_section(estimator)


def test_what_a_conditional_model_is_told_stands_among_its_parts():
    x = np.random.default_rng(0).normal(size=(40, 4))
    model = Autoencoder("conditional", 2, epochs=1, random_state=0).fit(x, np.arange(40) % 3)
    assert '<th scope="row">told</th><td>Told</td><td>condition dim 3; drop 0.1</td>' in model_section(model)
