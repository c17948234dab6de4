"""Kinds of option values, and options that several commands share."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])
UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


class Setting(click.ParamType):  # type: ignore[type-arg]
    """NAME=VALUE, the value a number or a word."""

    name = "NAME=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, float | str]:
        """'beta=4' -> ('beta', 4.0)."""
        name, equals, text = (part.strip() for part in str(value).partition("="))
        if not (name and equals and text):
            self.fail(f"{value!r}: write a name and a value, as in beta=4", param, ctx)
        try:
            return name, float(text)
        except ValueError:
            return name, text


class Widths(click.ParamType):  # type: ignore[type-arg]
    """Whole numbers with commas, or one so many times."""

    name = "N,N,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """'512,256' -> (512, 256); '64x11' -> eleven times 64; 'none' -> ()."""
        if str(value).lower() == "none":
            return ()
        if alike := re.fullmatch(r"(\d+)x(\d{1,3})", str(value)):
            return (int(alike[1]),) * int(alike[2])
        if not re.fullmatch(r"\d+(,\d+)*", str(value)):
            self.fail(f"{value!r}: write whole numbers with commas, as in 512,256, or none", param, ctx)
        return tuple(int(width) for width in str(value).split(","))


class Decay(click.ParamType):  # type: ignore[type-arg]
    """A number, or auto."""

    name = "NUMBER|auto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | str:
        """'0.999' -> 0.999; 'auto' as it is."""
        if value == "auto":
            return "auto"
        try:
            return float(value)
        except ValueError:
            self.fail(f"{value!r}: write a decay such as 0.999, auto, or 0 for none", param, ctx)


class LatentDim(click.ParamType):  # type: ignore[type-arg]
    """A whole number, or auto."""

    name = "N|auto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """'8' -> 8; 'auto' -> 'auto'."""
        text = str(value).lower()
        if text == "auto":
            return text
        if not re.fullmatch(r"[+-]?\d+", text):
            self.fail(f"{value!r}: write a whole number, or auto", param, ctx)
        return int(text)


class Share(click.ParamType):  # type: ignore[type-arg]
    """A share, written with a point, or a whole number of rows."""

    name = "SHARE|ROWS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """'0.3' -> 0.3; '500' -> 500."""
        text = str(value)
        try:
            return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)
        except ValueError:
            self.fail(f"{value!r}: write a share such as 0.3, or a whole number of rows", param, ctx)


class PictureSize(click.ParamType):  # type: ignore[type-arg]
    """HEIGHTxWIDTH."""

    name = "HxW"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """'64x48' -> (64, 48)."""
        match = re.fullmatch(r"(\d+)x(\d+)", str(value))
        if not match:
            self.fail(f"{value!r}: write height x width in pixels, as in 64x64", param, ctx)
        return int(match[1]), int(match[2])


class Target(click.Path):
    """A folder, or the word self; a folder of that name is ./self."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """'self' as it is, all else as a path."""
        return value if value == "self" else super().convert(value, param, ctx)


class Box(click.ParamType):  # type: ignore[type-arg]
    """X,Y,W,H in pixels."""

    name = "X,Y,W,H"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """'4,8,10,10' -> (4, 8, 10, 10)."""
        if not re.fullmatch(r"\d{1,7}(,\d{1,7}){3}", str(value)):
            self.fail(f"{value!r}: write left, top, width and height in pixels, as in 4,8,10,10", param, ctx)
        return tuple(int(number) for number in str(value).split(","))


class Where(click.ParamType):  # type: ignore[type-arg]
    """COLUMN=VALUE."""

    name = "COLUMN=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """'label=7' -> ('label', '7')."""
        column, equals, label = str(value).partition("=")
        if not (column and equals and label):
            self.fail(f"{value!r}: write a column and its value, as in label=7", param, ctx)
        return column, label


class Numbers(click.ParamType):  # type: ignore[type-arg]
    """N,N,..."""

    name = "N,N,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """'3,17' -> (3, 17)."""
        if not re.fullmatch(r"\d{1,12}(,\d{1,12})*", str(value)):
            self.fail(f"{value!r}: write rows counted from 0, as in 3,17", param, ctx)
        return tuple(int(number) for number in str(value).split(","))


class MemorySize(click.ParamType):  # type: ignore[type-arg]
    """Bytes, with k, M, G or T."""

    name = "SIZE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """'1.5GB' -> 1_500_000_000."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", str(value).strip().lower())
        if not match or not float(match[1]):
            self.fail(f"{value!r}: write a size such as 500MB or 2GB", param, ctx)
        return max(1, int(float(match[1]) * UNITS[match[2]]))


WIDTHS = Widths()
DECAY = Decay()


def _together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


data_options = _together(
    click.option("--kind", default="auto", show_default=True, help="table, images, series, counts or text."),
    click.option("--key", help="Which array of an .npz file."),
    click.option("--size", type=PictureSize(), help="Scale pictures to this size."),
    click.option("--skip-bad", is_flag=True, help="Pass over pictures that can't be read, and count them."),
    click.option("--drop", multiple=True, metavar="COLUMN", help="Leave a column out; repeatable."),
    click.option("--label", metavar="COLUMN", help="A column that is a label: not learned, but shown in the report."),
    click.option("--text", metavar="COLUMN", help="The column or key that holds texts: their words are counted."),
    click.option("--max-features", type=int, help="How many words are counted, the commonest.  [default: 2000]"),
    click.option("--series-id", metavar="COLUMN", help="Series in a long table: the column that says which is which."),
    click.option("--window", type=int, help="Cut one long series into windows of so many steps."),
    click.option("--stride", type=int, help="Steps from one window to the next.  [default: a window]"),
    click.option("--memory", type=MemorySize(), help="What data may take before they are streamed.  [default: 1/4]"),
)
captions_option = click.option(
    "--captions", metavar="FILE",
    help="Captions of pictures, a .csv file of file,caption, for a recipe that is told them, such as drawing; "
    "builtin for those that a built-in set brings along.",
)  # fmt: skip
model_argument = click.argument("model", type=click.Path(path_type=Path))
data_argument = click.argument("data", metavar="DATA")


def output_to(said: str) -> Callable[[Command], Command]:
    """-o, which must be given."""
    return click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help=said)


output_options = _together(
    click.option("--force", is_flag=True, help="Overwrite files that exist."),
    click.option("--json", "as_json", is_flag=True, help="Print results as JSON."),
    click.option("-q", "--quiet", is_flag=True, help="Print nothing but results and mistakes."),
)


def work_options(clean: str) -> Callable[[Command], Command]:
    """What commands share that turn files into files and judge them by others; `clean` says by which."""
    return _together(
        click.option("--clean", type=click.Path(path_type=Path), help=clean),
        click.option("--skip-bad", is_flag=True, help="Pass over files that can't be read, and count them."),
        click.option("--device", default="auto", show_default=True, help="cpu or cuda."),
        output_options,
    )
