"""New rows: drawn, between others, or changed."""

from isthmus.generation.drawing import draw, known_caption
from isthmus.generation.sampling import Generator, check_draws, generate, generator
from isthmus.generation.sources import DENSITIES, Source

__all__ = ["DENSITIES", "Generator", "Source", "check_draws", "draw", "generate", "generator", "known_caption"]
