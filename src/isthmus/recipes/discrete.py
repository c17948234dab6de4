"""Autoencoders whose code is one of finitely many."""

from isthmus.bodies import Body
from isthmus.model import Model
from isthmus.parts import Balance, Bits, Codebook, Commitment, FiniteScalar
from isthmus.recipes.table import recipe


@recipe("vq", source="van den Oord, Vinyals & Kavukcuoglu, NeurIPS 2017")
def vq(
    body: Body,
    latent_dim: int,
    *,
    codebook: int = 256,
    code_width: int = 4,
    commitment: float = 0.25,
    decay: float = 0.99,
    revive: float = 0.03,
) -> Model:
    """VQ-VAE: every few code values are replaced by the nearest entry of a codebook that is learned along."""
    bottleneck = Codebook(latent_dim, code_width, codebook, decay, revive)
    return body.assemble(bottleneck, terms=(Commitment(commitment),))


@recipe("fsq", source="Mentzer, Minnen, Agustsson & Tschannen, ICLR 2024")
def fsq(body: Body, latent_dim: int, *, levels: int = 5) -> Model:
    """Finite scalar quantisation: every code value is rounded to one of a few levels; no codebook to collapse."""
    return body.assemble(FiniteScalar(latent_dim, levels))


@recipe("binary", source="Salakhutdinov & Hinton, Int. J. Approximate Reasoning 2009")
def binary(body: Body, latent_dim: int, *, kind: str = "noise", noise: float = 4.0, balance: float = 0.0) -> Model:
    """Semantic hashing: the code is bits, made robust by noise (kind noise) or by drawing them (kind straight)."""
    return body.assemble(Bits(latent_dim, kind, noise), terms=(Balance(balance),) if balance else ())
