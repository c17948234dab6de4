"""The terminal shows everything where someone looks, and nothing where nobody does."""

import io
import subprocess
import sys

import pytest
from rich.console import Console

from isthmus import recipes
from isthmus.jobs.reduce import Honest
from isthmus.report.progress import ProgressBar, clock
from isthmus.report.terminal import show_fit, show_info, show_recipes
from isthmus.training import Progress


@pytest.fixture
def progress():
    latest = {"loss": 1.5, "distortion": 1.25, "rate": 0.25}
    return Progress(epoch=3, seconds=90.0, best_epoch=2, history=[{"held_loss": 1.75}], fraction=0.25, latest=latest)


def terminal(width=160):
    return Console(file=io.StringIO(), force_terminal=True, width=width)


def test_progress_prints_nothing_where_stderr_is_no_terminal(capfd, progress):
    with ProgressBar(10) as bar:
        bar(progress)
    assert capfd.readouterr() == ("", "")


def test_quiet_progress_prints_nothing(progress):
    console = terminal()
    with ProgressBar(10, quiet=True, console=console) as bar:
        bar(progress)
    assert console.file.getvalue() == ""


@pytest.mark.parametrize(
    "shown",
    [
        "25%",
        "epoch 4/10",
        "loss 1.5",
        "distortion 1.25",
        "rate 0.25",
        "held-out 1.75",
        "best 2",
        "1:30 < 4:30",
    ],
)
def test_progress_shows(progress, shown):
    console = terminal()
    with ProgressBar(10, console=console) as bar:
        bar(progress)
    assert shown in console.file.getvalue()


def test_progress_without_rate_or_end(progress):
    progress.latest = {"loss": 1.5, "distortion": 1.5, "rate": 0.0}
    console = terminal()
    with ProgressBar(None, console=console) as bar:
        bar(progress)
    assert "rate" not in console.file.getvalue()
    assert "epoch 4 " in console.file.getvalue()


def test_progress_draws_at_most_five_times_a_second(progress):
    console = terminal()
    with ProgressBar(10, console=console) as bar:
        bar(progress)
        drawn = len(console.file.getvalue())
        for _ in range(1000):
            bar(progress)
        assert len(console.file.getvalue()) < 20 * drawn


def test_clock():
    assert [clock(s) for s in (0, 59.6, 3599, 3600)] == ["0:00", "1:00", "59:59", "1:00:00"]


def test_show_fit(fitted_table):
    estimator, data, _, honest = fitted_table
    out = io.StringIO()
    show_fit(Console(file=out, width=120), estimator, data, honest, "[red]m.safetensors", "m.html")
    text = out.getvalue()
    for shown in ("[red]m.safetensors", "m.html", "6 columns", "PCA (3)", "100.0%", honest.verdict):
        assert shown in text
    assert "\x1b" not in text


def test_honest_shows_shares():
    out = io.StringIO()
    from isthmus.report.terminal import show_honest

    show_honest(Console(file=out, width=100), Honest(1.0, 2.0, 4.0, 3, 10, "held-out rows"))
    for shown in ("25.0%", "50.0%", "50% less error than PCA"):
        assert shown in out.getvalue()


def test_show_info_cannot_steer_the_terminal(fitted_table):
    estimator, *_ = fitted_table
    description = {
        "params": {"recipe": "ae\x1b[2J"},
        "model": estimator.model_.spec,
        "schema": estimator.schema_.to_json(),
        "record": estimator.record_,
    }
    out = io.StringIO()
    show_info(Console(file=out, width=120), description, name="m.safetensors")
    assert "\x1b" not in out.getvalue()
    for shown in ("Gaussian(latent_dim=3)", "categorical", estimator.record_["data"]["sha256"], "seed"):
        assert shown in out.getvalue()


def test_show_recipes_names_all():
    out = io.StringIO()
    show_recipes(Console(file=out, width=160), [recipes.get(name) for name in recipes.names()])
    assert all(name in out.getvalue() for name in recipes.names())
    assert "beta=1.0" in out.getvalue()


def test_importing_the_terminal_is_cheap():
    code = "import sys, isthmus.report.terminal; print({'torch', 'numpy', 'sklearn', 'PIL'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"
