"""An estimator's options as settings of training and of the body: the user's, or where left alone the recipe's."""

import inspect
from typing import TYPE_CHECKING, Any

from isthmus import choices, recipes
from isthmus.errors import InputError
from isthmus.model import Model
from isthmus.names import nearest
from isthmus.training import Settings, choose_precision

if TYPE_CHECKING:
    from isthmus.autoencoder import Autoencoder

NUMBERS = ("standard", "quantile")


def body_options(estimator: "Autoencoder", recipe: recipes.Recipe) -> dict[str, Any]:
    """What the user, or where "auto" was left the recipe, wants of the body."""
    asked = {name: getattr(estimator, name) for name in ("network", "activation", "norm", "likelihood")}
    chosen = {name: recipe.body.get(name, "auto") if value == "auto" else value for name, value in asked.items()}
    hidden = recipe.body.get("hidden") if estimator.hidden is None else tuple(estimator.hidden)
    penalties = {name: choices.plain(weight) for name, weight in (estimator.penalties or {}).items()}
    return chosen | {"hidden": hidden, "corruption": estimator.corruption, "penalties": penalties}


def by_quantiles(estimator: "Autoencoder", recipe: recipes.Recipe, kind: str) -> bool:
    """Whether the numbers of a table are to be bent by their ranks.

    Raises
    ------
    InputError
        If the way is unknown, or these aren't tables.
    """
    asked = estimator.numbers
    if asked not in ("auto", *NUMBERS):
        raise InputError(f"numbers={asked!r}: {nearest(str(asked), NUMBERS)}")
    if kind != "table" and asked != "auto":
        raise InputError(f"numbers={asked!r} is for tables; these data are {kind}: leave it out")
    return kind == "table" and (recipe.body.get("numbers") if asked == "auto" else asked) == "quantile"


def settings(estimator: "Autoencoder", rows: int, seed: int, *, held_out: bool, model: Model | None) -> Settings:
    """The settings of a training run on so many rows.

    Without a model there is no precision to choose, only options to check.
    """
    device = choices.device(estimator.device)
    batch_size = choices.batch_size(_asked(estimator, "batch_size"), rows)
    precision = estimator.precision
    if precision == "auto":
        precision = "float32" if model is None else choose_precision(model, batch_size, device)
    epochs = choices.epochs(estimator.epochs, estimator.minutes, rows, batch_size)
    return Settings(
        epochs=epochs,
        minutes=choices.plain(estimator.minutes),
        batch_size=batch_size,
        learning_rate=choices.plain(_asked(estimator, "learning_rate")),
        weight_decay=choices.plain(_asked(estimator, "weight_decay")),
        optimizer=estimator.optimizer,
        ema=choices.plain(_asked(estimator, "ema")),
        accumulate=choices.plain(estimator.accumulate),
        patience=choices.patience(choices.plain(_asked(estimator, "patience")), epochs, held_out=held_out),
        keep_last=recipes.get(estimator.recipe).training.get("keep_last", False),
        shift=choices.plain(estimator.shift),
        turn=recipes.get(estimator.recipe).training.get("turn", False) and not _hears(estimator),
        binarize=bool(estimator.binarize),
        precision=precision,
        device=device,
        seed=seed,
    )


def _hears(estimator: "Autoencoder") -> bool:
    """Whether its pictures are of sounds, which are others when mirrored or turned."""
    return getattr(getattr(estimator, "schema_", None), "sound", None) is not None


def _asked(estimator: "Autoencoder", name: str) -> Any:
    """A setting of training: the user's, or where it was left out the recipe's, or else the usual one."""
    value, left_out = getattr(estimator, name), inspect.signature(type(estimator)).parameters[name].default
    if value != left_out:
        return value
    return recipes.get(estimator.recipe).training.get(name, getattr(Settings, name, None) if value is None else value)
