"""Write files so that nobody ever sees half of one."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

_KEPT_OF_NAME = 60
"""Characters of a name that its half-written file bears: the whole would be too long for a disk."""


def replace_file(path: Path, data: bytes) -> None:
    """Write `data` beside `path`, then put it in its place at once.

    On a full disk, when the file is held open by another program or the work is killed, what was
    there stays whole. Nothing is left beside it; after a kill, ``.<name>.part`` is, until the file
    is written again.

    Raises
    ------
    OSError
        The file cannot be written or replaced; it bears the name of the file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     replace_file(Path(folder) / "a.txt", b"whole")
    ...     [(file.name, file.read_text()) for file in Path(folder).iterdir()]
    [('a.txt', 'whole')]
    """
    replace_files({path: data})


def replace_files(contents: Mapping[Path, bytes]) -> None:
    """Write several files that belong together: none is replaced before all could be written.

    Raises
    ------
    OSError
        See `replace_file`.
    """
    beside = {path: _beside(path) for path in contents}
    try:
        for path, data in contents.items():
            _write(path, beside[path], data)
        for path, part in beside.items():
            _put(part, path)
    finally:
        for part in beside.values():
            with suppress(OSError):
                part.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    """Return where a file is written at first; beside what a link leads to, which stays a link."""
    target = path.resolve() if path.is_symlink() else path
    return target.with_name(f".{target.name[:_KEPT_OF_NAME]}.part")


def _write(path: Path, part: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with naming(path):
        if path.exists() and not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        part.write_bytes(data)
        if path.is_file():
            shutil.copymode(path, part)


def _put(part: Path, path: Path) -> None:
    with naming(path):
        part.replace(path.resolve() if path.is_symlink() else path)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Give errors the name that the user knows: a full disk, or a failing one, tells none.

    Raises
    ------
    OSError
        What went wrong, with the name of the file.
    """
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        if error.filename2:
            error.filename2 = str(path)
        raise
