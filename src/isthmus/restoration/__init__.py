"""Giving back what a damaged picture, or a table with gaps, was."""

from isthmus.restoration.denoising import SHIPPED, Denoiser, shipped
from isthmus.restoration.inpainting import Inpainted, inpaint
from isthmus.restoration.levels import estimate_level
from isthmus.restoration.moving import clip_levels, denoise_frames
from isthmus.restoration.painting import Inpainter
from isthmus.restoration.segmenting import Segmenter
from isthmus.restoration.sounding import SoundDenoiser
from isthmus.restoration.upscaling import Upscaler

__all__ = [
    "SHIPPED", "Denoiser", "Inpainted", "Inpainter", "Segmenter", "SoundDenoiser", "Upscaler", "clip_levels",
    "denoise_frames", "estimate_level", "inpaint", "shipped",
]  # fmt: skip
