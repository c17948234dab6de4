"""The learning rate as a function of the share of the training that is done."""

import math

WARMUP = 0.02


def warmup_cosine(progress: float) -> float:
    """Linear from 0 to 1 over the first 2%, then half a cosine to 0 (Loshchilov & Hutter, ICLR 2017)."""
    if progress < WARMUP:
        return (progress + 1e-3) / (WARMUP + 1e-3)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (progress - WARMUP) / (1 - WARMUP))))
