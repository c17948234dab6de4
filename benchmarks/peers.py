"""The same two networks for everybody: in plain PyTorch, for Pythae's VAE, and as Isthmus's options."""

import contextlib
import io
import logging
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

LATENT = 20


@dataclass(frozen=True)
class Network:
    """One body: how plain PyTorch builds it, and what Isthmus is asked for."""

    name: str
    options: dict[str, Any]
    widths: tuple[int, ...]
    conv: bool = field(default=False)
    latent_dim: int = LATENT

    def encoder(self) -> nn.Module:
        """Picture (n, 1, 28, 28) to mean and log-variance."""
        if not self.conv:
            return nn.Sequential(
                nn.Flatten(), *_dense([784, *self.widths]), nn.Linear(self.widths[-1], 2 * self.latent_dim)
            )
        layers: list[nn.Module] = []
        for wide_in, wide_out in zip([1, *self.widths[:-1]], self.widths, strict=True):
            layers += [nn.Conv2d(wide_in, wide_out, 4, 2, 1), nn.ReLU()]
        return nn.Sequential(_Even(), *layers, nn.Flatten(), nn.Linear(16 * self.widths[-1], 2 * self.latent_dim))

    def decoder(self) -> nn.Module:
        """Code to logits (n, 1, 28, 28)."""
        mirrored = self.widths[::-1]
        if not self.conv:
            layers = [*_dense([self.latent_dim, *mirrored]), nn.Linear(mirrored[-1], 784), nn.Unflatten(1, (1, 28, 28))]
            return nn.Sequential(*layers)
        layers = [nn.Linear(self.latent_dim, 16 * mirrored[0]), nn.Unflatten(1, (mirrored[0], 4, 4))]
        for wide_in, wide_out in zip(mirrored, [*mirrored[1:], 1], strict=True):
            layers += [nn.ReLU(), nn.ConvTranspose2d(wide_in, wide_out, 4, 2, 1)]
        return nn.Sequential(*layers, _Crop())


class _Even(nn.Module):
    """28 -> 32, so that three halvings come out even; Isthmus pads 7 to 8 on its way to the same 4 x 4."""

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x, (2, 2, 2, 2))


class _Crop(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x[..., 2:30, 2:30]


def _dense(widths: list[int]) -> list[nn.Module]:
    return [layer for a, b in pairwise(widths) for layer in (nn.Linear(a, b), nn.ReLU())]


NETWORKS = (
    Network("mlp", {"network": "dense", "hidden": (512,), "norm": "none"}, (512,)),
    Network("conv", {"network": "conv", "hidden": (32, 64, 128)}, (32, 64, 128), conv=True),
    Network("wide conv", {"network": "conv", "hidden": (128, 512, 1024)}, (128, 512, 1024), conv=True),
)
COMMON = {"latent_dim": LATENT, "activation": "relu", "likelihood": "bernoulli"}


def isthmus_fit(network: Network, x: Tensor, *, epochs: int, batch: int, learning_rate: float) -> tuple[float, Any]:
    """Seconds of the loop in Isthmus's public fit, and negative ELBO on rows."""
    from isthmus import Autoencoder, scoring

    model = Autoencoder(
        "vae",
        epochs=epochs,
        batch_size=batch,
        learning_rate=learning_rate,
        validation=0,
        random_state=0,
        **COMMON,
        **network.options,
    )
    pictures = (x[:, 0] * 255).round().to(torch.uint8)
    model.fit(pictures)
    return model.record_["seconds"], lambda rows: -scoring.elbo(model.model_.eval(), rows)


def plain_fit(network: Network, x: Tensor, *, epochs: int, batch: int, learning_rate: float) -> tuple[float, Any]:
    """Seconds of a plain loop: Adam, one tensor, random slices."""
    torch.manual_seed(0)
    encoder, decoder = network.encoder(), network.decoder()
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], learning_rate)

    def loss(rows: Tensor) -> Tensor:
        mu, logvar = encoder(rows).chunk(2, -1)
        raw = decoder(mu + torch.randn_like(mu) * (0.5 * logvar).exp())
        nll = F.binary_cross_entropy_with_logits(raw, rows, reduction="none").flatten(1).sum(-1)
        return nll + 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum(-1)

    start = time.perf_counter()
    for _ in range(epochs):
        for chosen in torch.randperm(len(x)).split(batch):
            optimizer.zero_grad()
            loss(x[chosen]).mean().backward()
            optimizer.step()
    return time.perf_counter() - start, loss


def pythae_networks(network: Network, arranged: Callable[[Tensor], Tensor] = lambda code: code) -> tuple[Any, Any]:
    """The same layers as Pythae's encoder and decoder, the code arranged as the model wants it."""
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.layers = network.encoder()

        def forward(self, x: Tensor) -> Any:
            mu, logvar = self.layers(x).chunk(2, -1)
            return ModelOutput(embedding=arranged(mu), log_covariance=logvar)

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.layers = network.decoder()

        def forward(self, z: Tensor) -> Any:
            return ModelOutput(reconstruction=self.layers(z.flatten(1)).sigmoid())

    return Encoder(), Decoder()


def pythae_model(network: Network) -> Any:
    """Pythae's VAE around the same layers."""
    from pythae.models import VAE, VAEConfig

    config = VAEConfig(input_dim=(1, 28, 28), latent_dim=LATENT, reconstruction_loss="bce")
    return VAE(config, *pythae_networks(network))


def pythae_fit(network: Network, x: Tensor, *, epochs: int, batch: int, learning_rate: float) -> tuple[float, Any]:
    """Seconds of Pythae's trainer, its checkpoint at the end included."""
    logging.disable(logging.INFO)
    with contextlib.redirect_stderr(io.StringIO()):
        from pythae.data.datasets import BaseDataset
        from pythae.trainers import BaseTrainer, BaseTrainerConfig

        torch.manual_seed(0)
        model = pythae_model(network)
        with tempfile.TemporaryDirectory() as folder:
            config = BaseTrainerConfig(
                output_dir=folder,
                num_epochs=epochs,
                per_device_train_batch_size=batch,
                learning_rate=learning_rate,
                no_cuda=True,
            )
            trainer = BaseTrainer(model, BaseDataset(x, torch.zeros(len(x))), None, config)
            start = time.perf_counter()
            trainer.train()
            seconds = time.perf_counter() - start
    encode, decode = model.encoder, model.decoder

    def loss(rows: Tensor) -> Tensor:
        out = encode(rows)
        mu, logvar = out.embedding, out.log_covariance
        z = mu + torch.randn_like(mu) * (0.5 * logvar).exp()
        nll = F.binary_cross_entropy(decode(z).reconstruction, rows, reduction="none").flatten(1).sum(-1)
        return nll + 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum(-1)

    return seconds, loss


PEERS = {"isthmus": isthmus_fit, "pythae": pythae_fit, "plain": plain_fit}
