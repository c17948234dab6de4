"""Recurrent bodies and recipes: what they read, in which order, and that padding is never part of it."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Normal as TorchNormal

from isthmus import Autoencoder, open_data
from isthmus.errors import InputError, ModelFileError
from isthmus.jobs.reduce import judged_rows
from isthmus.model import Model
from isthmus.parts import Laplace, Masked, Normal, Point, RecurrentDecoder, RecurrentEncoder, build


def cell_by_hand(layer, kind, x_TD):
    """States of one layer after every step, by the equations of Hochreiter & Schmidhuber or Cho et al."""
    wide, h, c = layer.hidden_size, torch.zeros(layer.hidden_size).double(), torch.zeros(layer.hidden_size).double()
    states = []
    for x in x_TD:
        a = layer.weight_ih_l0 @ x + layer.bias_ih_l0
        b = layer.weight_hh_l0 @ h + layer.bias_hh_l0
        if kind == "lstm":
            i, f, g, o = (a + b).split(wide)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
        else:
            (r, u), n = (a + b)[: 2 * wide].sigmoid().split(wide), (a[2 * wide :], b[2 * wide :])
            h = (1 - u) * (n[0] + r * n[1]).tanh() + u * h
        states.append(h)
    return torch.stack(states)


def ragged(n=6, steps=9, channels=2):
    x = torch.randn(n, steps, channels, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for row, length in enumerate((9, 4, 1, 7, 9, 2)):
        x[row, length:] = math.nan
    x[0, 3, 1] = math.nan
    return x


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("missing", [True, False])
def test_the_encoder_reads_from_the_last_known_step_to_the_first(cell, missing):
    torch.manual_seed(0)
    encoder = RecurrentEncoder((9, 2), 3, (5, 4), cell, missing=missing).double()
    x = ragged()
    h = encoder(x)
    for row, length in enumerate((9, 4, 1, 7, 9, 2)):
        known = x[row, :length].flip(0)
        states = torch.cat([known.nan_to_num(), known.isnan().double()], -1) if missing else known.nan_to_num()
        for layer in encoder.layers:
            states = cell_by_hand(layer, cell, states)
        torch.testing.assert_close(h[row], encoder.to_code(states[-1]), rtol=1e-10, atol=1e-12)


def test_a_series_without_any_value_has_a_code():
    assert torch.isfinite(RecurrentEncoder((4, 2), 3, missing=True)(torch.full((2, 4, 2), math.nan))).all()


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_decoder_writes_a_step_without_regard_to_how_many_follow(cell):
    torch.manual_seed(0)
    long = RecurrentDecoder(3, (30, 2), (5, 4), cell).double()
    short = RecurrentDecoder(3, (11, 2), (5, 4), cell).double()
    short.load_state_dict(long.state_dict())
    z = torch.randn(4, 3, dtype=torch.float64)
    torch.testing.assert_close(short(z), long(z)[:, :11], rtol=1e-12, atol=1e-12)
    assert (long(z)[:, 1:] - long(z)[:, :-1]).abs().amax((0, 2)).min() > 1e-4, "steps that follow are told apart"


def test_a_condition_reaches_both_ends_of_a_recurrent_body():
    encoder, decoder = RecurrentEncoder((5, 1), 2, condition_dim=3), RecurrentDecoder(2, (5, 1), condition_dim=3)
    x, told = torch.rand(2, 5, 1), torch.eye(3)[:2]
    assert not torch.allclose(encoder(x, told), encoder(x, told.flip(-1)))
    assert not torch.allclose(decoder(torch.zeros(2, 2), told), decoder(torch.zeros(2, 2), told.flip(-1)))


@pytest.mark.parametrize("density", [Normal, Laplace])
def test_missing_values_cost_nothing_and_teach_nothing(density):
    x, raw = ragged(), torch.randn(6, 9, 2, dtype=torch.float64, requires_grad=True)
    masked = Masked(density(0.7)).double()
    nll = masked.nll(raw, x)
    nll.sum().backward()
    known = ~x.isnan()
    assert (raw.grad[~known] == 0).all()
    assert raw.grad[known].abs().min() > 0
    each = density(0.7).double().cells(raw[known], x[known])
    torch.testing.assert_close(nll.sum(), each.sum(), rtol=1e-12, atol=0)
    if density is Normal:
        torch.testing.assert_close(each, -TorchNormal(raw[known], 0.7).log_prob(x[known]), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_more_padding_changes_neither_code_nor_objective_nor_gradient(cell):
    torch.manual_seed(0)
    x, found = ragged(), []
    for steps in (9, 25):
        torch.manual_seed(0)
        ends = RecurrentEncoder((steps, 2), 3, (6,), cell, missing=True), RecurrentDecoder(3, (steps, 2), (6,), cell)
        model = Model(ends[0], Point(3), ends[1], Masked(Normal())).double()
        padded = torch.full((6, steps, 2), math.nan, dtype=torch.float64)
        padded[:, :9] = x
        objective = model.objective(model(padded))
        gradients = torch.autograd.grad(objective.sum(), list(model.parameters()))
        found.append((model.encode(padded), objective, *gradients))
    for less, more in zip(*found, strict=True):
        torch.testing.assert_close(less, more, rtol=1e-10, atol=1e-12)


def waves(n, lengths, seed=0):
    numbers = np.random.default_rng(seed)
    phase, height = numbers.uniform(0, 2 * np.pi, (n, 1)), numbers.uniform(1, 3, (n, 1))
    x = (height * np.sin(np.arange(12) / 2 + phase)).astype(np.float32)
    x[np.arange(12) >= numbers.integers(*lengths, (n, 1))] = np.nan
    return x[..., None]


@pytest.mark.parametrize(
    ("recipe", "network"), [("lstm", "auto"), ("lstm-vae", "auto"), ("lstm", "gru"), ("ae", "auto"), ("vae", "dense")]
)
def test_padding_never_changes_a_result(recipe, network):
    x = waves(60, (3, 13))
    model = Autoencoder(recipe, 3, kind="series", network=network, epochs=2, random_state=0).fit(x)
    short = x[np.isnan(x[:, 5:]).all((1, 2)) & ~np.isnan(x[:, 4]).any(1)][:, :5]
    assert len(short) > 1
    padded = np.pad(short, ((0, 0), (0, 7), (0, 0)), constant_values=np.nan)
    assert np.array_equal(model.transform(short), model.transform(padded))
    assert np.array_equal(model.score_samples(short), model.score_samples(padded))
    assert np.array_equal(model.reconstruct(short), model.reconstruct(padded)[:, :5])
    assert np.isnan(model.reconstruct(padded)[:, 5:]).all()


def test_waves_of_unequal_length_are_rebuilt_from_a_few_values():
    train, test = waves(200, (8, 13)), waves(50, (8, 13), seed=1)
    options = {"hidden": (24,), "epochs": 60, "batch_size": 50, "learning_rate": 0.02, "validation": 0}
    model = Autoencoder("lstm", 3, kind="series", random_state=0, **options)
    errors = model.fit(train).reconstruction_error(test)
    spread = np.nansum(model.preparation_.apply(test) ** 2, axis=(1, 2))
    assert errors.mean() < 0.1 * spread.mean()


def test_a_gap_is_filled_and_an_end_is_not():
    x = waves(60, (6, 12))
    x[0, :8], x[0, 8:], x[0, 3] = 1.0, np.nan, np.nan
    rebuilt = Autoencoder("lstm", 3, kind="series", epochs=2, random_state=0).fit(x).reconstruct(x)
    assert np.isfinite(rebuilt[0, :8]).all()
    assert np.isnan(rebuilt[0, 8:]).all()


def test_networks_and_likelihoods_that_series_can_not_have():
    x = np.zeros((8, 5)) + np.arange(8)[:, None]
    for options in (
        {"network": "conv"},
        {"likelihood": "mixed"},
        {"likelihood": "bernoulli"},
        {"hidden": (), "network": "gru"},
    ):
        with pytest.raises(InputError):
            Autoencoder(kind="series", epochs=1, **options).fit(x)
    with pytest.raises(InputError, match="lstm or gru"):
        Autoencoder("lstm", kind="series", network="dense", epochs=1).fit(x)
    with pytest.raises(InputError, match="is for series"):
        Autoencoder(network="lstm", epochs=1).fit(x)


@pytest.mark.parametrize(
    "options",
    [{"shape": [1 << 20, 1]}, {"shape": [5]}, {"shape": [0, 1]}, {"cell": "rnn"}, {"widths": []}, {"widths": [-1]}],
)
def test_a_hostile_description_builds_no_recurrent_body(options):
    ends = ({"part": "RecurrentEncoder", "outputs": 2}, {"part": "RecurrentDecoder", "latent_dim": 2})
    for end in ends:
        with pytest.raises(ModelFileError):
            build({"shape": [5, 1]} | end | options)


def test_a_series_whose_last_value_is_missing_comes_back_in_its_whole_length():
    waves = [np.sin(np.arange(n) / 2) for n in (5, 6, 7, 8)] * 3
    waves[0] = np.r_[waves[0][:3], np.nan, np.nan]
    model = Autoencoder("lstm", latent_dim=1, kind="series", hidden=(4,), epochs=1, random_state=0).fit(waves)
    rebuilt = model.reconstruct(waves)
    assert [len(one) for one in rebuilt] == [len(one) for one in waves]
    assert np.isfinite(rebuilt[0]).all()


def test_held_out_windows_share_no_step_with_training_windows():
    data = open_data(np.sin(np.arange(300.0)), kind="series", window=12, stride=3)
    model = Autoencoder("ae", latent_dim=2, hidden=(4,), epochs=1, random_state=0).fit(data)
    judged = judged_rows(model, data)
    assert judged.which == "held-out rows"
    assert len(judged.rows) == model.record_["held_out_rows"] == 10
    assert len(judged.fitted_rows) == model.record_["training_rows"] == 97 - 10 - 3
    assert judged.rows.min() - judged.fitted_rows.max() > data.overlap
    new = judged_rows(model, open_data(np.cos(np.arange(300.0)), kind="series", window=12, stride=3))
    assert new.rows.min() - new.fitted_rows.max() > data.overlap
