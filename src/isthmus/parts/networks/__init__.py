"""Bodies: an encoder and a decoder for one shape of data."""

from isthmus.parts.networks.centring import Centring, centre
from isthmus.parts.networks.convolutional import ConvDecoder, ConvEncoder
from isthmus.parts.networks.dense import ACTIVATIONS, Dense
from isthmus.parts.networks.linear import Selector, TiedLinear
from isthmus.parts.networks.recurrent import CELLS, RecurrentDecoder, RecurrentEncoder
from isthmus.parts.networks.restoring import Difference, OneMask, RestoringEncoder
from isthmus.parts.networks.transformer import MaskedPatches, PatchDecoder, PatchEncoder, patch_side

__all__ = [
    "ACTIVATIONS",
    "CELLS",
    "Centring",
    "ConvDecoder",
    "ConvEncoder",
    "Dense",
    "Difference",
    "MaskedPatches",
    "OneMask",
    "PatchDecoder",
    "PatchEncoder",
    "RecurrentDecoder",
    "RecurrentEncoder",
    "RestoringEncoder",
    "Selector",
    "TiedLinear",
    "centre",
    "patch_side",
]
