"""Autoencoder: the scikit-learn estimator; data in, fitted model out."""

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin, clone
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_array, check_is_fitted
from torch import Tensor

from isthmus import (
    choices,
    conditioning,
    densities,
    inference,
    keeping,
    modelfile,
    opening,
    provenance,
    recipes,
    scoring,
    settling,
    sizing,
)
from isthmus.bodies import check_names, choose_body
from isthmus.data import (
    Dataset,
    Schema,
    TableSchema,
    cut_like,
    fit_preparation,
    restore,
)
from isthmus.errors import DataError, InputError
from isthmus.model import Model
from isthmus.parts import Selector
from isthmus.parts.networks import centre
from isthmus.training import (
    Batch,
    Batches,
    Checkpoint,
    LearningRates,
    Run,
    Settings,
    Trainer,
    Watcher,
    one_epoch,
    ramp,
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
    latent_dim : int or "auto", optional
        Number of code values. Default: the square root of the number of features, from 2 to 128; the recipe "tabular"
        takes more. "auto" takes the smallest that reaches the knee of error against number of code values, found by
        short fits on some rows; the curve is kept in ``record_["sizes"]``.
    options : mapping, optional
        The recipe's own options, such as ``{"beta": 4}`` for "vae".
    kind : {"auto", "table", "images", "series", "counts", "text"}, default="auto"
        What the rows are. Arrays of two dimensions are tables, of three or four (uint8, uint16) pictures, sparse
        matrices counts. Series are (n, time) or (n, time, channels), NaN after the end of a shorter one, or a list
        of (time[, channels]).
    network : {"auto", "dense", "conv", "vit", "residual", "lstm", "gru"}, default="auto"
        "auto" for series of one length without gaps is dense, else lstm.
    hidden : sequence of int, optional
        Widths of the encoder's hidden layers (dense), stages (conv), blocks (vit) or states (lstm, gru); the decoder
        mirrors them.
    activation : str, default="auto"
        relu, silu, gelu, elu or tanh.
    norm : {"auto", "layer", "none"}, default="auto"
        Layer norm in dense networks; "auto" has it for pictures.
    likelihood : str, default="auto"
        gaussian, laplace, bernoulli, mixed, multinomial or negative-binomial. gaussian and laplace learn their
        scale; gaussian:0.1 fixes it.
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
    learning_rate : float, optional
        The peak; it rises over the first 2% of training and falls to zero along a cosine. Default: the recipe's, most
        often 0.002.
    weight_decay : float, optional
        Default: the recipe's, most often 0.01.
    optimizer : {"adamw", "adam", "sgd"}, default="adamw"
        sgd has Nesterov momentum of 0.9, and wants a learning rate of its own: see `find_learning_rate`.
    ema : float or "auto", optional
        Decay, such as 0.999, of a moving average of the weights, which is then what held-out rows judge and what is
        kept; "auto" looks back over a twentieth of the training so far; 0, the default of most
        recipes, keeps the weights themselves.
    accumulate : int, default=1
        Batches that make one step together, as a batch of so many times the rows would, in less memory. Terms over
        a whole batch, and the draws of codes, still go batch by batch.
    numbers : {"auto", "standard", "quantile"}, default="auto"
        Tables: how numbers are prepared. "standard": mean 0 and deviation 1; "quantile": bent, by their ranks, so that
        each column is normally distributed, whatever spikes and tails it has; "auto" is the recipe's choice, most often
        "standard".
    shift : int, default=0
        Pictures: move each by up to this many pixels at random, anew in every epoch. Melodies: transpose each by up to
        this many semitones, as far as the pitches go.
    binarize : bool, default=False
        For likelihood="bernoulli": draw every cell anew as 0 or 1 at every step, its value being the probability of 1
        (dynamic binarisation: Burda, Grosse & Salakhutdinov, ICLR 2016). Rows to be scored are taken as they are.
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
    schema_ : TableSchema, ImageSchema, SeriesSchema or CountsSchema
        What the data must look like.
    preparation_ : Preparation
        From raw rows to the network's numbers and back.
    history_ : list of dict
        Loss, distortion, rate (nats per row) of each epoch, on training and held-out rows.
    record_ : dict
        How the model came to be: data, seed, versions, time, held-out figures.
    label_ : str
        The column that the labels stood in; later data that have such a column are told by it.
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
        latent_dim: int | str | None = None,
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
        learning_rate: float | None = None,
        weight_decay: float | None = None,
        optimizer: str = "adamw",
        ema: float | str | None = None,
        accumulate: int = 1,
        numbers: str = "auto",
        shift: int = 0,
        binarize: bool = False,
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
        self.optimizer = optimizer
        self.ema = ema
        self.accumulate = accumulate
        self.numbers = numbers
        self.shift = shift
        self.binarize = binarize
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
        y: Any = None,
        *,
        held_out: Any = None,
        seen: Any = None,
        checkpoint: Callable[..., Checkpoint] | None = None,
    ) -> Self:
        """Fit to data.

        Parameters
        ----------
        X : array, frame, tensor, path or Dataset
            (n, features) for a table, (n, height, width) or (n, height, width, channels) for pictures, (n, time) or
            (n, time, channels) for series.
        y : array, optional
            For conditional recipes: a label (n,) or a vector (n, c) of every row; None or NaN where unknown. Without
            it the labels that the data bring along (sub-folders, a label column) are taken. Other recipes ignore it.
        held_out : like X, optional
            Rows to choose the best weights by, instead of a part of X; conditions are their own labels, if any.
        seen : like X, optional
            What the encoder sees of each row of X, which stays the target: pairs of the user's own, in the place of
            a corruption.
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
        learned, held = choices.held_out_rows(data.n, validation, seed := self._seed(), data.overlap)
        self._begin(data, learned, seed, y)
        try:
            pairs = None if seen is None else self._partners(seen, data, held_out)
            self._train(data, y, (learned, held), held_out, checkpoint, seed, pairs)
        except BaseException:
            del self.model_  # half-trained weights are no fitted model
            raise
        return self

    def _train(
        self,
        data: Dataset,
        y: Any,
        parts: tuple[NDArray[np.int64], NDArray[np.int64]],
        held_out: Any,
        checkpoint: Callable[..., Checkpoint] | None,
        seed: int,
        seen: Dataset | None,
    ) -> None:
        """Train the model that is begun, on the first part of the rows; the second chooses the best weights."""
        learned, held = parts
        validation = choices.plain(self.validation) if held_out is None else 0
        chosen_by = (data, held) if held_out is None else self._whole(held_out)
        settings = self._settings(len(learned), seed, held_out=len(chosen_by[1]) > 0)
        share = len(learned) / (len(learned) + len(chosen_by[1]))
        told = self._conditions(data, y)
        held_told = told if held_out is None else self._conditions(chosen_by[0], None)
        training = self._batches(data, learned, settings.batch_size, seed, share=share, told=told, seen=seen)
        looks = self._batches(*chosen_by, self._rows_at_once(), seed, share=1 - share, told=held_told, seen=seen)
        identity: dict[str, Any] = {
            "data": provenance.fingerprint(data),
            "held out": validation if held_out is None else provenance.fingerprint(chosen_by[0]),
            "model": self.model_.spec,
            "settings": settings.identity,
            "streamed": training.streamed,
        }
        if seen is not None:
            identity["seen"] = provenance.fingerprint(seen)
        if told is not None:
            identity["conditions"] = provenance.digest(told)
        run = Run(
            Trainer(self.model_, settings),
            training,
            looks if len(chosen_by[1]) else None,
            watchers=self.callbacks,
            checkpoint=checkpoint(identity) if checkpoint else None,
        )
        progress = run.go()
        self.history_ = progress.history
        self.n_iter_ = progress.epoch
        densities.fit_prior(self.model_, lambda rows: self.encode(data.subset(rows)), learned, seed)
        counts = {"training_rows": len(learned), "held_out_rows": len(chosen_by[1]), "validation": validation}
        self.record_ = provenance.record(data, counts, settings, identity["data"]) | provenance.outcome(progress)
        self.record_ |= self._sizes

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """One pass over more rows at the peak learning rate; the first call decides schema and preparation."""
        first = not hasattr(self, "model_")
        data = self._open(X, fitting=first, fewest=1)
        rows = np.arange(data.n, dtype=np.int64)
        seed = self._seed()
        if first:
            self._begin(data, rows, seed, y)
            self.history_, self.n_iter_ = [], 0
            self.record_ = {"training_rows": 0, "held_out_rows": 0, "validation": 0}
        if not hasattr(self, "_trainer"):
            self._trainer = Trainer(self.model_, self._settings(data.n, seed, held_out=True))
        settings, trainer = self._trainer.settings, self._trainer
        told = self._conditions(data, y)
        batches = self._batches(data, rows, settings.batch_size, settings.seed, told=told)
        self.history_.append(one_epoch(trainer, batches, self.n_iter_))
        self.n_iter_ += 1
        counts = {name: self.record_[name] for name in ("held_out_rows", "validation")}
        counts["training_rows"] = self.record_["training_rows"] + data.n
        self.record_ = provenance.record(data, counts, settings, provenance.fingerprint(data)) | self._sizes
        return self

    def find_learning_rate(self, X: Any, y: Any = None, *, steps: int = 300) -> LearningRates:
        """Try rising learning rates on a copy, and say which suits: where the loss falls fastest (Smith, WACV 2017).

        The estimator itself stays as it is: set `learning_rate` to the suggestion, or to somewhat less. `y` as in
        `fit`.

        Raises
        ------
        InputError
            If data, options or the number of steps can't be used.
        """
        trial = clone(self)
        data = trial._open(X, fitting=True)
        validation = choices.plain(self.validation)
        learned, held = choices.held_out_rows(data.n, validation, seed := trial._seed(), data.overlap)
        trial._begin(data, learned, seed, y)
        settings = trial._settings(len(learned), seed, held_out=len(held) > 0)
        told = trial._conditions(data, y)
        batches = trial._batches(data, learned, settings.batch_size, seed, told=told)
        return ramp(trial.model_, settings, batches, steps)

    def _begin(self, data: Dataset, learned: NDArray[np.int64], seed: int, y: Any) -> None:
        """Decide everything that is decided before the first step; what fails leaves the estimator as it was."""
        recipe = recipes.get(self.recipe)
        numbers = not choices.has_missing(data.schema) and choices.is_numeric(data.schema)
        recipe.check_kind(data.kind, numbers=numbers)
        conditions = conditioning.learn(data, learned, y, recipe.name) if recipe.conditional else None
        chunks = choices.chunks(data.source, learned)
        preparation = fit_preparation(data.schema, chunks, quantiles=settling.by_quantiles(self, recipe, data.kind))
        body = choose_body(
            preparation.shape,
            getattr(preparation, "groups", ()),
            missing=choices.has_missing(data.schema),
            condition_dim=conditions.width if conditions else 0,
            total=getattr(preparation, "total", None),
            **self._body_options(recipe),
        )
        choices.check_likelihood(body.likelihood, data, learned, preparation)
        choices.check_shift(self.shift, data.schema)
        choices.check_binarize(self.binarize, body.likelihood)
        options = {name: choices.plain(value) for name, value in (self.options or {}).items()}
        pictures = choices.some_rows(data.source, learned, preparation) if data.kind == "images" else None

        def build(latent_dim: int) -> Model:
            with seeded(seed, "cpu"):
                model = recipe.build(body, latent_dim, options)
            if pictures is not None:
                centre(model, pictures)
            return model

        asked, sizes = choices.latent_dim(self.latent_dim, preparation.shape, wide=recipe.wide), None
        if isinstance(self.latent_dim, str):
            settings = self._settings(len(learned), seed, held_out=True, model=False)
            told = conditioning.of_rows(conditions, data, y)
            sizes = sizing.choose(build, data, preparation, learned, settings, told)
        model = build(sizes.chosen if sizes else asked)
        self._sizes = {"sizes": sizes.to_json()} if sizes else {}
        self.model_, self.body_, self.schema_, self.preparation_ = model, body, data.schema, preparation
        self.conditions_, self.label_ = conditions, data.label
        self.__dict__.pop("_trainer", None)
        self._describe()

    def _describe(self) -> None:
        """Set the attributes that scikit-learn reads, from the schema and the model."""
        self._n_features_out = self.model_.bottleneck.latent_dim
        for name in ("n_features_in_", "feature_names_in_"):
            self.__dict__.pop(name, None)
        if self.schema_.kind in ("table", "counts"):
            self.n_features_in_ = len(self.schema_.columns)
            if self.schema_.named:
                self.feature_names_in_ = np.asarray(self.schema_.feature_names, dtype=object)

    def _body_options(self, recipe: recipes.Recipe) -> dict[str, Any]:
        return settling.body_options(self, recipe)

    def _settings(self, rows: int, seed: int, *, held_out: bool, model: bool = True) -> Settings:
        chosen_for = getattr(self, "model_", None) if model else None
        return settling.settings(self, rows, seed, held_out=held_out, model=chosen_for)

    def _seed(self) -> int:
        if isinstance(self.random_state, int):
            return self.random_state
        return int(check_random_state(self.random_state).randint(2**31))

    # Data in and out

    def _open(self, X: Any, *, fitting: bool = False, fewest: int | None = None) -> Dataset:
        if not fitting:
            check_is_fitted(self, "model_")
        return opening.opened(self, X, fitting=fitting, fewest=fewest or (2 if fitting else 1))

    def _whole(self, X: Any) -> tuple[Dataset, NDArray[np.int64]]:
        data = self._open(X)
        return data, np.arange(data.n, dtype=np.int64)

    def _partners(self, seen: Any, data: Dataset, held_out: Any) -> Dataset:
        """What is seen of every row of the data."""
        if held_out is not None:
            raise InputError("seen gives pairs for X alone: hold out a share of them (validation) instead of held_out")
        found = self._open(seen)
        if found.n != data.n:
            raise DataError(f"seen has {found.n} rows for {data.n} of X: give one for each, in the same order")
        return found

    def _rows_at_once(self) -> int:
        return inference.rows_at_once(self.preparation_.shape)

    def _batches(
        self,
        data: Dataset,
        rows: NDArray[np.int64],
        size: int,
        seed: int,
        share: float = 1.0,
        told: NDArray[np.float32] | None = None,
        seen: Dataset | None = None,
    ) -> Batches:
        memory, pairs = int(share * choices.memory_budget(self.memory)), None if seen is None else seen.source
        return Batches(
            data.source, self.preparation_, rows, batch_size=size, memory=memory, seed=seed, conditions=told, seen=pairs
        )

    def _conditions(self, data: Dataset, y: Any) -> NDArray[np.float32] | None:
        """What a conditional model is told of every row: `y`, else the data's own labels, else nothing is known."""
        return conditioning.of_rows(self.conditions_, data, y)

    def _evaluate(self, function: inference.Function[Model], X: Any, y: Any = None) -> NDArray[Any]:
        data, rows = self._whole(X)
        told = self._conditions(data, y)
        size = self._rows_at_once()  # prepared piece by piece (a share of 0): every row is wanted once
        return self._run(function, self._batches(data, rows, size, seed=0, share=0.0, told=told).in_order())

    def _run(self, function: inference.Function[Model], batches: Iterable[Batch]) -> NDArray[Any]:
        device, double = choices.device(self.device), self.schema_.kind != "images"
        rows = self._rows_at_once()
        return inference.run(function, self.model_, batches, device=device, double=double, rows=rows).numpy()

    # What a fitted autoencoder does

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> NDArray[Any]:
        """Fit, and give the code of every row, (n, latent_dim), of a conditional recipe as told by `y`."""
        codes: NDArray[Any] = self.fit(X, y, **fit_params).transform(X, y)
        return codes

    def transform(self, X: Any, y: Any = None) -> NDArray[Any]:
        """The code of every row, (n, latent_dim): deterministic, for a variational recipe the posterior's mean.

        `y`, here and below, is what a conditional model is told of the rows, as in `fit`; without it, and without
        labels in the data, conditions are unknown. A label that was not among those fitted is refused; None, NaN and
        an empty text stand for unknown.
        """
        return self._evaluate(Model.encode, X, y)

    def encode(self, X: Any, y: Any = None) -> Posterior:
        """The whole posterior q(z|x) of every row; its std is 0 where the code is a point."""
        both = self._evaluate(lambda model, *batch: torch.stack(model.posterior(*batch), 1), X, y)
        return Posterior(both[:, 0], both[:, 1])

    def indices(self, X: Any, y: Any = None) -> NDArray[Any]:
        """A discrete code as whole numbers, (n, places): entries of the codebook, levels or bits.

        Raises
        ------
        InputError
            If the recipe's code isn't discrete.
        """
        return self._evaluate(Model.indices, X, y)

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

    def inverse_transform(self, X: ArrayLike, y: Any = None) -> Any:
        """Decode codes, (n, latent_dim), into rows like the fitted ones: same columns or size, same dtype.

        `y`, here and in the other ways to decode, is a condition for all rows or one a row.

        Raises
        ------
        ValueError
            If the codes are of another width, or not numbers; or `y` is no condition that the model knows.
        """
        check_is_fitted(self, "model_")
        codes = check_array(X, dtype=np.float64)
        return restore(self.decode_raw(codes, y), self.schema_, "numpy")

    def decode_raw(self, codes: NDArray[Any], y: Any = None) -> NDArray[Any]:
        """Raw rows, (n, columns) or (n, height, width, channels), that codes (n, latent_dim) stand for."""
        return self.preparation_.undo(self.decode_prepared(codes, y))

    def decode_prepared(
        self, codes: NDArray[Any], y: Any = None, *, function: inference.Function[Model] = Model.decode
    ) -> NDArray[Any]:
        """The same in prepared units, (n, *shape); or what another function of (model, codes, conditions) gives."""
        if codes.shape[1] != self._n_features_out:
            raise DataError(f"codes have {codes.shape[1]} values each; this model's have {self._n_features_out}")
        return self._decoded(torch.tensor(codes), y, function)

    def _decoded(self, codes: Tensor, y: Any, function: inference.Function[Model] = Model.decode) -> NDArray[Any]:
        told = None if y is None else conditioning.asked_for(self.conditions_, len(codes), y, self.recipe)
        return self._run(function, self._code_batches(codes, None if told is None else torch.from_numpy(told)))

    def _code_batches(self, codes: Tensor, told: Tensor | None) -> Iterable[Batch]:
        size = self._rows_at_once()
        pieces = codes.split(size)
        return map(Batch, pieces, told.split(size) if told is not None else [None] * len(pieces))

    def sample(self, n: int = 1, *, y: Any = None, random_state: int | np.random.RandomState | None = None) -> Any:
        """New rows: the means of p(x|z) of codes drawn from the prior, like the fitted ones in columns and dtype.

        Parameters
        ----------
        n : int
        y : label, vector or array of them, optional
            For a conditional recipe what the rows shall be: one for all, or one a row. Without it, unknown.
        random_state : int, RandomState or None

        Raises
        ------
        InputError
            If there is no prior to draw from, or `y` is no condition that the model knows.
        """
        check_is_fitted(self, "model_")
        n = choices.whole_number("n", n)
        with torch.no_grad(), seeded(int(check_random_state(random_state).randint(2**31)), "cpu"):
            codes = copy.deepcopy(self.model_.bottleneck).cpu().sample_prior(n).double()
        raw = self.preparation_.undo(self._decoded(codes, y))
        return _given_back(raw, self.schema_, self.record_.get("data", {}).get("container", "numpy"))

    def reconstruct(self, X: Any, y: Any = None) -> Any:
        """Encode and decode: what the model makes of every row, as the kind of data that came in.

        A long table of series comes back series by series, in the order of their first rows.
        """
        data = self._open(X)
        index = getattr(X, "index", None)
        raw = self.reconstruct_raw(data, y)
        return _given_back(raw, self.schema_, data.container, index=index, names=data.names)

    def reconstruct_raw(self, data: Dataset, y: Any = None) -> NDArray[Any]:
        """The same as raw rows, (n, columns), (n, height, width, channels) or (n, time, channels).

        Series are as long as the rows given, and NaN where those have ended.
        """
        raw = self.preparation_.undo(self.reconstruct_prepared(data, y))
        return cut_like(raw, data.source.read(0, data.n), data.lengths) if data.kind == "series" else raw

    def reconstruct_prepared(self, X: Any, y: Any = None) -> NDArray[Any]:
        """The same in prepared units, (n, *shape): standardised numbers, probabilities of categories, 0 to 1."""
        return self._evaluate(Model.reconstruct, X, y)

    def score_samples(self, X: Any, y: Any = None) -> NDArray[Any]:
        """Minus the training objective of every row at the code's mean, in nats, (n,): higher is more normal."""
        return -self._evaluate(scoring.objective, X, y)

    def score(self, X: Any, y: Any = None) -> float:
        """Mean of `score_samples`."""
        return float(self.score_samples(X, y).mean())

    def reconstruction_error(self, X: Any, y: Any = None) -> NDArray[Any]:
        """Squared error of every row, summed over its known cells, in prepared units (pictures: 0 to 1), (n,)."""
        return self._evaluate(scoring.squared_error, X, y)

    def selected_features(self) -> list[Any]:
        """Which input each code value is, for recipe "selection": columns' names, or (row, column, channel).

        Raises
        ------
        InputError
            If the model's code isn't a choice of inputs.
        """
        check_is_fitted(self, "model_")
        if not isinstance(self.model_.encoder, Selector):
            raise InputError(f"recipe {self.recipe!r} doesn't choose features: fit recipe='selection'")
        places = self.model_.encoder.chosen().cpu().numpy()
        if isinstance(self.schema_, TableSchema):
            return [self.schema_.feature_names[place] for place in places]
        channel, row, column = np.unravel_index(places, self.preparation_.shape)
        return list(zip(row.tolist(), column.tolist(), channel.tolist(), strict=True))

    # The model file

    def save(self, path: str | Path) -> None:
        """Write everything that `load` needs to one .safetensors file, atomically."""
        keeping.write(path, self.kept())

    def kept(self) -> keeping.Kept:
        """All that a file holds of a fitted estimator."""
        check_is_fitted(self, "model_")
        learned = (self.model_, self.schema_, self.preparation_, self.conditions_, self.record_, self.history_)
        return keeping.Kept(self.get_params(), *learned)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The estimator that `save` wrote, be it the one within a detector.

        Raises
        ------
        ModelFileError
            If the file is truncated, garbled, hostile or from a newer version.
        """
        description, tensors = modelfile.read(path)
        with keeping.doubting(path):
            return cls.of(keeping.believed(description, keeping.own_tensors(description, tensors)))

    @classmethod
    def of(cls, kept: keeping.Kept) -> Self:
        """The fitted estimator of which a file held this."""
        estimator = cls(**kept.params)
        estimator.model_, estimator.schema_, estimator.preparation_ = kept.model, kept.schema, kept.preparation
        estimator.conditions_, estimator.label_ = kept.conditions, kept.record["data"].get("label", "")
        estimator.record_, estimator.history_ = kept.record, kept.history
        estimator.n_iter_ = len(kept.history)
        estimator._sizes = {"sizes": kept.record["sizes"]} if "sizes" in kept.record else {}
        estimator._describe()
        return estimator

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _given_back(raw: NDArray[Any], schema: Schema, container: str, **more: Any) -> Any:
    """Raw rows as the kind of data that came in."""
    restored = restore(raw, schema, container, **more)
    return torch.from_numpy(restored) if container == "torch" else restored
