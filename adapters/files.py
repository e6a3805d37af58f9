"""Files that are whole or absent, whatever is killed, and locks that die with it."""

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import cast


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_beside(path: Path, text: str) -> Path:
    """Write a text, synced, under another name in the same folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


def write_atomically(path: Path, text: str) -> None:
    """Replace a file: a reader sees the old content or the new, never a mixture."""
    beside = _write_beside(path, text)
    beside.replace(path)
    sync_folder(path.parent)


def create(path: Path, text: str) -> bool:
    """Create a whole file unless one is there; of many callers one gets True."""
    if path.exists():
        return False
    beside = _write_beside(path, text)
    try:
        path.hardlink_to(beside)
    except FileExistsError:
        return False
    finally:
        beside.unlink()
    sync_folder(path.parent)
    return True


def read_json(path: Path) -> dict[str, object] | None:
    """Return a file's JSON object; None where there is no such file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return cast("dict[str, object]", content)


def to_json(content: Mapping[str, object]) -> str:
    """Return JSON with sorted keys; NaN is refused."""
    return json.dumps(content, sort_keys=True, allow_nan=False, indent=1)


def sha256(path: Path) -> str:
    """Return a file's sha256 in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


_DIGITS = 32
"""Length of a handle."""


def handle_of(key: str) -> str:
    """Return the folder name that stands for an idempotency key."""
    return hashlib.sha256(key.encode()).hexdigest()[:_DIGITS]


def is_handle(text: str) -> bool:
    """Return whether a text can be one of our handles: never a path."""
    return len(text) == _DIGITS and all(c in "0123456789abcdef" for c in text)


def try_lock(path: Path) -> int | None:
    """Take the lock on a file; return its descriptor, or None if somebody has it.

    The lock belongs to the open file: a child that inherits the descriptor keeps it,
    and the kernel drops it with the last process that has it open.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def is_locked(path: Path) -> bool:
    """Return whether a process holds the lock on a file."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
