"""Small pieces of HTML and SVG; every text goes through `escaped`."""

import html
import re
from collections.abc import Iterable, Sequence

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
_WORD_BREAK = re.compile(r"(?<=[_/\\])(?=\w)")


def escaped(text: object) -> str:
    """Text as it may stand in HTML, in XML and in their attributes; what can't is shown as U+FFFD."""
    return html.escape(_FORBIDDEN.sub("\ufffd", str(text)))


def tag(name: str, *inside: str, **attributes: object) -> str:
    """An element around markup; a trailing or inner underscore of an attribute's name is a hyphen.

    Parameters
    ----------
    name : str
    *inside : str
        Markup, already escaped.
    **attributes
        Values are escaped here; None leaves the attribute out.
    """
    given = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items() if value is not None}
    written = "".join(f' {key}="{escaped(value)}"' for key, value in given.items())
    return f"<{name}{written}>{''.join(inside)}</{name}>"


def paragraph(text: str, kind: str | None = None) -> str:
    """A paragraph of plain text."""
    return tag("p", escaped(text), class_=kind)


def section(heading: str, *inside: str, name: str) -> str:
    """A section under a second-level heading."""
    return tag("section", tag("h2", escaped(heading), id=name), *inside, aria_labelledby=name)


def figure(picture: str, caption: str) -> str:
    """Markup with a caption in plain text below."""
    return tag("figure", picture, tag("figcaption", escaped(caption)))


def table(
    heads: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    numeric: Sequence[int] = (),
    caption: str | None = None,
    kind: str | None = None,
    strong: int | None = None,
) -> str:
    """A table of plain texts, its first column naming the rows.

    Parameters
    ----------
    heads : sequence of str
        The columns' headings.
    rows : iterable of sequences
    numeric : sequence of int
        Columns set to the right in figures of equal width.
    caption, kind : str, optional
    strong : int, optional
        The row to stress.
    """
    sides = ["n" if i in numeric else None for i in range(len(heads))]
    head = tag("tr", *(tag("th", escaped(h), scope="col", class_=s) for h, s in zip(heads, sides, strict=True)))
    body = (_row(row, sides, "strong" if i == strong else None) for i, row in enumerate(rows))
    title = tag("caption", escaped(caption)) if caption else ""
    whole = tag("table", title, tag("thead", head), tag("tbody", *body), class_=kind)
    return tag("div", whole, class_="wide")


def _row(cells: Sequence[object], sides: Sequence[str | None], kind: str | None) -> str:
    first = tag("th", _breakable(cells[0]), scope="row", class_=sides[0])
    rest = (tag("td", _breakable(c), class_=s) for c, s in zip(cells[1:], sides[1:], strict=True))
    return tag("tr", first, *rest, class_=kind)


def definitions(pairs: Iterable[tuple[str, object]]) -> str:
    """Names and their values, as a description list."""
    inside = (tag("dt", escaped(name)) + tag("dd", _breakable(value)) for name, value in pairs)
    return tag("dl", *inside)


def _breakable(text: object) -> str:
    """Escaped text whose long names may be parted after _ and /."""
    return "<wbr>".join(escaped(piece) for piece in _WORD_BREAK.split(str(text)))
