"""Write files so that nobody ever sees half of one."""

from __future__ import annotations

from pathlib import Path


def replace_file(path: Path, data: bytes) -> None:
    """Write `data` beside `path`, then put it in its place at once.

    On a full disk, or when the file is held open by another program, what was there stays whole
    and nothing is left beside it.

    Raises
    ------
    OSError
        The file cannot be written or replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
