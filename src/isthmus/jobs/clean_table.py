"""Denoise a table: its numbers as an autoencoder gives them back, judged beside PCA."""

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer

from isthmus.autoencoder import Autoencoder
from isthmus.data import Dataset, TableSchema
from isthmus.errors import DataError, InputError
from isthmus.jobs.inpaint import Figures, rmse

Floats = NDArray[np.float64]


def clean_table(estimator: Autoencoder, data: Dataset) -> Floats:
    """Raw rows whose known numbers are what the model makes of them; categories, true and false, and gaps stay.

    Raises
    ------
    InputError
        If the model or the data are of something else than a table with columns of numbers.
    """
    numeric = numeric_columns(estimator)
    raw = data.source.read(0, data.n)
    found: Floats = np.where(numeric & ~np.isnan(raw), estimator.reconstruct_raw(data), raw)
    return found


def numeric_columns(estimator: Autoencoder) -> NDArray[np.bool_]:
    """Which columns of the model's table are numbers.

    Raises
    ------
    InputError
        If the model isn't of a table, or the table has none.
    """
    schema = estimator.schema_
    if not isinstance(schema, TableSchema):
        raise InputError(
            f"this model is of {schema.kind}, not of a table: fit one, such as with --corruption gaussian:0.3"
        )
    numeric = np.array([column.role == "numeric" for column in schema.columns])
    if not numeric.any():
        raise InputError("the model's table has no columns of numbers, so there is nothing to take noise from")
    return numeric


def judge_clean(estimator: Autoencoder, cleaned: Floats, noisy: Floats, clean: Floats) -> Figures:
    """RMSE over the known numbers in the standard deviations that the model learned.

    Beside it the table as it is, and PCA of as many components as the code has values, fitted to the noisy rows.

    Raises
    ------
    DataError
        If the clean table is of another size, or nothing known is common to both.
    """
    if clean.shape != noisy.shape:
        sizes = " and ".join("x".join(map(str, rows.shape)) for rows in (clean, noisy))
        raise DataError(f"the clean table and the noisy one differ: {sizes} (rows x columns)")
    numeric = numeric_columns(estimator)
    scales = estimator.preparation_.scales[numeric]  # type: ignore[attr-defined]
    scales = np.where(scales > 0, scales, 1.0)
    ours, given, truth = (rows[:, numeric] / scales for rows in (cleaned, noisy, clean))
    known = ~np.isnan(given) & ~np.isnan(truth)
    if not known.any():
        raise DataError("no number is known in both the clean and the noisy table")
    by_pca = pca_of(given, given, estimator.model_.bottleneck.latent_dim)
    found = [rmse(rows - truth, known) for rows in (ours, by_pca, given)]
    peers = {"PCA": found[1], "the table as it is": found[2]}
    return Figures(found[0], peers, "RMSE in standard deviations", more_is_better=False)


def pca_of(learned: Floats, rows: Floats, components: int) -> Floats:
    """What PCA fitted to some rows makes of others; gaps hold their column's mean."""
    means = SimpleImputer(keep_empty_features=True).fit(learned)
    known, given = means.transform(learned), means.transform(rows)
    pca = PCA(min(components, *known.shape)).fit(known)
    found: Floats = pca.inverse_transform(pca.transform(given))
    return found
