"""Autoencoder: the scikit-learn estimator; data in, fitted model out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_array, check_is_fitted, validate_data
from torch import Tensor

from isthmus import choices, inference, modelfile, provenance, recipes, scoring, trust
from isthmus.bodies import check_names, choose_body
from isthmus.data import (
    Dataset,
    cut_like,
    fit_preparation,
    open_data,
    preparation_from_json,
    restore,
    schema_from_json,
)
from isthmus.errors import DataError, ModelFileError
from isthmus.model import Model
from isthmus.training import (
    Batch,
    Batches,
    Checkpoint,
    Run,
    Settings,
    Trainer,
    Watcher,
    choose_precision,
    fast,
    seeded,
)


class Posterior(NamedTuple):
    """q(z|x) of every row: mean and standard deviation, each (n, latent_dim)."""

    mean: NDArray[Any]
    std: NDArray[Any]


class Autoencoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """An autoencoder for tables, pictures and series, with scikit-learn's interface.

    Parameters
    ----------
    recipe : str, default="ae"
        Which autoencoder; `isthmus.recipes.names()` lists them.
    latent_dim : int, optional
        Number of code values. Default: the square root of the number of features, from 2 to 128.
    options : mapping, optional
        The recipe's own options, such as ``{"beta": 4}`` for "vae".
    kind : {"auto", "table", "images", "series"}, default="auto"
        What the rows are. Arrays of two dimensions are tables, of three or four (uint8, uint16) pictures. Series are
        (n, time) or (n, time, channels), NaN after the end of a shorter one, or a list of (time[, channels]).
    network : {"auto", "dense", "conv", "lstm", "gru"}, default="auto"
        "auto" for series of one length without gaps is dense, else lstm.
    hidden : sequence of int, optional
        Widths of the encoder's hidden layers (dense), stages (conv) or states (lstm, gru); the decoder mirrors them.
    activation : str, default="auto"
        relu, silu, gelu, elu or tanh.
    norm : {"auto", "layer", "none"}, default="auto"
        Layer norm in dense networks; "auto" has it for pictures.
    likelihood : str, default="auto"
        gaussian, laplace, bernoulli or mixed. gaussian and laplace learn their scale; gaussian:0.1 fixes it.
    corruption : str, default=""
        What the encoder's input suffers in training, whatever the recipe, such as "gaussian:0.3"; the target stays
        clean. `isthmus.bodies.CORRUPTIONS` lists them.
    penalties : mapping, optional
        Terms added to the recipe's objective and their weights, such as ``{"l1": 0.1}``. `isthmus.bodies.PENALTIES`
        lists them.
    epochs : int, optional
        Passes over the training part. Default: enough for 4,000 steps, from 20 to 400; none if `minutes` is given.
    minutes : float, optional
        A time budget for training; the learning rate falls to zero at its end.
    batch_size : int, optional
        Default: the power of two nearest to the square root of the number of rows, from 16 to 1024.
    learning_rate : float, default=0.002
        The peak; it rises over the first 2% of training and falls to zero along a cosine.
    weight_decay : float, default=0.01
    shift : int, default=0
        Pictures: move each by up to this many pixels at random, anew in every epoch.
    validation : float or int, default=0.1
        Share (at most 10,000 rows) or number of rows held out to choose the best weights and to stop early; 0: none.
    patience : int or None, default="auto"
        Epochs without improvement after which to stop; "auto" is a fifth of the epochs, at least 10.
    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Of the products in training. "auto" takes bfloat16 where the processor is built for it and gains.
    device : str, default="auto"
        "cpu", "cuda", or "auto": CUDA if there is one.
    memory : int, optional
        Bytes that data may take; more is streamed. Default: a quarter of the machine's.
    callbacks : sequence of callable, default=()
        Called with `isthmus.training.Progress` several times a second while fitting.
    random_state : int, RandomState or None, default=None
        An int makes the fit repeatable, to the bit on one CPU machine.

    Attributes
    ----------
    model_ : isthmus.model.Model
        The fitted network.
    schema_ : TableSchema, ImageSchema or SeriesSchema
        What the data must look like.
    preparation_ : Preparation
        From raw rows to the network's numbers and back.
    history_ : list of dict
        Loss, distortion, rate (nats per row) of each epoch, on training and held-out rows.
    record_ : dict
        How the model came to be: data, seed, versions, time, held-out figures.
    n_features_in_, feature_names_in_
        As in scikit-learn, for tables.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from isthmus import Autoencoder
    >>> X = load_wine().data
    >>> codes = Autoencoder(latent_dim=2, epochs=5, random_state=0).fit_transform(X)
    >>> codes.shape
    (178, 2)
    """

    def __init__(
        self,
        recipe: str = "ae",
        latent_dim: int | None = None,
        *,
        options: Mapping[str, float | str] | None = None,
        kind: str = "auto",
        network: str = "auto",
        hidden: Sequence[int] | None = None,
        activation: str = "auto",
        norm: str = "auto",
        likelihood: str = "auto",
        corruption: str = "",
        penalties: Mapping[str, float] | None = None,
        epochs: int | None = None,
        minutes: float | None = None,
        batch_size: int | None = None,
        learning_rate: float = 2e-3,
        weight_decay: float = 1e-2,
        shift: int = 0,
        validation: float = 0.1,
        patience: int | str | None = "auto",
        precision: str = "auto",
        device: str = "auto",
        memory: int | None = None,
        callbacks: Sequence[Watcher] = (),
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.recipe = recipe
        self.latent_dim = latent_dim
        self.options = options
        self.kind = kind
        self.network = network
        self.hidden = hidden
        self.activation = activation
        self.norm = norm
        self.likelihood = likelihood
        self.corruption = corruption
        self.penalties = penalties
        self.epochs = epochs
        self.minutes = minutes
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.shift = shift
        self.validation = validation
        self.patience = patience
        self.precision = precision
        self.device = device
        self.memory = memory
        self.callbacks = callbacks
        self.random_state = random_state

    # Fitting

    def fit(
        self,
        X: Any,
        y: Any = None,  # noqa: ARG002
        *,
        held_out: Any = None,
        checkpoint: Callable[..., Checkpoint] | None = None,
    ) -> Self:
        """Fit to data.

        Parameters
        ----------
        X : array, frame, tensor, path or Dataset
            (n, features) for a table, (n, height, width) or (n, height, width, channels) for pictures, (n, time) or
            (n, time, channels) for series.
        y : ignored
            Here for scikit-learn's sake.
        held_out : like X, optional
            Rows to choose the best weights by, instead of a part of X.
        checkpoint : callable, optional
            Given the run's identity (a mapping) it returns the `Checkpoint` to keep and resume.

        Raises
        ------
        InputError
            If data or options can't be used.
        TrainingError
            If the loss doesn't stay finite.
        """
        data = self._open(X, fitting=True)
        validation = choices.plain(self.validation) if held_out is None else 0
        learned, held = choices.held_out_rows(data.n, validation, seed := self._seed())
        self._begin(data, learned, seed)
        chosen_by = (data, held) if held_out is None else self._whole(held_out)
        settings = self._settings(len(learned), seed, held_out=len(chosen_by[1]) > 0)
        share = len(learned) / (len(learned) + len(chosen_by[1]))
        training = self._batches(data, learned, settings.batch_size, seed, share=share)
        looks = self._batches(*chosen_by, self._rows_at_once(), seed, share=1 - share)
        identity: dict[str, Any] = {
            "data": provenance.fingerprint(data),
            "held out": validation if held_out is None else provenance.fingerprint(chosen_by[0]),
            "model": self.model_.spec,
            "settings": settings.__dict__,
            "streamed": training.streamed,
        }
        run = Run(
            Trainer(self.model_, settings),
            training,
            looks if len(chosen_by[1]) else None,
            watchers=self.callbacks,
            checkpoint=checkpoint(identity) if checkpoint else None,
        )
        try:
            progress = run.go()
        except BaseException:
            del self.model_  # half-trained weights are no fitted model
            raise
        self.history_ = progress.history
        self.n_iter_ = progress.epoch
        counts = {"training_rows": len(learned), "held_out_rows": len(chosen_by[1]), "validation": validation}
        self.record_ = provenance.record(data, counts, settings, identity["data"]) | provenance.outcome(progress)
        return self

    def partial_fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002
        """One pass over more rows at the peak learning rate; the first call decides schema and preparation."""
        first = not hasattr(self, "model_")
        data = self._open(X, fitting=first, fewest=1)
        rows = np.arange(data.n, dtype=np.int64)
        seed = self._seed()
        if first:
            self._begin(data, rows, seed)
            self.history_, self.n_iter_ = [], 0
            self.record_ = {"training_rows": 0, "held_out_rows": 0, "validation": 0}
        if not hasattr(self, "_trainer"):
            self._trainer = Trainer(self.model_, self._settings(data.n, seed, held_out=True))
        settings, trainer = self._trainer.settings, self._trainer
        batches = self._batches(data, rows, settings.batch_size, settings.seed)
        self.model_.train()
        with (
            seeded(settings.seed + self.n_iter_, settings.device),
            fast(settings.precision, settings.device, self.model_, settings.batch_size),
        ):
            for batch in batches.epoch(self.n_iter_):
                trainer.step(batch, progress=1.0, rate=1.0)
        self.model_.eval()
        self.history_.append(trainer.means())
        trainer.totals.zero_()
        self.n_iter_ += 1
        counts = {name: self.record_[name] for name in ("held_out_rows", "validation")}
        counts["training_rows"] = self.record_["training_rows"] + data.n
        self.record_ = provenance.record(data, counts, settings, provenance.fingerprint(data))
        return self

    def _begin(self, data: Dataset, learned: NDArray[np.int64], seed: int) -> None:
        """Decide everything that is decided before the first step; what fails leaves the estimator as it was."""
        recipe = recipes.get(self.recipe)
        numbers = not choices.has_missing(data.schema) and choices.is_numeric(data.schema)
        recipe.check_kind(data.kind, numbers=numbers)
        preparation = fit_preparation(data.schema, choices.chunks(data.source, learned))
        body = choose_body(
            preparation.shape,
            getattr(preparation, "groups", ()),
            missing=choices.has_missing(data.schema),
            **self._body_options(recipe),
        )
        choices.check_likelihood(body.likelihood, data, learned, preparation)
        choices.check_shift(self.shift, data.schema)
        latent_dim = choices.latent_dim(self.latent_dim, preparation.shape)
        options = {name: choices.plain(value) for name, value in (self.options or {}).items()}
        with seeded(seed, "cpu"):
            model = recipe.build(body, latent_dim, options)
        self.model_, self.body_, self.schema_, self.preparation_ = model, body, data.schema, preparation
        self.__dict__.pop("_trainer", None)
        self._describe()

    def _describe(self) -> None:
        """Set the attributes that scikit-learn reads, from the schema and the model."""
        self._n_features_out = self.model_.bottleneck.latent_dim
        for name in ("n_features_in_", "feature_names_in_"):
            self.__dict__.pop(name, None)
        if self.schema_.kind == "table":
            self.n_features_in_ = len(self.schema_.columns)
            if self.schema_.named:
                self.feature_names_in_ = np.asarray(self.schema_.feature_names, dtype=object)

    def _body_options(self, recipe: recipes.Recipe) -> dict[str, Any]:
        """What the user, or where "auto" was left the recipe, wants of the body."""
        asked = {name: getattr(self, name) for name in ("network", "activation", "norm", "likelihood")}
        chosen = {name: recipe.body.get(name, "auto") if value == "auto" else value for name, value in asked.items()}
        hidden = recipe.body.get("hidden") if self.hidden is None else tuple(self.hidden)
        penalties = {name: choices.plain(weight) for name, weight in (self.penalties or {}).items()}
        return chosen | {"hidden": hidden, "corruption": self.corruption, "penalties": penalties}

    def _settings(self, rows: int, seed: int, *, held_out: bool) -> Settings:
        device = choices.device(self.device)
        batch_size = choices.batch_size(self.batch_size, rows)
        precision = self.precision
        if precision == "auto":  # without a model there is nothing to choose for, only options to check
            precision = choose_precision(self.model_, batch_size, device) if hasattr(self, "model_") else "float32"
        epochs = choices.epochs(self.epochs, self.minutes, rows, batch_size)
        return Settings(
            epochs=epochs,
            minutes=choices.plain(self.minutes),
            batch_size=batch_size,
            learning_rate=choices.plain(self.learning_rate),
            weight_decay=choices.plain(self.weight_decay),
            patience=choices.patience(choices.plain(self.patience), epochs, held_out=held_out),
            shift=choices.plain(self.shift),
            precision=precision,
            device=device,
            seed=seed,
        )

    def _seed(self) -> int:
        if isinstance(self.random_state, int):
            return self.random_state
        return int(check_random_state(self.random_state).randint(2**31))

    # Data in and out

    def _open(self, X: Any, *, fitting: bool = False, fewest: int | None = None) -> Dataset:
        """Check the data against scikit-learn's rules and, unless fitting, against the schema."""
        if not fitting:
            check_is_fitted(self, "model_")
        fewest = fewest or (2 if fitting else 1)
        kind = self.kind if fitting else self.schema_.kind
        if kind == "series":  # scikit-learn has no word for them
            pass
        elif _is_frame(X) or type(X).__module__.startswith("torch"):
            validate_data(self, X, reset=fitting, skip_check_array=True)
        elif not isinstance(X, (str, Path, Dataset)) and getattr(X, "ndim", 2) <= 2:
            X = validate_data(self, X, reset=fitting, ensure_all_finite="allow-nan", ensure_min_samples=fewest)
        kind = self.kind if fitting else "auto"  # the schema says
        schema = None if fitting else self.schema_
        budget = choices.memory_budget(self.memory)
        data = X if isinstance(X, Dataset) else open_data(X, kind=kind, schema=schema, memory=budget)
        if data.n < fewest:
            raise DataError(f"{data.n} row (n_samples = {data.n}): fitting takes {fewest} or more")
        return data

    def _whole(self, X: Any) -> tuple[Dataset, NDArray[np.int64]]:
        data = self._open(X)
        return data, np.arange(data.n, dtype=np.int64)

    def _rows_at_once(self) -> int:
        return inference.rows_at_once(self.preparation_.shape)

    def _batches(self, data: Dataset, rows: NDArray[np.int64], size: int, seed: int, share: float = 1.0) -> Batches:
        memory = int(share * choices.memory_budget(self.memory))
        return Batches(data.source, self.preparation_, rows, batch_size=size, memory=memory, seed=seed)

    def _evaluate(self, function: inference.Function, X: Any) -> NDArray[Any]:
        data, rows = self._whole(X)
        size = self._rows_at_once()  # prepared piece by piece (a share of 0): every row is wanted once
        return self._run(function, self._batches(data, rows, size, seed=0, share=0.0).in_order())

    def _run(self, function: inference.Function, batches: Iterable[Batch]) -> NDArray[Any]:
        device, double = choices.device(self.device), self.schema_.kind == "table"
        rows = self._rows_at_once()
        return inference.run(function, self.model_, batches, device=device, double=double, rows=rows).numpy()

    # What a fitted autoencoder does

    def transform(self, X: Any) -> NDArray[Any]:
        """The code of every row, (n, latent_dim): deterministic, for a variational recipe the posterior's mean."""
        return self._evaluate(Model.encode, X)

    def encode(self, X: Any) -> Posterior:
        """The whole posterior q(z|x) of every row; its std is 0 where the code is a point."""
        both = self._evaluate(lambda model, *batch: torch.stack(model.posterior(*batch), 1), X)
        return Posterior(both[:, 0], both[:, 1])

    def check_options(self) -> None:
        """Refuse options that no data could make right, before any data are read.

        Raises
        ------
        InputError
            If a name is unknown or a number out of range.
        """
        recipe = recipes.get(self.recipe)
        recipe.check(dict(self.options or {}))
        check_names(**{name: value for name, value in self._body_options(recipe).items() if name != "hidden"})
        choices.latent_dim(self.latent_dim, (1,))
        self._settings(rows=2, seed=0, held_out=bool(self.validation))

    def inverse_transform(self, X: ArrayLike) -> Any:
        """Decode codes, (n, latent_dim), into rows like the fitted ones: same columns or size, same dtype.

        Raises
        ------
        ValueError
            If the codes are of another width, or not numbers.
        """
        check_is_fitted(self, "model_")
        codes = check_array(X, dtype=np.float64)
        return restore(self.decode_raw(codes), self.schema_, "numpy")

    def decode_raw(self, codes: NDArray[Any]) -> NDArray[Any]:
        """Raw rows, (n, columns) or (n, height, width, channels), that codes (n, latent_dim) stand for."""
        if codes.shape[1] != self._n_features_out:
            raise DataError(f"codes have {codes.shape[1]} values each; this model's have {self._n_features_out}")
        batches = map(Batch, torch.split(torch.tensor(codes), self._rows_at_once()))
        return self.preparation_.undo(self._run(Model.decode, batches))

    def reconstruct(self, X: Any) -> Any:
        """Encode and decode: what the model makes of every row, as the kind of data that came in."""
        data = self._open(X)
        index = getattr(X, "index", None)
        restored = restore(self.reconstruct_raw(data), self.schema_, data.container, index=index, names=data.names)
        return torch.from_numpy(restored) if data.container == "torch" else restored

    def reconstruct_raw(self, data: Dataset) -> NDArray[Any]:
        """The same as raw rows, (n, columns), (n, height, width, channels) or (n, time, channels).

        Series are as long as the rows given, and NaN where those have ended.
        """
        raw = self.preparation_.undo(self.reconstruct_prepared(data))
        return cut_like(raw, data.source.read(0, data.n)) if data.kind == "series" else raw

    def reconstruct_prepared(self, X: Any) -> NDArray[Any]:
        """The same in prepared units, (n, *shape): standardised numbers, probabilities of categories, 0 to 1."""
        return self._evaluate(Model.reconstruct, X)

    def score_samples(self, X: Any) -> NDArray[Any]:
        """Minus the training objective of every row at the code's mean, in nats, (n,): higher is more normal."""
        return -self._evaluate(scoring.objective, X)

    def score(self, X: Any, y: Any = None) -> float:  # noqa: ARG002
        """Mean of `score_samples`."""
        return float(self.score_samples(X).mean())

    def reconstruction_error(self, X: Any) -> NDArray[Any]:
        """Squared error of every row, summed over its known cells, in prepared units (pictures: 0 to 1), (n,)."""
        return self._evaluate(scoring.squared_error, X)

    # The model file

    def save(self, path: str | Path) -> None:
        """Write everything that `load` needs to one .safetensors file, atomically."""
        check_is_fitted(self, "model_")
        description = {
            "params": provenance.plain_params(self.get_params()),
            "model": self.model_.spec,
            "schema": self.schema_.to_json(),
            "preparation": self.preparation_.to_json(),
            "record": self.record_,
            "history": self.history_,
        }
        modelfile.write(path, self.model_.state_dict(), description)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The estimator that `save` wrote.

        Raises
        ------
        ModelFileError
            If the file is truncated, garbled, hostile or from a newer version.
        """
        description, tensors = modelfile.read(path)
        try:
            return cls._from_description(description, tensors)
        except (LookupError, ArithmeticError, RuntimeError, TypeError, AttributeError, ValueError) as fault:
            raise ModelFileError(f"{path}: not a whole model of Isthmus: {str(fault)[:300]}") from fault

    @classmethod
    def _from_description(cls, description: dict[str, Any], tensors: dict[str, Tensor]) -> Self:
        estimator = cls(**description["params"])
        estimator.schema_ = schema_from_json(description["schema"])
        estimator.preparation_ = preparation_from_json(description["preparation"])
        trust.check_preparation(estimator.preparation_, estimator.schema_)
        model = modelfile.rebuild(description["model"], tensors)
        estimator.model_ = trust.check_model(model, estimator.preparation_.shape)
        trust.check_record(description["record"], description["history"])
        trust.check_params(description["params"], description["record"])
        estimator.record_, estimator.history_ = description["record"], description["history"]
        estimator.n_iter_ = len(estimator.history_)
        estimator._describe()
        return estimator

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _is_frame(X: Any) -> bool:
    return hasattr(X, "columns") and hasattr(X, "dtypes")
