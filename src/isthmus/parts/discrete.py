"""Bottlenecks of which every code is one of finitely many: codebooks, rounded scales, bits.

Legend: B rows of the batch, Z code values, H encoder outputs, S slots of a row, W values of a slot, K entries of a
codebook, N = B x S slots of a batch.
"""

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import torch
from torch import Tensor

from isthmus.errors import InputError
from isthmus.parts.bottlenecks import Bottleneck
from isthmus.parts.checks import check_not_negative, check_whole
from isthmus.parts.terms import Steady
from isthmus.parts.trip import Code, Trip

if TYPE_CHECKING:
    from isthmus.model import Model

MOST_ENTRIES = 1 << 20


class Discrete(Bottleneck, ABC):
    """The slot: a bottleneck that also says which of its finitely many values each place of a code has."""

    entries: int
    """How many values each place may have."""

    @abstractmethod
    def indices(self, h_BH: Tensor) -> Tensor:
        """Which value, from 0 to `entries` - 1, each place of the code has: whole numbers, (B, S)."""

    @abstractmethod
    def values(self, index_BS: Tensor, dtype: torch.dtype) -> Tensor:
        """The codes that whole numbers as `indices` gives them stand for, (B, Z)."""

    @property
    def inputs(self) -> int:
        return self.latent_dim

    @property
    def places(self) -> int:
        """S, how many places a code has: one for each value, unless several make one place."""
        return self.latent_dim

    @abstractmethod
    def smooth(self, h_BH: Tensor) -> Tensor:
        """What is rounded to the code, (B, Z): where gradients pass."""

    def posterior(self, h_BH: Tensor) -> tuple[Tensor, Tensor]:
        # not by forward(), from which a codebook may learn
        z_BZ = straight_through(self.values(self.indices(h_BH), h_BH.dtype), self.smooth(h_BH))
        return z_BZ, torch.zeros_like(z_BZ)

    def sample_prior(self, n: int) -> Tensor:
        """Codes (n, Z) drawn uniformly from all that there can be, which is the prior that the rate is counted by.

        It isn't learned: most combinations of entries belong to no row, and what they decode to is poor.
        """
        return self.values(torch.randint(self.entries, (n, self.places)), torch.get_default_dtype())


class CodebookUse(NamedTuple):
    """How much of what could be said is said."""

    used: float
    """Share of the entries that occur at all, whatever the place."""
    perplexity: float
    """exp of the entropy of the entries' frequencies, all places together: from 1 to `entries`."""
    slot_perplexity_S: Tensor
    """The same place by place; 1 where a place always says the same."""


def codebook_use(index_BS: Tensor, entries: int) -> CodebookUse:
    """How evenly the entries are used by codes given as `Discrete.indices`.

    perplexity = exp(-sum of p log p), p the frequencies (Jelinek et al., JASA 1977; as a measure of a codebook's use:
    van den Oord et al., NeurIPS 2017).
    """
    index_BS = index_BS.long().cpu()
    counts_SK = torch.stack([torch.bincount(index_B, minlength=entries) for index_B in index_BS.T]).double()
    pooled_K = counts_SK.sum(0)
    return CodebookUse(
        (pooled_K > 0).double().mean().item(), _perplexity(pooled_K[None]).item(), _perplexity(counts_SK)
    )


def _perplexity(counts_SK: Tensor) -> Tensor:
    share_SK = counts_SK / counts_SK.sum(-1, keepdim=True)
    entropy_S: Tensor = torch.special.entr(share_SK).sum(-1)
    return entropy_S.exp()


def straight_through(rounded: Tensor, smooth: Tensor) -> Tensor:
    """The value of `rounded` to the last bit, with the gradient of `smooth` (Bengio, Leonard & Courville 2013)."""
    return rounded.detach() + (smooth - smooth.detach())


class Codebook(Discrete):
    """Each slot of `code_width` values is replaced by the nearest entry of one codebook.

    nearest: argmin over k of |h - e_k|^2 (van den Oord et al., NeurIPS 2017). Gradients pass straight through to h.
    The entries follow the means of what they replace, by moving averages of counts n and sums (the paper's appendix
    A.1), written here as

        N_k <- decay N_k + (1 - decay) n_k
        e_k <- e_k + (1 - decay) (sum of the h nearest to e_k  -  n_k e_k) / N_k

    which at decay = 0 is a step of k-means. An entry whose N falls to `revive` times the average is put onto a random
    slot of the batch (after Dhariwal et al., "Jukebox", 2020); so the first batch also places the whole codebook.

    The rate is log(codebook) nats a slot, for under the uniform prior every entry costs the same.

    Parameters
    ----------
    latent_dim : int
        Code values. Where slots don't divide them evenly, the last slot's spare values aren't passed on.
    code_width : int
        Values of a slot; at most `latent_dim` are used.
    codebook : int
        Number of entries.
    decay : float
        From 0 to below 1.
    revive : float
        Share of the average use, from 0 to below 1, at which an entry counts as dead; 0 only if never used.

    Raises
    ------
    InputError
        If an option is out of range.
    """

    codebook_KW: Tensor
    use_K: Tensor

    def __init__(
        self, latent_dim: int, code_width: int = 4, codebook: int = 256, decay: float = 0.99, revive: float = 0.03
    ) -> None:
        super().__init__(latent_dim)
        self.width = min(check_whole("code_width", code_width, most=1 << 16), latent_dim)
        self.entries = check_whole("codebook", codebook, 2, MOST_ENTRIES)
        if not (0 <= decay < 1 and 0 <= revive < 1):
            raise InputError(f"decay={decay}, revive={revive}: both are from 0 to below 1")
        self.decay, self.revive = decay, revive
        self.slots = math.ceil(latent_dim / self.width)
        self.register_buffer("codebook_KW", torch.randn(codebook, self.width))
        self.register_buffer("use_K", torch.zeros(codebook))

    @property
    def inputs(self) -> int:
        return self.slots * self.width

    @property
    def places(self) -> int:
        return self.slots

    def indices(self, h_BH: Tensor) -> Tensor:
        return self._nearest(self._split(h_BH)).view(-1, self.slots)

    def values(self, index_BS: Tensor, dtype: torch.dtype) -> Tensor:
        return self._entries(index_BS).to(dtype)[:, : self.latent_dim]

    def _entries(self, index_BS: Tensor) -> Tensor:
        return self.codebook_KW[index_BS].flatten(1)

    def smooth(self, h_BH: Tensor) -> Tensor:
        return h_BH[:, : self.latent_dim]

    def _split(self, h_BH: Tensor) -> Tensor:
        return h_BH.reshape(-1, self.width).to(self.codebook_KW.dtype)

    def _nearest(self, h_NW: Tensor) -> Tensor:
        # differences, not products: a product may be rounded to bfloat16, and would depend on the rows beside
        exact = "donot_use_mm_for_euclid_dist"
        return torch.cdist(h_NW.detach(), self.codebook_KW, compute_mode=exact).argmin(-1)

    def forward(self, h_BH: Tensor, *, sample: bool) -> Code:  # noqa: ARG002
        h_NW = self._split(h_BH)
        if self.training:
            self._revive(h_NW.detach())
        index_N = self._nearest(h_NW)
        entry_BH = self._entries(index_N.view(-1, self.slots)).to(h_BH.dtype)
        if self.training:
            self._follow(h_NW.detach(), index_N)
        z_BZ = straight_through(entry_BH[:, : self.latent_dim], self.smooth(h_BH))
        rate_B1 = h_BH.new_full((len(h_BH), 1), self.slots * math.log(self.entries))
        return Code(z_BZ, rate_B1, (h_BH - entry_BH).square().sum(-1))

    @torch.no_grad()
    def _revive(self, h_NW: Tensor) -> None:
        """Put dead entries onto random slots of the batch, as if used as often as the average."""
        dead_K = self.use_K <= self.revive * self.use_K.mean()
        chosen_K = torch.randint(len(h_NW), (self.entries,), device=h_NW.device)
        self.codebook_KW.copy_(torch.where(dead_K[:, None], h_NW[chosen_K], self.codebook_KW))
        self.use_K.masked_fill_(dead_K, len(h_NW) / self.entries)

    @torch.no_grad()
    def _follow(self, h_NW: Tensor, index_N: Tensor) -> None:
        """Move every entry towards the mean of the slots that it replaced."""
        new = 1 - self.decay
        count_K = torch.zeros_like(self.use_K).index_add_(0, index_N, torch.ones_like(h_NW[:, 0]))
        sum_KW = torch.zeros_like(self.codebook_KW).index_add_(0, index_N, h_NW)
        self.use_K.mul_(self.decay).add_(new * count_K)
        pull_KW = sum_KW - count_K[:, None] * self.codebook_KW
        self.codebook_KW.add_(new * pull_KW / self.use_K.clamp_min(1e-20)[:, None])


class FiniteScalar(Discrete):
    """Each code value is one of `levels` evenly spaced numbers from -1 to 1 (FSQ: Mentzer et al., ICLR 2024).

    z = round((tanh(h) + 1) / 2 x (levels - 1)), put back on [-1, 1]; the gradient is tanh's. There is no codebook to
    learn or to collapse. For an even number of levels the paper shifts the grid so that 0 is on it; here it lies
    evenly about 0. The rate is log(levels) nats a value.

    Raises
    ------
    InputError
        If `levels` isn't a whole number of 2 or more.
    """

    def __init__(self, latent_dim: int, levels: int = 5) -> None:
        super().__init__(latent_dim)
        self.entries = check_whole("levels", levels, 2, MOST_ENTRIES)

    def smooth(self, h_BH: Tensor) -> Tensor:
        return h_BH.tanh()

    def indices(self, h_BH: Tensor) -> Tensor:
        return ((self.smooth(h_BH) + 1) / 2 * (self.entries - 1)).round().long()

    def values(self, index_BS: Tensor, dtype: torch.dtype) -> Tensor:
        return index_BS.to(dtype) * (2 / (self.entries - 1)) - 1

    def forward(self, h_BH: Tensor, *, sample: bool) -> Code:  # noqa: ARG002
        return Code(self.posterior(h_BH)[0], torch.full_like(h_BH, math.log(self.entries)))


class Bits(Discrete):
    """Each code value is a bit, 1 where logistic(h) > 1/2: semantic hashing.

    In training, noise makes the encoder keep far from the boundary, so that rounding costs nothing afterwards:

    - `kind="noise"`: z = logistic(h + N(0, noise^2)), not rounded (Salakhutdinov & Hinton, Int. J. Approximate
      Reasoning 2009, who take a standard deviation of 4);
    - `kind="straight"`: z is drawn from Bernoulli(logistic(h)), with the logistic's gradient (Bengio, Leonard &
      Courville 2013).

    Outside of training a code is its bits, 0 or 1, and each costs log 2 nats.

    Raises
    ------
    InputError
        If `kind` is neither, or `noise` negative.
    """

    KINDS: ClassVar[tuple[str, ...]] = ("noise", "straight")

    def __init__(self, latent_dim: int, kind: str = "noise", noise: float = 4.0) -> None:
        super().__init__(latent_dim)
        if kind not in self.KINDS:
            raise InputError(f"kind={kind!r}: choose one of {', '.join(self.KINDS)}")
        self.kind, self.noise, self.entries = kind, check_not_negative("noise", noise), 2

    def smooth(self, h_BH: Tensor) -> Tensor:
        return h_BH.sigmoid()

    def indices(self, h_BH: Tensor) -> Tensor:
        return (h_BH > 0).long()

    def values(self, index_BS: Tensor, dtype: torch.dtype) -> Tensor:
        return index_BS.to(dtype)

    def forward(self, h_BH: Tensor, *, sample: bool) -> Code:
        noisy = sample and self.kind == "noise"
        logit_BZ = h_BH + self.noise * torch.randn_like(h_BH) if noisy else h_BH
        z_BZ = logit_BZ.sigmoid()
        if self.kind == "straight" or not self.training:
            drawn = sample and self.kind == "straight"
            bits_BZ = torch.bernoulli(z_BZ.detach()) if drawn else (logit_BZ > 0).to(z_BZ.dtype)
            z_BZ = straight_through(bits_BZ, z_BZ)
        return Code(z_BZ, torch.full_like(h_BH, math.log(2)))


class Commitment(Steady):
    """strength x |h - its entry|^2: the encoder stays near what it says (van den Oord et al., NeurIPS 2017).

    Not in nats; 0 where the bottleneck doesn't round.
    """

    def __init__(self, strength: float = 0.25) -> None:
        super().__init__(strength)

    def forward(self, model: "Model", trip: Trip) -> Tensor:  # noqa: ARG002
        far_B = trip.code.commitment_B
        return torch.zeros_like(trip.nll_B) if far_B is None else far_B


class Balance(Steady):
    """strength x sum over bits of (their expectation - 1/2)^2: each bit halves the data.

    After the balance constraint of spectral hashing (Weiss, Torralba & Fergus, NeurIPS 2008). Estimated without bias
    from pairs of different rows, for the square of a batch's mean would also punish bits for not being 1/2 each. It
    sees the codes as training makes them: with bits that noise relaxes, a large weight evens their means, no longer
    the bits. Not in nats; one number for a batch (0 for a single row), so training alone counts it.
    """

    in_scores: ClassVar[bool] = False

    def forward(self, model: "Model", trip: Trip) -> Tensor:  # noqa: ARG002
        off_BZ = trip.code.z_BZ - 0.5
        pairs_Z = off_BZ.sum(0).square() - off_BZ.square().sum(0)
        return pairs_Z.sum() / max(1, len(off_BZ) * (len(off_BZ) - 1))
