"""Which database a command speaks to, and how to open it."""

import os
import re
from pathlib import Path

from labagent.errors import ConfigurationError, Mistake

VARIABLE = "LABAGENT_DB"
DEFAULT = "labagent.db"
_SQLITE = "sqlite:///"
_PASSWORD = re.compile(r"([?&](?:ssl)?password=)[^&]*", re.IGNORECASE)


def database_url(option: str | None, beside: Path | None = None) -> str:
    """Return the database's URL: ``--db``, else ``LABAGENT_DB``, else a file.

    Args:
        option: What ``--db`` said: a URL, or the path of a SQLite file.
        beside: The campaign file, in whose folder the default file lies; without one
            it lies in the current folder.
    """
    said = option or os.environ.get(VARIABLE)
    if said:
        return said if "://" in said else file_url(Path(said).expanduser())
    folder = beside.parent if beside else Path()
    return file_url(folder / DEFAULT)


def file_url(path: Path) -> str:
    """Return the URL of a SQLite file."""
    return f"{_SQLITE}{path.resolve()}"


def sqlite_file(url: str) -> Path | None:
    """Return the file of a SQLite URL; None for servers and memory."""
    if not url.startswith("sqlite") or "///" not in url:
        return None
    name = url.split("///", 1)[1].split("?", 1)[0]
    return Path(name) if name and name != ":memory:" else None


def shown(url: str) -> str:
    """Return a URL as it may be printed: without its password."""
    scheme, mark, rest = url.partition("://")
    if not mark or scheme.startswith("sqlite"):
        return url
    rest = _PASSWORD.sub(r"\1***", rest)
    user, at, place = rest.rpartition("@")
    name, colon, _ = user.partition(":")
    return f"{scheme}://{name}{':***' if colon else ''}{at}{place}"


def must_exist(url: str) -> None:
    """Check that a SQLite file is there before a reading command opens it.

    Raises:
        ConfigurationError: It is not; nothing was created.
    """
    file = sqlite_file(url)
    if file is not None and not file.exists():
        raise ConfigurationError(
            [
                Mistake(
                    "--db",
                    f"got {file}, where there is no database",
                    "must be a database that `labagent run` or `propose` has begun",
                    "name the campaign file, or give --db or LABAGENT_DB",
                )
            ]
        )
