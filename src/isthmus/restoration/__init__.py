"""Giving back what a damaged picture, or a table with gaps, was."""

from isthmus.restoration.denoising import SHIPPED, Denoiser, shipped
from isthmus.restoration.inpainting import Inpainted, inpaint
from isthmus.restoration.levels import estimate_level
from isthmus.restoration.moving import clip_levels, denoise_frames

__all__ = ["SHIPPED", "Denoiser", "Inpainted", "clip_levels", "denoise_frames", "estimate_level", "inpaint", "shipped"]
