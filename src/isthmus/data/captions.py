"""What a conditional model is told by captions: their words, as the numbers of a condition."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isthmus.data.dataset import some
from isthmus.errors import DataError, InputError

MOST_WORDS = 2000
"""Words that are known: the commonest. Pairs of words aren't, for an unseen combination is one of unseen pairs."""
MOST_SHOWN = 12
WORD = r"(?u)\b\w+\b"
FILLERS = frozenset({"a", "an", "and", "are", "at", "in", "is", "it", "of", "on", "the", "there", "this", "to", "with"})
"""Words that are features like others, but alone say nothing of a picture."""


@dataclass(frozen=True)
class CaptionConditions:
    """Captions as rows of 0 and 1: which of the known words are in each.

    A caption that is unknown (None, NaN or an empty text) is a row of zeros.
    """

    words: tuple[str, ...]
    axes: ClassVar[int] = 0  # of one condition as a user gives it

    @cached_property
    def _telling(self) -> frozenset[str]:
        return frozenset(self.words) - FILLERS

    @property
    def width(self) -> int:
        """How many values a condition has."""
        return len(self.words)

    def apply(self, y: ArrayLike) -> NDArray[np.float32]:
        """Conditions (n, width) of captions (n,).

        Raises
        ------
        DataError
            If the captions are not one text a row.
        InputError
            If one has no word that is known; the message names known words that are near.
        """
        texts = caption_texts(y)
        for row, text in enumerate(texts):
            if text and not self.says_something(text):
                where = f" (row {row})" if len(texts) > 1 else ""
                raise InputError(f"{text[:80]!r}: no word of this caption is known{where}; {self._near(text)}")
        told: NDArray[np.float32] = self._vectorizer().transform(texts).toarray()
        return told

    def says_something(self, text: str) -> bool:
        """Whether a caption has a known word that is more than a filler such as 'the'."""
        return not self._telling.isdisjoint(words_of(text))

    def unknown(self, text: str) -> list[str]:
        """The words of a caption that aren't known, fillers aside, each once."""
        known = FILLERS | set(self.words)
        return list(dict.fromkeys(word for word in words_of(text) if word not in known))

    def spelt(self, texts: ArrayLike) -> NDArray[Any]:
        """Captions as a file or a command has them."""
        return np.array(caption_texts(texts), dtype=object)

    def _near(self, text: str) -> str:
        """The known words that a caption's words may have meant, or some of those that are known."""
        single = [word for word in self.words if word not in FILLERS]
        asked = [word for word in words_of(text) if word not in FILLERS][:MOST_SHOWN]
        near = dict.fromkeys(found for word in asked for found in get_close_matches(word, single, n=1))
        return f"did you mean {', '.join(near)}?" if near else f"known are {some(single, MOST_SHOWN)}"

    def _vectorizer(self) -> Any:
        from sklearn.feature_extraction.text import CountVectorizer  # a second of import that others should not cost

        return CountVectorizer(vocabulary=list(self.words), token_pattern=WORD, binary=True, dtype=np.float32)

    def to_json(self) -> dict[str, Any]:
        """The conditions as plain data."""
        return {"kind": "captions", "words": list(self.words)}


def fit_captions(captions: ArrayLike) -> CaptionConditions:
    """Learn which words there are in captions (n,).

    Raises
    ------
    DataError
        If the captions are not one text a row.
    InputError
        If no caption has a word.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    texts = [text for text in caption_texts(captions) if words_of(text)]
    if not texts:
        raise InputError("captions: none has a word, and a conditional recipe learns from words")
    counter = CountVectorizer(token_pattern=WORD, binary=True)
    commonness = np.asarray(counter.fit_transform(texts).sum(0)).ravel().tolist()
    counted = dict(zip(counter.get_feature_names_out().tolist(), commonness, strict=True))
    return CaptionConditions(tuple(sorted(counted, key=lambda word: (-counted[word], word))[:MOST_WORDS]))


def captions_from_json(description: Mapping[str, Any]) -> CaptionConditions:
    """Rebuild the conditions from a model file, which may be hostile.

    Raises
    ------
    DataError
        If a part is missing, of the wrong type, or out of bounds.
    """
    words: Any = description.get("words")
    sound = isinstance(words, list) and 1 <= len(words) <= MOST_WORDS
    if not (sound and all(isinstance(word, str) and words_of(word) == [word] for word in words)):
        raise DataError("conditions: not a list of words")
    if len(set(words)) < len(words):
        raise DataError("conditions: a word comes twice")
    return CaptionConditions(tuple(words))


def caption_texts(captions: ArrayLike) -> list[str]:
    """Captions one a row; None, NaN and blanks are empty texts.

    Raises
    ------
    DataError
        If they are not one a row, or one is no text.
    """
    array = np.asarray(captions, dtype=object)
    if array.ndim != 1:
        raise DataError(f"captions: shape {array.shape}; give one text a row, (n,)")
    return [_text(value) for value in array.tolist()]


def _text(value: Any) -> str:
    if value is None or type(value).__name__ == "NAType" or value != value:
        return ""
    if not isinstance(value, str):
        raise DataError(f"captions: {value!r} is {type(value).__name__}; captions are texts")
    return unicodedata.normalize("NFKC", value).strip()


def words_of(text: str) -> list[str]:
    """The words of a text as the conditions count them: letters and digits, in lower case."""
    return re.findall(WORD, text.lower())
