"""Writing a file whole or not at all."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from isthmus.errors import InputError


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Give a binary handle whose contents stand at ``path`` once the block ends without a fault.

    The bytes go to a temporary neighbour, are flushed to the disk, and are renamed over ``path``; on any
    fault the neighbour is removed and ``path`` stays as it was. A path that is no regular file (a pipe, a
    device) is written straight into, for replacing it would destroy it.

    Raises
    ------
    InputError
        If the file can't be written; the message holds the system's reason.
    """
    shown = Path(path)
    target = Path(os.path.realpath(path))  # a link stays a link
    try:
        if target.exists() and not target.is_file():
            with target.open("wb") as file:
                yield file
        else:
            with _replacing(target) as file:
                yield file
    except OSError as error:
        raise InputError(f"can't write {shown}: {error.strerror or error}") from error


@contextlib.contextmanager
def _replacing(target: Path) -> Iterator[IO[bytes]]:
    beside = target.with_name(f".{target.name[:80]}.{secrets.token_hex(6)}.part")
    # Not tempfile: its files are private to the owner, and a result should have the usual rights.
    handle = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        # Read-write, since numpy hides the system's reason when it writes to a write-only handle itself.
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            with contextlib.suppress(OSError):  # rights that can't be copied are no reason to fail
                beside.chmod(target.stat().st_mode & 0o7777)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
