"""Giving back what a damaged picture was."""

from isthmus.restoration.denoising import SHIPPED, Denoiser, shipped
from isthmus.restoration.levels import estimate_level

__all__ = ["SHIPPED", "Denoiser", "estimate_level", "shipped"]
