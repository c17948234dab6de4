"""Optimisers, averaged weights, accumulated batches and the trial of learning rates, against their definitions."""

import json
import math
import xml.dom.minidom

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits, load_wine

from isthmus import Autoencoder, InputError
from isthmus.cli import main
from isthmus.training import Batch, Settings, Trainer
from isthmus.training.averaging import AUTO_POWER, Average
from isthmus.training.finder import steepest

WINE = load_wine().data


def weights(model: Autoencoder) -> dict[str, torch.Tensor]:
    return model.model_.state_dict()


SMALL = {"latent_dim": 3, "epochs": 3, "random_state": 0, "batch_size": 16}


def small(**options) -> Autoencoder:
    return Autoencoder(**SMALL | options)


def test_a_step_of_sgd_is_nesterovs_formula():
    """Sutskever et al. 2013 in the form v <- m v + g, w <- w - rate (g + m v), g with the decay in it."""
    model = small(epochs=1, optimizer="sgd").fit(WINE).model_.train()
    settings = Settings(epochs=1, minutes=None, batch_size=9, learning_rate=1e-3, weight_decay=0.1, optimizer="sgd")
    trainer, x = Trainer(model, settings), torch.randn(9, 13, generator=torch.Generator().manual_seed(0))
    expected = {name: w.detach().clone() for name, w in model.named_parameters()}
    speed = {name: torch.zeros_like(w) for name, w in expected.items()}
    for rate in (1.0, 0.5):
        trainer.step(Batch(x), 1.0, rate)
        for name, w in model.named_parameters():
            gradient = w.grad + 0.1 * expected[name]
            speed[name] = 0.9 * speed[name] + gradient
            expected[name] -= 1e-3 * rate * (gradient + 0.9 * speed[name])
            torch.testing.assert_close(w.detach(), expected[name], rtol=1e-5, atol=1e-7)


def test_adam_and_adamw_differ_in_the_decay_alone():
    fits = {(name, decay): weights(small(optimizer=name, weight_decay=decay).fit(WINE))
            for name in ("adam", "adamw") for decay in (0.0, 0.5)}  # fmt: skip
    for name, tensor in fits["adam", 0.0].items():
        torch.testing.assert_close(tensor, fits["adamw", 0.0][name], rtol=1e-5, atol=1e-7)
    first = next(iter(fits["adam", 0.5]))
    assert not torch.allclose(fits["adam", 0.5][first], fits["adamw", 0.5][first], rtol=1e-3)


@pytest.mark.parametrize("penalties", [None, {"l1": 0.3}])
def test_accumulated_batches_are_one_batch_of_so_many_times_the_rows(penalties):
    """178 rows: 12 batches of 15 in threes, the last one short, are 4 of 45; no noise, so nothing else differs."""
    options = {"epochs": 6, "validation": 0, "precision": "float32", "penalties": penalties}
    together = small(batch_size=15, accumulate=3, **options).fit(WINE)
    at_once = small(batch_size=45, **options).fit(WINE)
    assert together.record_["steps"] == at_once.record_["steps"] == 6 * 4
    for name, tensor in weights(at_once).items():
        torch.testing.assert_close(weights(together)[name], tensor, rtol=2e-3, atol=2e-4)
    assert together.history_[-1]["loss"] == pytest.approx(at_once.history_[-1]["loss"], rel=1e-4)


def test_one_accumulated_step_has_the_gradient_of_the_whole():
    model = small(epochs=1).fit(WINE).model_.double().train()
    x = torch.randn(23, 13, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    gradients = []
    for pieces in ([x], [x[:10], x[10:20], x[20:]]):
        trainer = Trainer(model, Settings(epochs=1, minutes=None, batch_size=10, learning_rate=1e-12))
        trainer.step_of([Batch(piece) for piece in pieces], 1.0, 1.0)
        gradients.append([w.grad.clone() for w in model.parameters()])
    for whole, summed in zip(*gradients, strict=True):
        torch.testing.assert_close(summed, whole, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("decay", [0.5, 0.999, "auto"])
def test_the_average_is_the_weighted_sum_of_all_weights(decay):
    weight = torch.nn.Parameter(torch.tensor([1.0]))
    average, values = Average([weight], decay), [1.0, 3.0, -2.0, 8.0, 5.0]
    expected = 1.0
    for t, value in enumerate(values[1:], start=1):
        with torch.no_grad():
            weight.fill_(value)
        average.update()
        now = (1 - 1 / t) ** (AUTO_POWER + 1) if decay == "auto" else min(decay, (1 + t) / (10 + t))
        expected = now * expected + (1 - now) * value
    assert average.mean[0].item() == pytest.approx(expected, rel=1e-5)
    with average.shown():
        assert weight.item() == pytest.approx(expected, rel=1e-5)
    assert weight.item() == values[-1]


def test_the_auto_average_looks_back_over_a_twentieth():
    """Karras et al. 2024: the profile is t^power, of mean age 1/(power + 2) and nearly that spread."""
    steps = 4000
    average = Average([weight := torch.nn.Parameter(torch.zeros(2, dtype=torch.float64))], "auto")
    for t in range(1, steps + 1):
        with torch.no_grad():
            weight.copy_(torch.tensor([t / steps, (t / steps) ** 2]))
        average.update()
    mean, square = average.mean[0].tolist()
    power = AUTO_POWER
    assert mean == pytest.approx((power + 1) / (power + 2), abs=2e-3)
    assert math.sqrt(square - mean**2) == pytest.approx(0.05, abs=3e-3)


def test_averaged_weights_are_judged_and_kept():
    """Of the weights after each step the kept ones are the average; without held-out rows of all, else of the best."""
    seen = []
    model = small(ema=0.6, epochs=2, validation=0)
    update = Average.update

    def spied(self):
        update(self)
        seen.append([w.detach().clone() for w in self.weights])

    Average.update = spied
    try:
        model.fit(WINE)
    finally:
        Average.update = update
    start = small(ema=0.6, epochs=2, validation=0, learning_rate=1e-30, weight_decay=0.0).fit(WINE).model_
    expected = [w.detach().clone() for w in start.parameters()]
    for t, now in enumerate(seen, start=1):
        decay = min(0.6, (1 + t) / (10 + t))
        expected = [decay * old + (1 - decay) * new for old, new in zip(expected, now, strict=True)]
    for kept, wanted in zip(model.model_.parameters(), expected, strict=True):
        torch.testing.assert_close(kept.detach(), wanted, rtol=1e-4, atol=1e-6)
    held = small(ema=0.9, epochs=8).fit(WINE, held_out=WINE[:50])
    best = held.history_[held.record_["best_epoch"] - 1]
    assert -held.score(WINE[:50]) == pytest.approx(best["held_loss"], rel=1e-4)


@pytest.mark.parametrize(
    "options",
    [
        {"ema": 0.9},
        {"ema": "auto", "accumulate": 3},
        {"optimizer": "sgd", "learning_rate": 1e-4},
        {"optimizer": "adam"},
    ],
)
def test_a_run_goes_on_to_the_same_weights_whatever_steps_it(fit_through_deaths, options):
    fit_through_deaths(WINE, saves=5, deaths=2, **SMALL | {"recipe": "vae", "epochs": 4} | options)


def test_partial_fits_average_over_all_of_them():
    one, two = (small(ema=0.9) for _ in range(2))
    one.partial_fit(WINE)
    for _ in range(2):
        two.partial_fit(WINE)
    raw = one._trainer.average
    assert raw.updates == 12
    one.partial_fit(WINE)
    assert all(torch.equal(a, b) for a, b in zip(weights(one).values(), weights(two).values(), strict=True))
    assert all(torch.equal(a, b) for a, b in zip(one.model_.parameters(), one._trainer.average.mean, strict=True))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"optimizer": "adamm"}, "did you mean 'adam'"), ({"optimizer": "lion"}, "choose one of adamw, adam, sgd"),
        ({"ema": 1.0}, "ema=1.0 must be auto"), ({"ema": "often"}, "ema='often' must be auto"),
        ({"ema": -0.1}, "ema"), ({"ema": math.nan}, "ema"), ({"ema": True}, "ema"), ({"accumulate": 0}, "accumulate=0"),
        ({"accumulate": 1.5}, "accumulate=1.5 must be a whole number"),
    ],
)  # fmt: skip
def test_what_no_run_could_use_is_refused(options, said):
    with pytest.raises(InputError, match=said):
        Autoencoder(**options).fit(WINE)


def test_models_so_fitted_are_saved_and_trusted(tmp_path):
    model = small(optimizer="sgd", learning_rate=1e-4, ema="auto", accumulate=np.int64(2)).fit(WINE)
    model.save(tmp_path / "m.safetensors")
    loaded = Autoencoder.load(tmp_path / "m.safetensors")
    assert (loaded.optimizer, loaded.ema, loaded.accumulate) == ("sgd", "auto", 2)
    assert loaded.transform(WINE).tobytes() == model.transform(WINE).tobytes()
    assert loaded.partial_fit(WINE).n_iter_ == model.n_iter_ + 1


@pytest.mark.parametrize("centre", [1e-5, 1e-3, 0.1])
def test_the_steepest_place_of_a_known_curve(centre):
    """A loss that falls along a logistic curve in log rate falls fastest at the curve's centre."""
    rates = np.geomspace(1e-8, 1, 300)
    losses = 5 - 20 / (1 + (centre / rates) ** 1.5) + 0.3 * np.random.default_rng(0).normal(size=300)
    losses += 1e4 * np.maximum(0, rates - 0.9)
    assert steepest(rates, losses) == pytest.approx(centre, rel=0.5)


def test_where_nothing_falls_the_suggestion_keeps_away_from_the_divergence():
    rates = np.geomspace(1e-8, 1e-2, 200)
    losses = 3 + np.random.default_rng(0).normal(size=200) + np.where(rates > 5e-3, 50, 0)
    assert steepest(rates, losses) == pytest.approx(1e-3)


def test_a_found_rate_fits_better_than_one_far_from_it():
    x = (load_digits().images[:400] * 15).astype(np.uint8)
    model = small(epochs=4, batch_size=32)
    found = model.find_learning_rate(x, steps=120)
    assert not hasattr(model, "model_")
    assert not hasattr(model, "n_features_in_")
    assert len(found.rates) == len(found.losses) <= 120
    scores = [model.set_params(learning_rate=found.suggestion * f).fit(x).score(x) for f in (0.02, 1.0)]
    assert scores[1] > scores[0] + 10
    assert found == small(epochs=4, batch_size=32).find_learning_rate(x, steps=120), "not repeatable"


def test_the_trial_on_the_command_line(tmp_path, capsys):
    svg = tmp_path / "curve.svg"
    assert main(["lr-find", "wine", "--steps", "60", "-o", str(svg), "--json", "--optimizer", "sgd"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert 0 < found["suggestion"] < 10
    assert len(found["rates"]) == len(found["losses"])
    assert xml.dom.minidom.parse(str(svg)).documentElement.tagName == "svg"
    assert main(["lr-find", "wine", "--steps", "60"]) == 0
    assert "suggested: --learning-rate" in capsys.readouterr().out
    assert main(["lr-find", "wine", "--steps", "60", "-o", str(svg)]) == 2, "overwrote a file"
    assert main(["lr-find", "wine", "--steps", "5"]) == 2
    assert "steps=5: give a whole number, 20 or more" in capsys.readouterr().err
    assert main(["lr-find", "wine", "--steps", "60", "--ema", "x"]) == 2


def test_the_options_on_the_command_line(tmp_path, capsys):
    model = tmp_path / "m.safetensors"
    words = ["--optimizer", "adam", "--ema", "auto", "--accumulate", "2", "--epochs", "2", "--no-report", "--json"]
    assert main(["fit", "wine", "-o", str(model), *words]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {"optimizer": "adam", "ema": "auto", "accumulate": 2}.items() <= told["record"]["settings"].items()
    assert "--optimizer adam --ema auto --accumulate 2" in told["command"]
