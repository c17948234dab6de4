"""New rows: drawn, between others, or changed."""

from isthmus.generation.drawing import draw, known_caption
from isthmus.generation.sampling import Generator, generate, generator
from isthmus.generation.sources import DENSITIES, Source

__all__ = ["DENSITIES", "Generator", "Source", "draw", "generate", "generator", "known_caption"]
