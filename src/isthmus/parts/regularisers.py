"""Terms for codes that cost nothing: what else than a rate keeps an autoencoder from copying.

Legend: B rows of the batch, Z code values, `___` the shape of one row.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from isthmus.errors import InputError
from isthmus.parts.checks import check_whole
from isthmus.parts.terms import Steady
from isthmus.parts.trip import Trip

if TYPE_CHECKING:
    from isthmus.model import Model

MOST_PROBES = 1024


class CodeNorm(Steady):
    """strength x |z|^2 / 2, which keeps codes together where no prior does (Ghosh et al., ICLR 2020, equation 6)."""

    def forward(self, model: "Model", trip: Trip) -> Tensor:  # noqa: ARG002
        return 0.5 * trip.code.z_BZ.square().sum(-1)


class DecoderNorm(Steady):
    """strength x the sum of the decoder's squared weights: the RAE-L2 of Ghosh et al. (ICLR 2020, section 3.1).

    A smooth decoder makes rows of codes that lie between those of the data. One scalar, so it is not in scores.
    """

    in_scores: ClassVar[bool] = False

    def forward(self, model: "Model", trip: Trip) -> Tensor:  # noqa: ARG002
        return torch.stack([weight.square().sum() for weight in model.decoder.parameters()]).sum()


class KLSparsity(Steady):
    """strength x sum over z of KL(Bernoulli(target) || Bernoulli(mean activation)), for codes from 0 to 1.

    The mean is the batch's: each code value is to be active on a share `target` of the rows, while single rows are
    free (Lee, Ekanadham & Ng, NIPS 2007; Ng, CS294A lecture notes, 2011). Asking it of every row instead would make
    all codes alike. One scalar for a batch, so it is not in scores.

    Parameters
    ----------
    strength : float
    target : float
        The mean activation asked for, between 0 and 1.
    """

    in_scores: ClassVar[bool] = False
    SMALLEST = 1e-6

    def __init__(self, strength: float, target: float = 0.1) -> None:
        super().__init__(strength)
        if not 0 < target < 1:
            raise InputError(f"target={target}: the mean activation asked for lies between 0 and 1")
        self.target = target

    def forward(self, model: "Model", trip: Trip) -> Tensor:  # noqa: ARG002
        mean_Z = trip.code.z_BZ.mean(0).clamp(self.SMALLEST, 1 - self.SMALLEST)
        active_Z = self.target * (self.target / mean_Z).log()
        return (active_Z + (1 - self.target) * ((1 - self.target) / (1 - mean_Z)).log()).sum()


class Contraction(Steady):
    """strength x |dz/dx|^2, the squared Frobenius norm of the encoder's Jacobian at what it saw (Rifai et al., 2011).

    z is the code's mean, or where the bottleneck rounds what it rounds, to which gradients pass straight. In
    training the norm is estimated without bias: E |J'v|^2 = |J|^2 for random signs v (Hutchinson, 1990), one backward
    pass a probe. In evaluation it is exact, Z backward passes. Per unit of z, so a code scaled down is penalised less:
    compare models by their sensitivity relative to the codes' spread.

    Parameters
    ----------
    strength : float
    probes : int
        Random vectors per row and step, from 1 to 1,024.

    References
    ----------
    Rifai, Vincent, Muller, Glorot & Bengio, "Contractive auto-encoders", ICML 2011.
    Hutchinson, "A stochastic estimator of the trace of the influence matrix", Comm. Stat. Sim. Comp. 1990.
    """

    def __init__(self, strength: float, probes: int = 1) -> None:
        super().__init__(strength)
        self.probes = check_whole("probes", probes, most=MOST_PROBES)

    def forward(self, model: "Model", trip: Trip) -> Tensor:
        with torch.enable_grad():  # evaluation runs under no_grad, and this term is a derivative
            x_B___ = trip.seen_B___.detach().requires_grad_()
            with _twice_differentiable(model.encoder):
                h_BH = model.h(x_B___, trip.condition_BC)
            z_BZ = model.bottleneck.posterior(h_BH)[0]
            if self.training:
                signs = [torch.randint_like(z_BZ, 2) * 2 - 1 for _ in range(self.probes)]
                return self._norm(z_BZ, x_B___, signs) / self.probes
            one_hot = torch.eye(z_BZ.shape[-1], dtype=z_BZ.dtype, device=z_BZ.device)
            return self._norm(z_BZ, x_B___, [row_Z.expand_as(z_BZ) for row_Z in one_hot]).detach()

    def _norm(self, z_BZ: Tensor, x_B___: Tensor, directions: list[Tensor]) -> Tensor:
        """The sum over directions v of |J'v|^2, (B,)."""
        total_B = z_BZ.new_zeros(len(z_BZ))
        for v_BZ in directions:
            (pulled_B___,) = torch.autograd.grad(z_BZ, x_B___, v_BZ, retain_graph=True, create_graph=self.training)
            total_B = total_B + pulled_B___.flatten(1).square().sum(-1)
        return total_B


@contextmanager
def _twice_differentiable(encoder: nn.Module) -> Iterator[None]:
    """A context in which the encoder takes the slower ways of attention and recurrence, whose slopes have slopes."""
    recurrent = any(isinstance(part, nn.RNNBase) for part in encoder.modules())
    plain = torch.backends.cudnn.flags(enabled=False) if recurrent else nullcontext()
    with sdpa_kernel(SDPBackend.MATH), plain:
        yield
