"""How good rows of a table are that a model made: column by column, pair by pair, and as rows to learn from.

Tables are arrays (n, columns) or data frames. A column whose known cells are all numbers is one of numbers, any other
one of categories; None and NaN are missing cells.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ks_2samp, rankdata
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.metrics import r2_score, roc_auc_score

from isthmus.errors import InputError

Floats = NDArray[np.float64]
Cells = NDArray[Any]
TREES = 200
FEWEST = 2


class Usefulness(NamedTuple):
    """How well real rows are told by what was learned from made ones, and from real ones."""

    synthetic: float
    real: float


def column_distances(made: Any, real: Any) -> Floats:
    """How far the distribution of each column of made rows is from that of real ones, (columns,), from 0 to 1.

    Of numbers the Kolmogorov-Smirnov distance, the largest difference of the two distribution functions; of categories
    the total variation, half the sum of the differences of their shares. Missing cells count as a value below all
    others, or as a category of their own.

    Parameters
    ----------
    made, real : (n, columns), (m, columns)

    Raises
    ------
    InputError
        If the tables differ in width, or have fewer than two rows.

    References
    ----------
    As in Patki, Wedge & Veeramachaneni, "The synthetic data vault", DSAA 2016, but as distances.
    """
    return np.array([_distance(a, b) for a, b in _pairs(made, real)])


def associations(table: Any) -> Floats:
    """How much each two columns tell of each other, (columns, columns), symmetric, with ones on the diagonal.

    Of two numbers Spearman's rank correlation, from -1 to 1; of two categories Cramer's V, and of a number and a
    category the correlation ratio (root of the share of the variance of ranks that lies between the categories), both
    from 0 to 1. Each is of the rows in which both cells are known, and 0 where one column doesn't vary there.

    Raises
    ------
    InputError
        If there are fewer than two rows.

    References
    ----------
    Cramer, "Mathematical methods of statistics", 1946, for V; Fisher, "Statistical methods for research workers",
    1925, for the correlation ratio.
    """
    return _associations(*_read(_table(table)))


def pair_distances(made: Any, real: Any) -> Floats:
    """The absolute difference of `associations` of made and of real rows, (columns, columns): 0 is alike.

    A column is of numbers here if it is so in both tables.

    Raises
    ------
    InputError
        If the tables differ in width, or have fewer than two rows.
    """
    a, b = zip(*_pairs(made, real), strict=True)
    found: Floats = np.abs(_associations(*_read(a)) - _associations(*_read(b)))
    return found


def train_on_synthetic(made: Any, learned: Any, tested: Any, target: int | str, *, seed: int = 0) -> Usefulness:
    """Learn one column from the others, of made rows and of real ones, and judge both on real rows of neither.

    The learner is a random forest of 200 trees (scikit-learn's, all else as it comes), which needs no scaling and
    takes missing cells; categories are one-hot. It is judged by the area under the ROC curve of a column of categories,
    of several the mean of each against the rest; by R^2 of a column of numbers. Labels that are whole numbers are
    categories only if they are given as texts.

    Parameters
    ----------
    made, learned, tested : (n, columns), (m, columns), (k, columns)
        Made rows, those the generator learned from, and others from the same source.
    target : int or str
        The column, by its place or in a data frame by its name.
    seed : int, default=0

    Raises
    ------
    InputError
        If the tables differ in width, there is no such column, or only one class to tell.

    References
    ----------
    Esteban, Hyland & Raetsch, "Real-valued (medical) time series generation with recurrent conditional GANs", 2017.
    """
    place = _place(learned, target)
    tables = [_table(rows) for rows in (made, learned, tested)]
    if len({len(columns) for columns in tables}) > 1:
        raise InputError(f"tables of {', '.join(str(len(columns)) for columns in tables)} columns: give one width")
    numbers = all(_is_numeric(columns[place]) for columns in tables)
    inputs = _one_hot([columns[:place] + columns[place + 1 :] for columns in tables])
    targets = [_floats(columns[place]) if numbers else _texts(columns[place]) for columns in tables]
    judge = _explained if numbers else _separated
    by = [judge(*part, inputs[2], targets[2], seed) for part in zip(inputs[:2], targets[:2], strict=True)]
    return Usefulness(*by)


def _table(table: Any) -> list[Cells]:
    """The columns."""
    columns = np.asarray(table, dtype=object) if not isinstance(table, np.ndarray) else table
    if columns.ndim != 2 or len(columns) < FEWEST:
        raise InputError(f"a table of shape {columns.shape}: give rows and columns, {FEWEST} rows or more")
    return [columns[:, i] for i in range(columns.shape[1])]


def _pairs(made: Any, real: Any) -> list[tuple[Cells, Cells]]:
    """The columns of both tables, side by side, each as numbers in both or as texts in both."""
    a, b = _table(made), _table(real)
    if len(a) != len(b):
        raise InputError(f"tables of {len(a)} and {len(b)} columns: give two of one width")
    names = [list(table.columns) for table in (made, real) if hasattr(table, "columns")]
    if len(names) == 2 and names[0] != names[1]:
        raise InputError("the tables' columns differ in name or order: give both the same, in one order")
    return [_alike(*pair) for pair in zip(a, b, strict=True)]


def _alike(a: Cells, b: Cells) -> tuple[Cells, Cells]:
    return (_floats(a), _floats(b)) if _is_numeric(a) and _is_numeric(b) else (_texts(a), _texts(b))


def _read(columns: Any) -> tuple[list[Cells], list[bool]]:
    numeric = [_is_numeric(column) for column in columns]
    return [_floats(c) if number else _texts(c) for c, number in zip(columns, numeric, strict=True)], numeric


def _is_missing(cell: Any) -> bool:
    return cell is None or type(cell).__name__ == "NAType" or (isinstance(cell, float) and cell != cell)


def _is_numeric(column: Cells) -> bool:
    if column.dtype != object:
        return column.dtype.kind in "iuf"
    return all(
        isinstance(cell, (int, float, np.integer, np.floating)) and not isinstance(cell, bool)
        for cell in column
        if not _is_missing(cell)
    )


def _floats(column: Cells) -> Cells:
    if column.dtype != object:
        return column.astype(np.float64)
    return np.array([np.nan if _is_missing(cell) else float(cell) for cell in column])


def _texts(column: Cells) -> Cells:
    """Categories as texts; a missing one is None."""
    return np.array([None if _is_missing(cell) else str(cell) for cell in column.tolist()], dtype=object)


def _distance(a: Cells, b: Cells) -> float:
    if a.dtype != object:
        lowest = np.fmin.reduce(np.concatenate([a, b, [0.0]]))
        low_a, low_b = (np.where(np.isnan(cells), lowest - 1, cells) for cells in (a, b))
        return float(ks_2samp(low_a, low_b, method="asymp").statistic)
    shares = [_shares(cells) for cells in (a, b)]
    return 0.5 * sum(abs(shares[0].get(name, 0.0) - shares[1].get(name, 0.0)) for name in shares[0] | shares[1])


def _shares(cells: Cells) -> dict[Any, float]:
    names, counts = np.unique(cells.astype(str), return_counts=True)  # None as a text is one more category
    return dict(zip(names.tolist(), (counts / len(cells)).tolist(), strict=True))


def _associations(columns: list[Cells], numeric: list[bool]) -> Floats:
    found = np.eye(len(columns))
    for i in range(len(columns)):
        for j in range(i):
            found[i, j] = found[j, i] = _association(columns[i], columns[j], numeric[i], numeric[j])
    return found


def _association(a: Cells, b: Cells, a_numeric: bool, b_numeric: bool) -> float:
    known = ~(_unknown(a) | _unknown(b))
    a, b = a[known], b[known]
    if len(a) < FEWEST or len(np.unique(a)) < FEWEST or len(np.unique(b)) < FEWEST:
        return 0.0
    if a_numeric and b_numeric:
        return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])
    if a_numeric or b_numeric:
        return _correlation_ratio(*((a, b) if a_numeric else (b, a)))
    return _cramers_v(a, b)


def _unknown(column: Cells) -> NDArray[np.bool_]:
    return np.array([cell is None for cell in column]) if column.dtype == object else np.isnan(column)


def _correlation_ratio(values: Cells, classes: Cells) -> float:
    ranks = rankdata(values)
    _, places, counts = np.unique(classes, return_inverse=True, return_counts=True)
    means = np.bincount(places, ranks) / counts
    between = (counts * (means - ranks.mean()) ** 2).sum()
    return float(np.sqrt(between / ((ranks - ranks.mean()) ** 2).sum()))


def _cramers_v(a: Cells, b: Cells) -> float:
    rows, columns = (np.unique(cells, return_inverse=True)[1] for cells in (a, b))
    counts = np.zeros((rows.max() + 1, columns.max() + 1))
    np.add.at(counts, (rows, columns), 1)
    expected = np.outer(counts.sum(1), counts.sum(0)) / len(a)
    square = ((counts - expected) ** 2 / expected).sum() / len(a)
    return float(np.sqrt(square / (min(counts.shape) - 1)))


def _place(table: Any, target: int | str) -> int:
    """Which column the target is."""
    names = [str(name) for name in getattr(table, "columns", [])]
    width = len(_table(table))
    if isinstance(target, str):
        if target not in names:
            raise InputError(f"target={target!r}: no column of {', '.join(names[:12]) or 'a table without names'}")
        return names.index(target)
    if not -width <= target < width:
        raise InputError(f"target={target}: the table has {width} columns, counted from 0")
    return target % width


def _one_hot(tables: list[list[Cells]]) -> list[Floats]:
    """The columns of all tables as numbers, alike in all."""
    blocks: list[list[Floats]] = [[] for _ in tables]
    for columns in zip(*tables, strict=True):
        if all(_is_numeric(column) for column in columns):
            found = [_floats(column)[:, None] for column in columns]
        else:
            texts = [_texts(column).astype(str) for column in columns]
            names = np.unique(np.concatenate(texts))
            found = [(cells[:, None] == names).astype(np.float64) for cells in texts]
        for block, part in zip(blocks, found, strict=True):
            block.append(part)
    return [np.concatenate(block, axis=1) for block in blocks]


def _separated(x: Floats, y: Cells, x_test: Floats, y_test: Cells, seed: int) -> float:
    known, judged = ~_unknown(y), ~_unknown(y_test)
    classes = np.unique(y_test[judged])
    if len(classes) < FEWEST:
        raise InputError("the rows to be tested on are all of one class: there is nothing to tell")
    forest = RandomForestClassifier(TREES, random_state=seed).fit(x[known], y[known].astype(str))
    chances = dict(zip(forest.classes_, forest.predict_proba(x_test[judged]).T, strict=True))
    nothing = np.zeros(judged.sum())  # of a class that wasn't learned
    rocs = [roc_auc_score(y_test[judged] == name, chances.get(name, nothing)) for name in classes]
    return float(np.mean(rocs))


def _explained(x: Floats, y: Cells, x_test: Floats, y_test: Cells, seed: int) -> float:
    known, judged = ~np.isnan(y), ~np.isnan(y_test)
    forest = RandomForestRegressor(TREES, random_state=seed).fit(x[known], y[known])
    return float(r2_score(y_test[judged], forest.predict(x_test[judged])))
