"""What the first layer of a network looks for in pictures."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from isthmus.autoencoder import Autoencoder
from isthmus.data import ImageSchema
from isthmus.report.markup import figure, paragraph, section
from isthmus.report.sheets import image_tag, sheet

MOST, ACROSS = 64, 16
SMALLEST = 5
"""Side of a kernel in which there is something to see."""


def kernels_section(estimator: Autoencoder) -> str:
    """The strongest kernels of the first layer, if it has some that are pictures."""
    if not isinstance(estimator.schema_, ImageSchema):
        return ""
    kernels = first_kernels(estimator)
    if kernels is None:
        return ""
    picture = image_tag(sheet(kernels, ACROSS), f"{len(kernels)} kernels of the first layer")
    text = "Grey is 0; black and white are the most that a kernel takes away or adds."
    return section(
        "What the first layer looks for",
        paragraph(f"{text} Each has a scale of its own."),
        figure(picture, f"The {len(kernels)} kernels of greatest norm, the greatest first."),
        name="kernels",
    )


def first_kernels(estimator: Autoencoder, most: int = MOST) -> NDArray[np.float32] | None:
    """The kernels of greatest norm of the first layer of an autoencoder of pictures.

    Returns
    -------
    (n, height, width, channels) or None
        From 0 to 1, where 0.5 is a weight of 0. None if the first layer is neither fully connected nor convolutional
        with kernels of 5 or more pixels.
    """
    layers = (each for each in estimator.model_.encoder.modules() if isinstance(each, nn.Linear | nn.Conv2d))
    first = next(layers, None)
    channels, height, width = estimator.preparation_.shape
    if isinstance(first, nn.Linear) and first.in_features >= channels * height * width:
        weight_NCHW = first.weight[:, : channels * height * width].unflatten(1, (channels, height, width))
    elif isinstance(first, nn.Conv2d) and first.in_channels == channels and min(first.kernel_size) >= SMALLEST:
        weight_NCHW = first.weight
    else:
        return None
    weight_NCHW = weight_NCHW.detach().float().cpu()
    weight_NCHW = weight_NCHW[weight_NCHW.flatten(1).norm(dim=1).argsort(descending=True)[:most]]
    bound_N111 = weight_NCHW.abs().amax((1, 2, 3), keepdim=True).clamp_min(torch.finfo(torch.float32).tiny)
    found: NDArray[np.float32] = (0.5 + 0.5 * weight_NCHW / bound_N111).permute(0, 2, 3, 1).numpy()
    return found
