"""Which files a command reads and writes, checked before any work is done."""

from pathlib import Path
from typing import Any

from isthmus import choices
from isthmus.autoencoder import Autoencoder
from isthmus.data import Dataset, check_output, open_data

MODEL_ENDINGS = (".safetensors",)
DATA_OPTIONS = (
    "kind", "key", "size", "skip_bad", "drop", "label", "text", "max_features", "series_id", "window", "stride",
)  # fmt: skip


def model_path(output: Path | None, data: str, force: bool) -> Path:
    """Where `fit` writes: as asked, or DATA's name in the current folder."""
    path = output or Path(f"{Path(data).resolve().stem if Path(data).exists() else Path(data).name}.safetensors")
    return check_output(path, force, endings=MODEL_ENDINGS, folder=False)


def beside(model: Path, ending: str, force: bool) -> Path:
    """A file of the model's name with another ending; in place of a device, in the current folder."""
    path = model.with_suffix(ending) if not model.exists() or model.is_file() else Path(model.name + ending)
    return check_output(path, force, endings=(ending,), folder=False)


def read_data(data: str, asked: dict[str, Any], model: Autoencoder | None = None) -> Dataset:
    """Open DATA with the options given, by the schema of a fitted model if there is one."""
    options = {name: asked[name] for name in DATA_OPTIONS}
    schema = None if model is None else model.schema_
    return open_data(data, schema=schema, memory=choices.memory_budget(asked["memory"]), **options)
