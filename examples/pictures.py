"""Pictures: fit a variational autoencoder, keep it in a file, decode codes that no picture had."""

import tempfile
from pathlib import Path

import numpy as np

from isthmus import Autoencoder

model = Autoencoder("vae", latent_dim=2, epochs=60, random_state=0).fit("digits")
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "digits.safetensors"
    model.save(path)
    model = Autoencoder.load(path)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")

posterior = model.encode("digits")
print("codes", posterior.mean.shape, "mean posterior std", posterior.std.mean(0).round(2))
grid = np.stack(np.meshgrid(np.linspace(-1.5, 1.5, 5), np.linspace(-1.5, 1.5, 5)), -1).reshape(-1, 2)
pictures = model.inverse_transform(grid)
print("decoded from a grid of codes:", pictures.shape, pictures.dtype)
