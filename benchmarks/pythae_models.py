"""Pythae's models around the benchmark's networks, trained by Pythae's own trainer for a time, then judged as ours.

What comes out is an `isthmus.Model` that holds Pythae's trained networks (and codebook), so that one code judges all.
"""

import contextlib
import io
import logging
import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from peers import LATENT, Network, pythae_networks
from torch import Tensor, nn

from isthmus import Model
from isthmus.parts import Bernoulli, Bottleneck, Code, Gaussian, Normal, Part, Point

CODE_WIDTH, CODEBOOK = 4, 256
"""Of the recipe vq: every 4 code values are one of 256 vectors."""
HALF = math.sqrt(0.5)
"""The scale at which a gaussian's -log p is the squared error that Pythae's WAE and VQVAE train on, and a constant."""


@dataclass(frozen=True)
class Peer:
    """One of Pythae's models: the recipe it stands beside, and what both are given."""

    name: str
    beside: str
    config: dict[str, Any] = field(default_factory=dict)
    squared: bool = False
    adversarial: bool = False
    point: bool = False
    coupled: bool = False
    rate: float | None = None


PEERS = (
    Peer("VAE", "vae"),
    Peer("BetaTCVAE", "tc-vae", {"beta": "beta"}),
    Peer("WAE_MMD", "wae-mmd", {"reg_weight": "strength"}, squared=True, point=True),
    Peer("VQVAE", "vq", {"num_embeddings": CODEBOOK, "use_ema": True}, squared=True, point=True),
    Peer(
        "Adversarial_AE",
        "aae",
        {"adversarial_loss_scale": 1.0, "reconstruction_loss_scale": lambda options: 1 / options["strength"]},
        adversarial=True,
    ),
    Peer("IWAE", "iwae", {"number_samples": "draws"}),
)
"""A word among the configuration's values is the recipe's own option, which both then have alike, a function makes the
value of the options. Pythae's own default for WAE_MMD is 0.03, which leaves all but a plain autoencoder."""

GENERATORS = (
    Peer("VAE", "vae"),
    Peer("BetaVAE", "beta-vae", {"beta": "beta"}),
    Peer("WAE_MMD", "wae-mmd", {"reg_weight": "strength"}, squared=True, point=True),
    Peer("VAEGAN", "vae-gan", squared=True, coupled=True, rate=1e-4),
)
"""Those that benchmarks/generate.py draws from; at a rate of 0.001 VAEGAN collapsed, so it has Pythae's default."""


class OutOfTimeError(Exception):
    """The budget is spent."""


class Wrapped(Part):
    """A network of Pythae's in a slot of ours."""

    def __init__(self, run: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.run = run

    def forward(self, values: Tensor, condition: Tensor | None = None) -> Tensor:  # noqa: ARG002
        return self.run(values)


class Quantized(Bottleneck):
    """The code that Pythae's quantiser chooses; its rate is its length in nats, as the recipe vq counts it."""

    def __init__(self, quantizer: nn.Module) -> None:
        super().__init__(LATENT)
        self.quantizer = quantizer

    @property
    def inputs(self) -> int:
        return LATENT

    def forward(self, h_BH: Tensor, *, sample: bool) -> Code:  # noqa: ARG002
        z_BZ = self.posterior(h_BH)[0]
        return Code(z_BZ, torch.full((len(z_BZ), LATENT // CODE_WIDTH), math.log(CODEBOOK)))

    def posterior(self, h_BH: Tensor) -> tuple[Tensor, Tensor]:
        z_BZ = self.quantizer(in_rows(h_BH).permute(0, 2, 3, 1)).quantized_vector.flatten(1)
        return z_BZ, torch.zeros_like(z_BZ)


def in_rows(code: Tensor) -> Tensor:
    """(n, code values) as Pythae's quantiser wants it: (n, width, number of vectors, 1)."""
    return code.reshape(len(code), CODE_WIDTH, LATENT // CODE_WIDTH, 1)


def make(peer: Peer, network: Network, options: dict[str, Any]) -> Any:
    """Pythae's model with these networks."""
    import pythae.models

    given = {
        name: options[value] if isinstance(value, str) else value(options) if callable(value) else value
        for name, value in peer.config.items()
    }
    if not peer.squared:
        given["reconstruction_loss"] = "bce"
    names = {"WAE_MMD": "WAE_MMD_Config", "Adversarial_AE": "Adversarial_AE_Config"}
    config = getattr(pythae.models, names.get(peer.name, f"{peer.name}Config"))
    networks = pythae_networks(network, in_rows) if peer.name == "VQVAE" else pythae_networks(network)
    return getattr(pythae.models, peer.name)(
        config(input_dim=(1, 28, 28), latent_dim=network.latent_dim, **given), *networks
    )


def fit(peer: Peer, network: Network, x: Tensor, options: dict[str, Any], *, minutes: float, batch: int, rate: float):
    """Train in Pythae's trainer until the time is up, wherever in an epoch that is.

    Returns
    -------
    The model as ours, epochs begun, seconds of training.
    """
    logging.disable(logging.INFO)
    with contextlib.redirect_stderr(io.StringIO()), tempfile.TemporaryDirectory() as folder:
        from pythae import trainers
        from pythae.data.datasets import BaseDataset
        from pythae.trainers.training_callbacks import TrainingCallback

        torch.manual_seed(0)
        model = make(peer, network, options)
        common = {"output_dir": folder, "num_epochs": 10**6, "per_device_train_batch_size": batch, "no_cuda": True}

        class Clock(TrainingCallback):
            start, epochs = 0.0, 0

            def on_epoch_begin(self, training_config: Any, **kwargs: Any) -> None:  # noqa: ARG002
                self.start = self.start or time.monotonic()
                self.epochs += 1

            def on_train_step_end(self, training_config: Any, **kwargs: Any) -> None:  # noqa: ARG002
                if time.monotonic() - self.start >= 60 * minutes:
                    raise OutOfTimeError

        if peer.adversarial:
            kind, config = (
                trainers.AdversarialTrainer,
                trainers.AdversarialTrainerConfig(
                    autoencoder_learning_rate=rate, discriminator_learning_rate=rate, **common
                ),
            )
        elif peer.coupled:
            kind = trainers.CoupledOptimizerAdversarialTrainer
            config = trainers.CoupledOptimizerAdversarialTrainerConfig(
                encoder_learning_rate=rate, decoder_learning_rate=rate, discriminator_learning_rate=rate, **common
            )
        else:
            kind, config = trainers.BaseTrainer, trainers.BaseTrainerConfig(learning_rate=rate, **common)
        trainer = kind(model, BaseDataset(x, torch.zeros(len(x))), None, config, callbacks=[clock := Clock()])
        with contextlib.suppress(OutOfTimeError):
            trainer.train()
        seconds = time.monotonic() - clock.start
    return as_ours(peer, model.eval(), network.latent_dim), clock.epochs, seconds


def as_ours(peer: Peer, model: Any, latent_dim: int) -> Model:
    """Pythae's networks as a model of Isthmus: same codes, same reconstructions, by the same code as all others."""
    layers = model.encoder.layers
    encoder = Wrapped((lambda x: layers(x).chunk(2, -1)[0]) if peer.point else layers)
    bottleneck = Quantized(model.quantizer) if peer.name == "VQVAE" else (Point if peer.point else Gaussian)(latent_dim)
    likelihood = Normal(HALF, bounded=True) if peer.squared else Bernoulli()
    return Model(encoder, bottleneck, Wrapped(model.decoder.layers), likelihood).eval()
