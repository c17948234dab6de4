"""Giving back what a damaged picture, or a table with gaps, was."""

from isthmus.restoration.denoising import SHIPPED, Denoiser, shipped
from isthmus.restoration.inpainting import Inpainted, inpaint
from isthmus.restoration.levels import estimate_level
from isthmus.restoration.sounding import SoundDenoiser

__all__ = ["SHIPPED", "Denoiser", "Inpainted", "SoundDenoiser", "estimate_level", "inpaint", "shipped"]
