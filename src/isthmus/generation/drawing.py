"""Drawing what a caption says."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from isthmus.autoencoder import Autoencoder
from isthmus.data import CaptionConditions
from isthmus.errors import InputError
from isthmus.generation.sampling import generate

Encoder = Callable[[Sequence[str]], ArrayLike]


def draw(
    estimator: Autoencoder,
    caption: str,
    n: int = 1,
    *,
    encoder: Encoder | None = None,
    temperature: float = 1.0,
    random_state: int = 0,
) -> Any:
    """Pictures, or other rows, of which a caption would say: the means of p(x | z, caption), z from the prior.

    Parameters
    ----------
    estimator : Autoencoder
        Of a conditional recipe, fitted to data with captions: ``fit(open_data(X, captions=texts))``.
    caption : str
        Words that aren't known count for nothing; `known_caption` says which.
    n : int
        How many drawings.
    encoder : callable, optional
        Where the estimator was fitted to vectors, ``fit(X, encoder(texts))``: the same callable, from a list of texts
        to an array (texts, values).
    temperature : float, default=1
        Below 1 codes are drawn nearer to the middle of the prior: what the caption leaves open varies less.
    random_state : int
        The same seed gives the same drawings.

    Returns
    -------
    array
        What `Autoencoder.sample` gives.

    Raises
    ------
    InputError
        If the model isn't told captions, or knows no word of this one.
    """
    check_is_fitted(estimator, "model_")
    if encoder is None:
        known_caption(estimator, caption)
    told = caption if encoder is None else np.asarray(encoder([caption]))[0]
    return generate(estimator, n, label=told, temperature=temperature, random_state=random_state)


def known_caption(estimator: Autoencoder, caption: str) -> list[str]:
    """The words of a caption that a model doesn't know, each once.

    Raises
    ------
    InputError
        If the model isn't told captions, or knows none of the words; the message names known words that are near.
    """
    conditions = estimator.conditions_
    if not isinstance(conditions, CaptionConditions):
        raise InputError(
            f"this model (recipe {estimator.recipe}) isn't told captions: fit one to pictures with --captions FILE "
            "(in Python open_data(..., captions=...)), or give the encoder of its vectors"
        )
    if not caption.strip():
        raise InputError("the caption is empty: say what is to be drawn")
    conditions.apply([caption])
    return conditions.unknown(caption)
