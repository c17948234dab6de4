"""Data given to an estimator, checked by scikit-learn's rules and by what was fitted."""

from pathlib import Path
from typing import Any, Protocol

from sklearn.utils.validation import validate_data

from isthmus import choices
from isthmus.data import Dataset, Schema, TableSchema, open_data
from isthmus.errors import DataError


class Opener(Protocol):
    """What is asked of an estimator; the last two once it is fitted."""

    kind: str
    memory: int | None
    schema_: Schema
    label_: str


def opened(estimator: Opener, X: Any, *, fitting: bool, fewest: int) -> Dataset:
    """Check the data against scikit-learn's rules and, unless fitting, against the schema.

    Raises
    ------
    ValueError
        If they break a rule: `DataError`, or scikit-learn's own error where it has words for the fault.
    """
    kind = estimator.kind if fitting else estimator.schema_.kind
    if kind == "series":  # scikit-learn has no word for them
        pass
    elif _is_frame(X) or type(X).__module__.startswith("torch"):
        if fitting or not _has_column(X, estimator.label_):  # of a label scikit-learn has no word; open_data does
            validate_data(estimator, X, reset=fitting, skip_check_array=True)
    elif _is_plain(estimator, X, fitting) and getattr(X, "ndim", 2) <= 2:
        X = validate_data(estimator, X, reset=fitting, ensure_all_finite="allow-nan", ensure_min_samples=fewest)
    kind = estimator.kind if fitting else "auto"  # the schema says
    fitted: dict[str, Any] = {} if fitting else {"schema": estimator.schema_, "usual_label": estimator.label_}
    budget = choices.memory_budget(estimator.memory)
    if isinstance(X, Dataset) and not fitting and not _alike(X.schema, estimator.schema_):
        raise DataError("the data were opened as other columns, sizes or categories than the model was fitted on")
    data = X if isinstance(X, Dataset) else open_data(X, kind=kind, memory=budget, **fitted)
    if data.n < fewest:
        raise DataError(f"{data.n} row (n_samples = {data.n}): fitting takes {fewest} or more")
    return data


def _alike(schema: Schema, fitted: Schema) -> bool:
    """Whether raw rows mean the same under both: dtypes to give back, and which cells may be missing, don't matter."""
    if schema.kind != fitted.kind:
        return False
    if isinstance(schema, TableSchema) and isinstance(fitted, TableSchema):
        return [(c.name, c.role, c.categories) for c in schema.columns] == [
            (c.name, c.role, c.categories) for c in fitted.columns
        ]
    return schema.shape[-1:] == fitted.shape[-1:]


def _is_plain(estimator: Opener, X: Any, fitting: bool) -> bool:
    """Whether X is an array or list of numbers, which scikit-learn has words for."""
    text = estimator.kind == "text" if fitting else getattr(estimator.schema_, "text", False)
    return not (text or isinstance(X, (str, Path, Dataset)) or hasattr(X, "tocsr"))


def _is_frame(X: Any) -> bool:
    return hasattr(X, "columns") and hasattr(X, "dtypes")


def _has_column(X: Any, name: str) -> bool:
    return bool(name) and _is_frame(X) and name in X.columns
