"""Terms that learn: adversaries and judges. The loop keeps a second optimiser for them, and no other loop is needed.

Legend: B rows of the batch, Z code values, `___` the shape of one prepared row.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor
from torch.nn.functional import softplus

from isthmus.errors import InputError
from isthmus.parts.checks import check_not_negative
from isthmus.parts.judges import WIDTHS, DenoisingJudge, Discriminator, Judge, feature_distance
from isthmus.parts.networks.dense import Dense
from isthmus.parts.spec import Part
from isthmus.parts.terms import Critic, Steady
from isthmus.parts.trip import Trip

if TYPE_CHECKING:
    from isthmus.model import Model

P = TypeVar("P", bound=Part)
HIDDEN = (128, 128, 128)


def tell_apart(real_B: Tensor, made_B: Tensor) -> Tensor:
    """Mean cross-entropy of a critic's logits that its first are real and its second made; 2 log 2 for a coin's."""
    return softplus(-real_B).mean() + softplus(made_B).mean()


def _steep(logit_B: Tensor, real_B___: Tensor) -> Tensor:
    """Mean squared norm of the logit's gradient at the real, halved (R1): adversaries that pay it converge.

    Mescheder, Geiger & Nowozin, "Which training methods for GANs do actually converge?", ICML 2018, equation 9.
    """
    (slope_B___,) = torch.autograd.grad(logit_B.sum(), real_B___, create_graph=True)
    return 0.5 * slope_B___.square().flatten(1).sum(-1).mean()


class DensityRatio(Critic):
    """gamma x the total correlation, by a critic's estimate of log q(z) / prod_j q(z_j) (FactorVAE).

    The critic tells codes from codes of which every value was permuted across the batch; its logit is then the
    logarithm of the density ratio, and the ratio's mean over q(z) the total correlation. The paper permutes the codes
    of a second batch; here those of the same one are permuted, which for a batch of B rows lets a share 1/B of the
    pairs stand.

    Parameters
    ----------
    latent_dim : int
    gamma : float
        Weight of the total correlation, in nats.
    hidden : sequence of int
        Widths of the critic's layers.

    References
    ----------
    Kim & Mnih, "Disentangling by factorising", ICML 2018, equations 2 and 3 and algorithm 1.
    """

    def __init__(self, latent_dim: int, gamma: float, hidden: Sequence[int] = HIDDEN) -> None:
        super().__init__()
        self.gamma = check_not_negative("gamma", gamma)
        self.net = Dense((latent_dim,), (1,), hidden)

    def weight(self, progress: float) -> float:  # noqa: ARG002
        return self.gamma

    def ratio(self, z_BZ: Tensor) -> Tensor:
        """Log q(z) - sum over j of log q(z_j) of every code as the critic sees it, in nats, shape (B,)."""
        logit_B1: Tensor = self.net(z_BZ)
        return logit_B1[:, 0].to(z_BZ.dtype)

    def forward(self, model: "Model", trip: Trip) -> Tensor:  # noqa: ARG002
        return self.ratio(trip.code.z_BZ)

    def own_loss(self, model: "Model", trip: Trip) -> Tensor:  # noqa: ARG002
        z_BZ = trip.code.z_BZ.detach()
        return tell_apart(self.ratio(z_BZ), self.ratio(permuted(z_BZ)))


def permuted(z_BZ: Tensor) -> Tensor:
    """The codes with every value permuted across the batch by itself: a draw from the product of the marginals."""
    order_BZ = torch.rand_like(z_BZ).argsort(0)
    return z_BZ.gather(0, order_BZ)


class CodeAdversary(Critic):
    """strength x -log D(z), where D is the critic's belief that a code was drawn from N(0, I) (AAE).

    D learns to tell draws of the prior from codes; the encoder learns to be taken for the prior.

    Parameters
    ----------
    latent_dim : int
    strength : float
    hidden : sequence of int
        Widths of the critic's layers.
    smooth : float
        Weight of the critic's squared slope at the prior's draws in its own loss.

    References
    ----------
    Makhzani et al., "Adversarial autoencoders", 2015, section 2. There the two phases have optimisers of their own,
    so that their gradients' sizes don't meet; here they meet in one objective, and `strength` weighs them.
    """

    def __init__(self, latent_dim: int, strength: float, hidden: Sequence[int] = HIDDEN, smooth: float = 1.0) -> None:
        super().__init__()
        self.strength = check_not_negative("strength", strength)
        self.smooth = check_not_negative("smooth", smooth)
        self.net = Dense((latent_dim,), (1,), hidden)

    def weight(self, progress: float) -> float:  # noqa: ARG002
        return self.strength

    def _logit(self, z_BZ: Tensor) -> Tensor:
        logit_B1: Tensor = self.net(z_BZ)
        return logit_B1[:, 0].to(z_BZ.dtype)

    def forward(self, model: "Model", trip: Trip) -> Tensor:  # noqa: ARG002
        return softplus(-self._logit(trip.code.z_BZ))

    def own_loss(self, model: "Model", trip: Trip) -> Tensor:  # noqa: ARG002
        z_BZ = trip.code.z_BZ.detach()
        drawn_BZ = torch.randn_like(z_BZ).requires_grad_()
        real_B = self._logit(drawn_BZ)
        return tell_apart(real_B, self._logit(z_BZ)) + self.smooth * _steep(real_B, drawn_BZ)


class PictureAdversary(Critic):
    """strength x cells x -log D(x_hat), where D is the critic's belief that a picture is true and not restored.

    D learns to tell the clean pictures from those that come out; these learn to be taken for clean ones, and so to
    hold detail of a likely kind where squared error asks for its mean.

    Parameters
    ----------
    channels : int
        Of the pictures.
    strength : float
        Beside the distortion, which is a sum over the cells too.
    widths : sequence of int
        Channels of the discriminator's stages.
    smooth : float
        Weight of the discriminator's squared slope at true pictures in its own loss.

    References
    ----------
    Goodfellow et al., "Generative adversarial nets", NeurIPS 2014; for upscaling Ledig et al., "Photo-realistic single
    image super-resolution using a generative adversarial network", CVPR 2017, equation 6.
    """

    def __init__(self, channels: int, strength: float, widths: Sequence[int] = WIDTHS, smooth: float = 1.0) -> None:
        super().__init__()
        self.strength = check_not_negative("strength", strength)
        self.smooth = check_not_negative("smooth", smooth)
        self.net = Discriminator(channels, widths)

    def weight(self, progress: float) -> float:  # noqa: ARG002
        return self.strength

    def forward(self, model: "Model", trip: Trip) -> Tensor:
        made_B, _ = self.net(model.likelihood.mean(trip.raw_B___))
        return trip.x_B___[0].numel() * softplus(-made_B)

    def own_loss(self, model: "Model", trip: Trip) -> Tensor:
        x_B___ = trip.x_B___.detach().requires_grad_()
        real_B, _ = self.net(x_B___)
        made_B, _ = self.net(model.likelihood.mean(trip.raw_B___).detach())
        return tell_apart(real_B, made_B) + self.smooth * _steep(real_B, x_B___)


class LearnedSimilarity(Critic):
    """Distance of a picture and its reconstruction in the features of a discriminator, which they try to deceive.

    strength x (cells x mean of (D_l(x) - D_l(x_hat))^2 / 2  -  adversary x (log D(x_hat) + log D(x_p)) / 2), where
    x_p is decoded from N(0, I) and D_l is the discriminator's last stage. The encoder learns by the distance alone
    and the decoder by both, as in the paper.

    Parameters
    ----------
    channels : int
        Of the pictures.
    strength : float
    adversary : float
        Weight of deceiving the discriminator beside the distance: 1 / gamma of the paper.
    widths : sequence of int
        Channels of the discriminator's stages.
    smooth : float
        Weight of the discriminator's squared slope at true pictures in its own loss.

    References
    ----------
    Larsen et al., "Autoencoding beyond pixels using a learned similarity metric", ICML 2016, algorithm 1. There the
    distance in features takes the place of the one in pixels; here it is added to the likelihood's, whose scale says
    how much the pixels still count. There the decoder lowers log(1 - D); here it raises log D, which has the same
    fixed point and doesn't fade while the discriminator wins (Goodfellow et al., NeurIPS 2014).
    """

    def __init__(
        self,
        channels: int,
        strength: float = 1.0,
        adversary: float = 1.0,
        widths: Sequence[int] = WIDTHS,
        smooth: float = 1.0,
    ) -> None:
        super().__init__()
        self.strength = check_not_negative("strength", strength)
        self.adversary = check_not_negative("adversary", adversary)
        self.smooth = check_not_negative("smooth", smooth)
        self.net = Discriminator(channels, widths)

    def weight(self, progress: float) -> float:  # noqa: ARG002
        return self.strength

    def forward(self, model: "Model", trip: Trip) -> Tensor:
        with torch.no_grad():
            _, features = self.net(trip.x_B___)
        x_hat_B___ = model.likelihood.mean(trip.raw_B___)
        _, made = self.net(x_hat_B___)
        distance_B = x_hat_B___[0].numel() * feature_distance([features], [made])
        from_codes_B, _ = self.net(_decoded(model, trip, trip.code.z_BZ.detach()))
        from_prior_B, _ = self.net(_decoded(model, trip, torch.randn_like(trip.code.z_BZ)))
        return distance_B + 0.5 * self.adversary * (softplus(-from_codes_B) + softplus(-from_prior_B))

    def own_loss(self, model: "Model", trip: Trip) -> Tensor:
        with torch.no_grad():
            made_B___ = model.likelihood.mean(trip.raw_B___)
            drawn_B___ = _decoded(model, trip, torch.randn_like(trip.code.z_BZ))
        x_B___ = trip.x_B___.detach().requires_grad_()
        real_B, _ = self.net(x_B___)
        made_B, _ = self.net(torch.cat([made_B___, drawn_B___]))
        return tell_apart(real_B, made_B) + self.smooth * _steep(real_B, x_B___)


def _decoded(model: "Model", trip: Trip, z_BZ: Tensor) -> Tensor:
    raw_B___ = model.decoder(z_BZ, trip.condition_BC)
    return model.likelihood.mean(raw_B___.to(trip.x_B___.dtype))


class FeatureDistance(Steady):
    """strength x cells x distance of a picture and its reconstruction in the features of a judge that is given.

    Parameters
    ----------
    strength : float
        At 1 a mean difference of features weighs as much as one of pixels under a gaussian of scale 1.
    judge : Part
        Any part from pictures to a tensor of features, or a list of such; it is held fixed.

    References
    ----------
    Hou et al., "Deep feature consistent variational autoencoder", WACV 2017.
    """

    def __init__(self, strength: float, judge: Part) -> None:
        super().__init__(strength)
        self.judge = _checked(judge, Part).requires_grad_(False)

    def forward(self, model: "Model", trip: Trip) -> Tensor:
        return _judged(self.judge, model, trip)


class Perceptual(Critic):
    """The same distance in the features of a judge that learns from the data's own pictures meanwhile.

    Nothing is downloaded: the paper's judge is a network trained on a million photographs, this one knows what is
    being fitted, be it X-rays or stamps.

    Parameters
    ----------
    strength : float
        As in `FeatureDistance`.
    judge : Judge, optional
        `for_rows` fills in a `DenoisingJudge` where none is given.
    """

    def __init__(self, strength: float, judge: Judge | None = None) -> None:
        super().__init__()
        self.strength = check_not_negative("strength", strength)
        self.judge = None if judge is None else _checked(judge, Judge)

    def for_rows(self, shape: tuple[int, ...]) -> "Perceptual":
        check_pictures("the perceptual penalty", shape)
        return self if self.judge is not None else Perceptual(self.strength, DenoisingJudge(shape[0]))

    def weight(self, progress: float) -> float:  # noqa: ARG002
        return self.strength

    def _known(self) -> Judge:
        if self.judge is None:
            raise InputError("Perceptual has no judge yet: give one, or ask for_rows(shape) for the default")
        return self.judge

    def forward(self, model: "Model", trip: Trip) -> Tensor:
        return _judged(self._known(), model, trip)

    def own_loss(self, model: "Model", trip: Trip) -> Tensor:  # noqa: ARG002
        return self._known().own_loss(trip.x_B___)


def check_pictures(what: str, shape: Sequence[int]) -> None:
    """Raise InputError unless rows of this shape are pictures."""
    if len(shape) != 3:
        raise InputError(f"{what} is for pictures; rows of these data have the shape {tuple(shape)}: leave it out")


def _checked(judge: P, kind: type[Part]) -> P:
    if not isinstance(judge, kind):
        raise InputError(f"judge={judge!r}: give a {kind.__name__} of isthmus.parts")
    return judge


def _judged(judge: Part, model: "Model", trip: Trip) -> Tensor:
    x_hat_B___ = model.likelihood.mean(trip.raw_B___)
    with torch.no_grad():
        features = _listed(judge(trip.x_B___))
    distance_B = feature_distance(features, _listed(judge(x_hat_B___)))
    return trip.x_B___[0].numel() * distance_B.to(trip.x_B___.dtype)


def _listed(features: Tensor | Sequence[Tensor]) -> Sequence[Tensor]:
    return [features] if isinstance(features, Tensor) else features
