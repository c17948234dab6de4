"""Which kind of files a command is given: pictures, sounds, clips or music, told by their endings."""

from pathlib import Path

from isthmus.data.images import ENDINGS, find
from isthmus.errors import DataError

SOUNDS = (".wav", ".flac")
CLIPS = (".mp4", ".m4v", ".mov", ".mkv", ".avi", ".webm")
MUSIC = (".mid", ".midi")
KINDS = {"sounds": SOUNDS, "clips": CLIPS, "pictures": ENDINGS, "music": MUSIC}


def kinds_in(folder: Path) -> dict[str, list[str]]:
    """The sounds, clips, music and pictures under a folder, as relative paths, sorted; of kinds that are there."""
    names = find(folder, tuple(ending for endings in KINDS.values() for ending in endings))
    found = {kind: [name for name in names if name.lower().endswith(endings)] for kind, endings in KINDS.items()}
    return {kind: of_kind for kind, of_kind in found.items() if of_kind}


def kind_of_folder(folder: Path) -> tuple[str, list[str]]:
    """The one kind of files under a folder, and their relative paths; of none "".

    Raises
    ------
    DataError
        If it holds files of two kinds.
    """
    found = kinds_in(folder)
    if len(found) > 1:
        *most, last = [f"{kind} ({names[0]})" for kind, names in found.items()]
        raise DataError(f"{folder}: holds {', '.join(most)} and {last}: keep them in folders apart")
    return next(iter(found.items()), ("", []))


def kind_of(path: Path) -> str:
    """What a file is by its ending, or a folder by the files in it; "" if it is none of the kinds.

    Raises
    ------
    DataError
        If it is a folder of two kinds.
    """
    if path.is_dir():
        return kind_of_folder(path)[0]
    return next((kind for kind, endings in KINDS.items() if path.suffix.lower() in endings), "")
