"""Digits that nobody wrote: drawn from the prior and from a mixture of codes, and judged beside plain models."""

from isthmus import Autoencoder, open_data
from isthmus.generation import generate
from isthmus.jobs.reduce import judged_rows
from isthmus.jobs.samples import measure

digits = open_data("digits")
model = Autoencoder("vamp", latent_dim=8, epochs=40, random_state=0).fit(digits)

sevens = generate(model, 5, density="mixture", fitted_to=digits, label=7)
print("five sevens:", sevens.shape, sevens.dtype)

found = measure(model, judged_rows(model, digits), densities=("prior", "mixture"))
print(f"Frechet distance of {found.rows} pictures, by {found.judge}:")
for source in sorted(found.sources, key=lambda each: each.frechet):
    print(f"  {source.source:18}{source.frechet:6.2f}   {source.sure:.0%} surely a digit")
