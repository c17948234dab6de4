"""Recurrent autoencoders, for series: read backwards, written forwards. network="gru" takes the lighter cell."""

from isthmus.bodies import Body
from isthmus.errors import InputError
from isthmus.model import Model
from isthmus.parts import Gaussian, Point, Rate
from isthmus.parts.networks import CELLS
from isthmus.recipes.table import recipe

LSTM = {"network": "lstm"}


@recipe("lstm", source="Srivastava, Mansimov & Salakhutdinov, ICML 2015", kinds=("series",), body=LSTM)
def lstm(body: Body, latent_dim: int) -> Model:
    """Recurrent autoencoder for series of varying length, given back in the reverse of the order of reading."""
    return _recurrent(body).assemble(Point(latent_dim))


@recipe("lstm-vae", source="Bowman et al., CoNLL 2016; Srivastava et al., ICML 2015", kinds=("series",), body=LSTM)
def lstm_vae(body: Body, latent_dim: int, *, beta: float = 1.0, warmup: float = 0.0, free_bits: float = 0.0) -> Model:
    """Recurrent variational autoencoder for series of varying length: a gaussian code costs beta x its rate."""
    return _recurrent(body).assemble(Gaussian(latent_dim), terms=(Rate(beta, warmup, free_bits),))


def _recurrent(body: Body) -> Body:
    if body.network not in CELLS:
        raise InputError(
            f"network={body.network!r}: these recipes take {' or '.join(CELLS)}; for others there are ae, vae"
        )
    return body
