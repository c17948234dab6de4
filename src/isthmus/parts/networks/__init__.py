"""Bodies: an encoder and a decoder for one shape of data."""

from isthmus.parts.networks.convolutional import ConvDecoder, ConvEncoder
from isthmus.parts.networks.dense import ACTIVATIONS, Dense
from isthmus.parts.networks.recurrent import CELLS, RecurrentDecoder, RecurrentEncoder

__all__ = ["ACTIVATIONS", "CELLS", "ConvDecoder", "ConvEncoder", "Dense", "RecurrentDecoder", "RecurrentEncoder"]
