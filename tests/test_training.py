"""The loop's ingredients: batches, schedule, shifts, arithmetic, logs, checkpoints."""

import json
import math
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus import Autoencoder, InputError
from isthmus.training import Batches, Checkpoint, JsonLines, TensorBoard
from isthmus.training.arithmetic import fast
from isthmus.training.augmentation import shift_pictures
from isthmus.training.schedules import warmup_cosine


class Rows:
    """A source whose row i is the number i."""

    def __init__(self, n: int, resident: bool) -> None:
        self.n, self.resident, self.nbytes = n, resident, 8 * n

    def __len__(self) -> int:
        return self.n

    def take(self, rows):
        return np.asarray(rows, np.float64)[:, None]


IDENTITY = SimpleNamespace(shape=(1,), apply=lambda raw: raw.astype(np.float32))


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 700), batch=st.integers(1, 80), memory=st.sampled_from([None, 1, 64, 999]), skip=st.integers(0, 9)
)
def test_every_row_is_dealt_once_and_skipping_resumes_the_same_order(n, batch, memory, skip):
    batches = Batches(Rows(n, False), IDENTITY, np.arange(n), batch_size=batch, memory=memory, seed=3)
    dealt = [batch.x_B___ for batch in batches.epoch(5)]
    assert len(dealt) == len(batches) == math.ceil(n / batch)
    assert [len(x) for x in dealt[:-1]] == [batch] * (len(dealt) - 1)
    assert sorted(torch.cat(dealt)[:, 0].tolist()) == list(range(n))
    rest = [batch.x_B___ for batch in batches.epoch(5, skip)]
    assert [x.tolist() for x in rest] == [x.tolist() for x in dealt[skip:]]
    assert torch.cat([batch.x_B___ for batch in batches.in_order()])[:, 0].tolist() == list(range(n))


@pytest.mark.parametrize("memory", [None, 4000])
def test_epochs_differ_and_streams_are_mixed(memory):
    batches = Batches(Rows(2000, False), IDENTITY, np.arange(2000), batch_size=100, memory=memory, seed=0)
    first, second = (torch.cat([batch.x_B___ for batch in batches.epoch(e)])[:, 0] for e in (0, 1))
    assert batches.streamed == (memory is not None)
    assert not torch.equal(first, second)
    assert (first.diff().abs() > 1).float().mean() > 0.9


def test_the_schedule_warms_up_and_falls_to_zero():
    rates = [warmup_cosine(step / 1000) for step in range(1001)]
    assert 0 < rates[0] < 0.1
    assert max(rates) == pytest.approx(1, abs=1e-3)
    assert rates.index(max(rates)) == 20
    assert rates[-1] == pytest.approx(0, abs=1e-12)
    assert all(a >= b for a, b in pairwise(rates[20:]))


def test_shifted_pictures_are_moved_whole():
    torch.manual_seed(0)
    picture = torch.zeros(400, 2, 7, 6)
    picture[:, :, 3, 2] = torch.tensor([1.0, 2.0])
    moved = shift_pictures(picture, 1)
    spots = {tuple(spot) for spot in (moved[:, 0] == 1).nonzero()[:, 1:].tolist()}
    assert spots == {(y, x) for y in (2, 3, 4) for x in (1, 2, 3)}
    assert torch.equal(moved[:, 1], 2 * moved[:, 0])
    assert torch.equal(moved.sum((2, 3)), picture.sum((2, 3)))


def test_denormals_are_flushed_only_inside():
    tiny = torch.tensor(1e-310, dtype=torch.float64)
    with fast("float32", "cpu", torch.nn.Linear(2, 2), 4):
        assert (tiny * 1).item() == 0
        assert torch.get_num_threads() == 1
    assert (tiny * 1).item() > 0


def test_logs_hold_every_epoch(tmp_path):
    log = JsonLines(tmp_path / "m.jsonl")
    board = TensorBoard(tmp_path / "board")
    model = Autoencoder(epochs=3, callbacks=(log, board), random_state=0).fit(
        np.random.default_rng(0).normal(size=(40, 3))
    )
    lines = [json.loads(line) for line in (tmp_path / "m.jsonl").read_text().splitlines()]
    assert lines == model.history_
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    assert {"loss", "distortion", "rate", "held_loss", "seconds"} <= lines[0].keys()
    assert list((tmp_path / "board").iterdir())


@pytest.mark.parametrize(
    ("memory", "network", "recipe"),
    [(None, "dense", "vae"), (3000, "dense", "vae"), (None, "conv", "vae"), (None, "dense", "aae"),
     (None, "conv", "vae-gan")],
)  # fmt: skip
def test_a_run_goes_on_from_any_checkpoint_to_the_same_weights(fit_through_deaths, memory, network, recipe):
    """Also in mid-epoch and when streaming; the command line's own test kills whole processes."""
    x = np.random.default_rng(0).random((150, 6, 5) if network == "conv" else (150, 6))
    options = {"recipe": recipe, "epochs": 4, "random_state": 1, "memory": memory, "batch_size": 16}
    options |= {"network": network, "kind": "images", "hidden": (4, 8)} if network == "conv" else {}
    whole, resumed = fit_through_deaths(x, saves=6, deaths=4, **options)
    assert [e["held_loss"] for e in resumed.history_] == [e["held_loss"] for e in whole.history_]


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    x = np.random.default_rng(0).normal(size=(50, 6))
    Autoencoder(epochs=1, random_state=0).fit(
        x, checkpoint=lambda i: Checkpoint(tmp_path / "c", i, resume=False, every=0)
    )
    other = Autoencoder(epochs=2, random_state=0)
    with pytest.raises(InputError, match="epochs"):
        other.fit(x, checkpoint=lambda i: Checkpoint(tmp_path / "c", i, resume=True))
