"""Autoencoders of digits that several benchmarks look at, trained in the run or read from a folder that keeps them."""

from pathlib import Path

from common import mnist

from isthmus import Autoencoder

HELD = 5000
"""Digits at the end of the training part that no model here learns from: what is chosen is chosen by them."""


def autoencoder(
    data: Path, recipe: str, codes: int, *, epochs: int, cache: Path | None = None, **options: float
) -> Autoencoder:
    """An autoencoder of MNIST's training part but for those held, for a given number of epochs: no clock decides."""
    named = "-".join([recipe, str(codes), str(epochs), *(f"{name}{value:g}" for name, value in options.items())])
    kept = cache and cache / f"{named}.safetensors"
    if kept and kept.exists():
        return Autoencoder.load(kept)
    model = Autoencoder(
        recipe, codes, options=options, hidden=(256, 128), epochs=epochs, validation=0, patience=None, random_state=0
    )  # fmt: skip
    model.fit(mnist(data)[0][:-HELD])
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        model.save(kept)
    return model
