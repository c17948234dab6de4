"""Bodies: an encoder and a decoder for one shape of data."""

from isthmus.parts.networks.convolutional import ConvDecoder, ConvEncoder
from isthmus.parts.networks.dense import ACTIVATIONS, Dense
from isthmus.parts.networks.linear import Selector, TiedLinear

__all__ = ["ACTIVATIONS", "ConvDecoder", "ConvEncoder", "Dense", "Selector", "TiedLinear"]
