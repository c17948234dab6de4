"""A model is one .safetensors file: tensors, and its whole description as JSON in the metadata.

Reading executes nothing. The metadata begin with a SHA-256 of the whole file (taken with the digest's own 64
characters as zeros), so that a file that is truncated or has a single bit turned is refused, never half believed.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from isthmus.errors import ModelFileError
from isthmus.files import atomic_write
from isthmus.parts import build

FORMAT = 1
BLANK = "0" * 64
KEY = "isthmus"
"""One key only: the order in which safetensors writes several isn't fixed, and equal models make equal files."""
LARGEST_HEADER = 100_000_000
_START = f'"{KEY}":"'.encode()


def write(path: str | Path, tensors: Mapping[str, Tensor], description: Mapping[str, Any]) -> None:
    """Write tensors and their description, atomically.

    Raises
    ------
    InputError
        If the file can't be written (folder missing, disk full); nothing half-written is left.
    """
    text = json.dumps({"format": FORMAT, **description}, allow_nan=False)
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    data = save_tensors(plain, {KEY: f"{BLANK} {text}"})
    at = data.index(_START) + len(_START)
    digest = hashlib.sha256(data).hexdigest().encode()
    with atomic_write(path) as file:
        for piece in (data[:at], digest, memoryview(data)[at + len(BLANK) :]):
            file.write(piece)


def read(path: str | Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Description and tensors of a file that `write` wrote.

    Raises
    ------
    ModelFileError
        If it is missing, truncated, garbled, of another kind, or from a newer version.
    """
    data = _bytes_of(path)
    digest, _, text = _metadata(path, data).partition(" ")
    _check_digest(path, data, digest)
    try:
        description = json.loads(text)
        tensors = load_tensors(data)
    except (ValueError, RecursionError, SafetensorError) as fault:
        raise ModelFileError(f"{path}: not a model file of Isthmus: {fault}") from fault
    if not isinstance(description, dict) or not isinstance(description.get("format"), int):
        raise ModelFileError(f"{path}: not a model file of Isthmus: its description is not one")
    if description["format"] > FORMAT:
        raise ModelFileError(
            f"{path}: written in format {description['format']}, and this Isthmus reads up to {FORMAT}: "
            "install a newer version"
        )
    return description, tensors


def _bytes_of(path: str | Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise ModelFileError(f"{path}: there is no such model file") from None
    except OSError as fault:
        raise ModelFileError(f"{path}: can't be read: {fault.strerror}") from fault


def _metadata(path: str | Path, data: bytes) -> str:
    """Our entry in the safetensors header's metadata: 8 bytes of length, then JSON (safetensors format, 2022)."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(len(data) - 8, LARGEST_HEADER):
        raise ModelFileError(f"{path}: not a model file of Isthmus, or cut short ({len(data):,} bytes)")
    try:
        found = json.loads(data[8 : 8 + length])["__metadata__"][KEY]
    except (ValueError, RecursionError, KeyError, TypeError):
        raise ModelFileError(f"{path}: not a model file of Isthmus, or garbled at its beginning") from None
    if not isinstance(found, str):
        raise ModelFileError(f"{path}: not a model file of Isthmus, or garbled at its beginning")
    return found


def _check_digest(path: str | Path, data: bytes, digest: str) -> None:
    at = data.find(_START + digest.encode())
    start = at + len(_START)
    blanked = hashlib.sha256(memoryview(data)[:start])
    blanked.update(BLANK.encode())
    blanked.update(memoryview(data)[start + len(digest) :])
    if at < 0 or blanked.hexdigest() != digest:
        raise ModelFileError(f"{path}: cut short or garbled: its bytes don't match their SHA-256")


def rebuild(spec: Any, tensors: Mapping[str, Tensor]) -> nn.Module:
    """The model that a description and its tensors make.

    It is built without memory first and must then ask for just the tensors that the file holds, so a hostile
    description can't make it allocate more than the file's own size.

    Raises
    ------
    ModelFileError
        If description and tensors don't belong together.
    """
    with torch.device("meta"):
        model = build(spec)
    if not isinstance(model, nn.Module):
        raise ModelFileError("the description names no model")
    wanted = {name: (tuple(t.shape), t.dtype) for name, t in model.state_dict().items()}
    held = {name: (tuple(t.shape), t.dtype) for name, t in tensors.items()}
    if wanted != held:
        odd = sorted(name for name in wanted.keys() | held.keys() if wanted.get(name) != held.get(name))
        raise ModelFileError(f"description and tensors disagree, first at {odd[0]!r}")
    endless = sorted(name for name, t in tensors.items() if not torch.isfinite(t).all())
    if endless:
        raise ModelFileError(f"tensor {endless[0]!r} holds values that are not finite")
    model.load_state_dict(dict(tensors), assign=True)
    return model
