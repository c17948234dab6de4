"""Bodies: an encoder and a decoder for one shape of data."""

from isthmus.parts.networks.convolutional import ConvDecoder, ConvEncoder
from isthmus.parts.networks.dense import ACTIVATIONS, Dense
from isthmus.parts.networks.linear import Selector, TiedLinear
from isthmus.parts.networks.transformer import MaskedPatches, PatchDecoder, PatchEncoder, patch_side

__all__ = [
    "ACTIVATIONS",
    "ConvDecoder",
    "ConvEncoder",
    "Dense",
    "MaskedPatches",
    "PatchDecoder",
    "PatchEncoder",
    "Selector",
    "TiedLinear",
    "patch_side",
]
