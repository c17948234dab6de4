"""Autoencoders whose code is a point that costs nothing."""

from dataclasses import replace

from isthmus.bodies import Body, corruption_of
from isthmus.errors import InputError
from isthmus.model import Model
from isthmus.parts import L1, Contraction, GaussianNoise, KLSparsity, Point, Selector, TiedLinear, TopK
from isthmus.recipes.table import recipe


@recipe("ae", source="Hinton & Salakhutdinov, Science 2006")
def ae(body: Body, latent_dim: int, *, noise: float = 0.0, squash: str = "none") -> Model:
    """Plain autoencoder: the code is the encoder's output; noise > 0 blurs what the encoder sees in training."""
    return body.assemble(Point(latent_dim, squash), corruption=GaussianNoise(noise) if noise else None)


@recipe(
    "linear",
    source="Baldi & Hornik, Neural Networks 1989",
    kinds=("table", "images"),
    body={"network": "dense", "hidden": (), "norm": "none"},
    training={"learning_rate": 0.01, "weight_decay": 0.0, "keep_last": True},
)
def linear(body: Body, latent_dim: int) -> Model:
    """Linear autoencoder with tied weights and no squashing: its code spans the subspace of PCA's."""
    return replace(body, squash=False).assemble(Point(latent_dim), decoder=TiedLinear(body.shape))


@recipe("sparse", source="Ng, CS294A notes 2011 (kl, l1); Makhzani & Frey, ICLR 2014 (topk)")
def sparse(
    body: Body, latent_dim: int, *, kind: str = "kl", target: float = 0.1, strength: float = 3.0, l1: float = 0.1
) -> Model:
    """Sparse autoencoder: kl (mean activation is target, by strength), topk (a share target active), or l1 (by l1)."""
    if kind == "topk":
        return body.assemble(TopK(latent_dim, min(latent_dim, max(1, round(target * latent_dim)))))
    if kind == "l1":
        return body.assemble(Point(latent_dim), terms=(L1(l1),))
    if kind != "kl":
        raise InputError(f"recipe 'sparse': kind={kind!r}: choose kl, l1 or topk")
    return body.assemble(Point(latent_dim, "sigmoid"), terms=(KLSparsity(strength, target),))


@recipe("denoising", source="Vincent et al., ICML 2008 and JMLR 2010")
def denoising(
    body: Body, latent_dim: int, *, corruption: str = "auto", amount: float = 0.3, squash: str = "none"
) -> Model:
    """Denoising autoencoder: gives back the clean row of one under noise (gaussian; thinning of counts), or masking."""
    if corruption == "auto":
        corruption = "thinning" if body.of_counts else "gaussian"
    return body.assemble(Point(latent_dim, squash), corruption=corruption_of(f"{corruption}:{amount}"))


@recipe("contractive", source="Rifai et al., ICML 2011")
def contractive(body: Body, latent_dim: int, *, strength: float = 0.1, probes: int = 1) -> Model:
    """Contractive autoencoder: a code that changes little with the row, by the norm of the encoder's Jacobian."""
    return body.assemble(Point(latent_dim), terms=(Contraction(strength, probes),))


@recipe("conv", source="Masci et al., ICANN 2011", kinds=("images",), body={"network": "conv"})
def conv(body: Body, latent_dim: int) -> Model:
    """Convolutional autoencoder, for pictures of any size."""
    return body.assemble(Point(latent_dim))


@recipe(
    "selection",
    source="Balin, Abid & Zou, ICML 2019",
    kinds=("numbers", "images"),
    training={"patience": None},
)
def selection(body: Body, latent_dim: int, *, start: float = 10.0, end: float = 0.01) -> Model:
    """Concrete autoencoder: the code is latent_dim of the row's own columns or pixels, which it chooses and names."""
    return body.assemble(Point(latent_dim), encoder=Selector(body.shape, latent_dim, start, end))
