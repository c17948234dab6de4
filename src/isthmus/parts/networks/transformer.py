"""Vision transformers, for pictures of any size, and the masking of patches that suits them.

Legend: B rows of the batch, Z code values, H encoder outputs, C x H x W a picture, T patches of a picture, K of them
seen, P values of a patch, D width of a token.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from isthmus.errors import InputError
from isthmus.parts.corruptions import Corruption
from isthmus.parts.networks.centring import Centring
from isthmus.parts.networks.dense import check_widths
from isthmus.parts.spec import Part

MOST_PATCHES = 4096
"""Attention takes memory as the square of their number."""
HEAD = 32
"""Width of a head, where it divides a token's width."""


def patch_side(shape: Sequence[int]) -> int:
    """The side, in pixels, of patches of which some 8 lie along the longer side of a picture (C, H, W)."""
    return max(2, math.ceil(max(shape[1:]) / 8))


class _Patches:
    """A picture cut into squares of `side` pixels; at the right and lower edge filled up with zeros."""

    def __init__(self, shape: Sequence[int], side: int) -> None:
        check_widths("picture's shape", shape)
        check_widths("patch", [side])
        if len(shape) != 3:
            raise InputError(f"a vision transformer takes pictures (channels, height, width), not {tuple(shape)}")
        self.shape, self.side = tuple(shape), side
        self.down, self.across = math.ceil(shape[1] / side), math.ceil(shape[2] / side)
        self.count, self.values = self.down * self.across, shape[0] * side * side
        if self.count > MOST_PATCHES:
            raise InputError(f"patch={side}: {self.count:,} patches of {tuple(shape)}; take at most {MOST_PATCHES:,}")

    def cut(self, x_BCHW: Tensor) -> Tensor:
        """The patches, (B, T, P)."""
        height, width = x_BCHW.shape[-2:]
        full = F.pad(x_BCHW, (0, self.across * self.side - width, 0, self.down * self.side - height))
        tiles = full.unflatten(3, (self.across, self.side)).unflatten(2, (self.down, self.side))
        patches_BTP: Tensor = tiles.permute(0, 2, 4, 1, 3, 5).reshape(len(x_BCHW), self.count, self.values)
        return patches_BTP

    def join(self, patches_BTP: Tensor) -> Tensor:
        """The pictures, (B, C, H, W)."""
        tiles = patches_BTP.reshape(-1, self.down, self.across, self.shape[0], self.side, self.side)
        full = tiles.permute(0, 3, 1, 4, 2, 5).flatten(4).flatten(2, 3)
        cut: Tensor = full[..., : self.shape[1], : self.shape[2]]
        return cut


class _Block(nn.Module):
    """Attention, then a layer of four times the width, each normalised before and added to what came in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = width // HEAD if width % HEAD == 0 else 1
        self.norm_1, self.norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.to_qkv, self.from_heads = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, tokens_BKD: Tensor, seen_BK: Tensor | None) -> Tensor:
        qkv = self.to_qkv(self.norm_1(tokens_BKD)).unflatten(-1, (3, self.heads, -1))
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        mask = None if seen_BK is None else seen_BK[:, None, None]
        heard = F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).flatten(2)
        tokens_BKD = tokens_BKD + self.from_heads(heard)
        added_BKD: Tensor = self.wide(self.norm_2(tokens_BKD))
        return tokens_BKD + added_BKD


def _blocks(widths: Sequence[int]) -> nn.ModuleList:
    check_widths("hidden", widths)
    if not widths or len(set(widths)) > 1:
        raise InputError(f"hidden={list(widths)}: a transformer's blocks have one width, such as 96,96,96")
    return nn.ModuleList(_Block(width) for width in widths)


def _positions(count: int, width: int) -> nn.Parameter:
    return nn.Parameter(0.02 * torch.randn(count, width))


class PatchEncoder(Part):
    """Patches as tokens, transformer blocks, the mean of the tokens, one linear layer to h (ViT).

    A patch that holds NaN is missing: it makes no token, so that masking three quarters of a picture leaves a quarter
    of the work (He et al., CVPR 2022). A row with nothing left is read as a mean of 0.

    Parameters
    ----------
    shape : (channels, height, width)
    outputs : int
        Length of h.
    widths : sequence of int
        One for each block, all the same.
    patch : int
        Side of a patch in pixels.
    centred : bool
        Whether what pictures have in common is taken away first; see `Centring`.

    Raises
    ------
    InputError
        If the shape is no picture's, the widths differ, or there are more than 4096 patches.

    References
    ----------
    Dosovitskiy et al., "An image is worth 16x16 words", ICLR 2021.
    """

    def __init__(
        self,
        shape: Sequence[int],
        outputs: int,
        widths: Sequence[int],
        patch: int,
        condition_dim: int = 0,
        centred: bool = False,
    ) -> None:
        super().__init__()
        self.centring = Centring(shape) if centred else None
        self.patches, self.blocks = _Patches(shape, patch), _blocks(widths)
        self.embed = nn.Linear(self.patches.values, widths[0])
        self.positions_TD = _positions(self.patches.count, widths[0])
        self.norm = nn.LayerNorm(widths[0])
        self.to_code = nn.Linear(widths[0] + condition_dim, outputs)

    def forward(self, x_BCHW: Tensor, condition_BC: Tensor | None = None) -> Tensor:
        patches_BTP = self.patches.cut(x_BCHW if self.centring is None else self.centring(x_BCHW))
        hidden_BT = patches_BTP.isnan().any(-1)
        if not x_BCHW.is_meta and hidden_BT.any():  # a model from a file is tried on shapes alone
            tokens_BKD, seen_BK = self._visible(patches_BTP, hidden_BT)
        else:
            tokens_BKD, seen_BK = self.embed(patches_BTP) + self.positions_TD, None
        for block in self.blocks:
            tokens_BKD = block(tokens_BKD, seen_BK)
        mean_BD = _mean(self.norm(tokens_BKD), seen_BK)
        if condition_BC is not None:
            mean_BD = torch.cat([mean_BD, condition_BC], -1)
        h_BH: Tensor = self.to_code(mean_BD)
        return h_BH

    def _visible(self, patches_BTP: Tensor, hidden_BT: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens of the patches seen, and which of them are real: rows that see fewer are filled up."""
        most = max(1, int((~hidden_BT).sum(-1).max()))
        order_BK = hidden_BT.to(torch.uint8).argsort(dim=-1, stable=True)[:, :most]
        rows_B1 = torch.arange(len(patches_BTP), device=patches_BTP.device)[:, None]
        tokens_BKD = self.embed(patches_BTP[rows_B1, order_BK].nan_to_num(nan=0.0)) + self.positions_TD[order_BK]
        return tokens_BKD, ~hidden_BT[rows_B1, order_BK]


def _mean(tokens_BKD: Tensor, seen_BK: Tensor | None) -> Tensor:
    if seen_BK is None:
        return tokens_BKD.mean(1)
    weight_BK1 = seen_BK[..., None].to(tokens_BKD.dtype)
    return (weight_BK1 * tokens_BKD).sum(1) / weight_BK1.sum(1).clamp_min(1.0)


class PatchDecoder(Part):
    """The code makes a token for every patch by a linear layer; transformer blocks; each token its patch of pixels.

    Parameters and errors are `PatchEncoder`'s. A light decoder (few blocks) leaves the work to the encoder.
    """

    def __init__(
        self, latent_dim: int, shape: Sequence[int], widths: Sequence[int], patch: int, condition_dim: int = 0
    ) -> None:
        super().__init__()
        self.patches, self.blocks = _Patches(shape, patch), _blocks(widths)
        self.from_code = nn.Linear(latent_dim + condition_dim, self.patches.count * widths[0])
        self.norm, self.to_patch = nn.LayerNorm(widths[0]), nn.Linear(widths[0], self.patches.values)

    def forward(self, z_BZ: Tensor, condition_BC: Tensor | None = None) -> Tensor:
        if condition_BC is not None:
            z_BZ = torch.cat([z_BZ, condition_BC], -1)
        tokens_BTD = self.from_code(z_BZ).unflatten(-1, (self.patches.count, -1))
        for block in self.blocks:
            tokens_BTD = block(tokens_BTD, None)
        return self.patches.join(self.to_patch(self.norm(tokens_BTD)))


class MaskedPatches(Corruption):
    """Hides a random share of every picture's patches, the same number in each (He et al., CVPR 2022).

    At least one patch stays. Hidden pixels are NaN, which `PatchEncoder` skips, or, for networks that need a number,
    `fill`.

    Raises
    ------
    InputError
        If the share isn't from 0 to below 1, or the shape is no picture's.
    """

    def __init__(self, shape: Sequence[int], patch: int, share: float = 0.75, fill: float | None = None) -> None:
        super().__init__()
        if not 0 <= share < 1:
            raise InputError(f"share={share}: the share of patches that are hidden is from 0 to below 1")
        self.patches = _Patches(shape, patch)
        self.hidden = min(round(share * self.patches.count), self.patches.count - 1)
        self.fill = math.nan if fill is None else fill

    def forward(self, x_BCHW: Tensor) -> Tensor:
        rank_BT = torch.rand(len(x_BCHW), self.patches.count, device=x_BCHW.device).argsort(-1).argsort(-1)
        hidden_BTP = (rank_BT < self.hidden)[..., None].expand(-1, -1, self.patches.values)
        return torch.where(self.patches.join(hidden_BTP), self.fill, x_BCHW)
