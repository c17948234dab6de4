"""A table with categories and missing cells: fit, impute, find the odd rows. Takes pandas: pip install pandas."""

import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes

from isthmus import Autoencoder

frame = load_diabetes(as_frame=True, scaled=False).data
frame["sex"] = frame["sex"].map({1.0: "a", 2.0: "b"})
holes = frame.copy()
holes.loc[np.random.default_rng(0).random(len(frame)) < 0.1, "bmi"] = np.nan

model = Autoencoder(latent_dim=4, epochs=60, random_state=0).fit(holes)
gone = holes["bmi"].isna()
imputed = model.reconstruct(holes).loc[gone, "bmi"]
error = (imputed - frame.loc[gone, "bmi"]).abs().mean()
by_mean = (holes["bmi"].mean() - frame.loc[gone, "bmi"]).abs().mean()
print(f"{gone.sum()} missing values of bmi: imputed to within {error:.2f}, by the mean {by_mean:.2f}")

strangest = pd.Series(model.score_samples(holes), frame.index).nsmallest(3)
print("the three strangest rows:", list(strangest.index))
