"""Put recipes side by side: same pictures, same body, same number of epochs, judged on rows that none was fitted to."""

import numpy as np
from sklearn.datasets import load_digits

from isthmus import Autoencoder, recipes

pictures = (load_digits().images * 255 / 16).astype(np.uint8)
train, test = pictures[:1400], pictures[1400:]

print(f"{'recipe':14} {'error':>7} {'used':>5}   what it is")
for name in ("ae", "denoising", "vae", "beta-vae", "wae-mmd", "vq", "fsq"):
    model = Autoencoder(name, latent_dim=8, epochs=6, validation=0, random_state=0).fit(train)
    error = model.reconstruction_error(test).mean()
    used = (model.transform(test).var(axis=0) > 0.01).sum()  # code values that tell pictures apart
    print(f"{name:14} {error:7.2f} {used:3} /8   {recipes.get(name).summary}")
