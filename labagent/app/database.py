"""Which database a command speaks to, and how to open it."""

import os
import re
from pathlib import Path

from labagent.errors import ConfigurationError, Mistake

VARIABLE = "LABAGENT_DB"
DEFAULT = "labagent.db"
_SQLITE = "sqlite:///"
_KINDS = ("sqlite", "postgresql", "postgres")
_FIRST_BYTES = b"SQLite format 3\0"
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


def must_be_one(url: str) -> None:
    """Check that a URL may name a database of ours; there need not be one yet.

    Raises:
        ConfigurationError: It is of another kind, or names a file of another kind.
    """
    kind = url.partition("://")[0].partition("+")[0]
    if kind not in _KINDS:
        raise ConfigurationError(
            [
                Mistake(
                    "--db",
                    f"got a database of kind {kind}",
                    "must be sqlite or postgresql",
                    "such as labagent.db or postgresql://user@host/name",
                )
            ]
        )
    file = sqlite_file(url)
    if file is not None and file.is_file() and not _is_sqlite(file):
        raise ConfigurationError(
            [
                Mistake(
                    "--db",
                    f"got {file}, which is no database",
                    "must be a SQLite file, or a name that is not taken",
                    "a campaign file is named without --db",
                )
            ]
        )


def _is_sqlite(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(len(_FIRST_BYTES)) in (b"", _FIRST_BYTES)


def must_exist(url: str) -> None:
    """Check that a database is there before a reading command opens it.

    Raises:
        ConfigurationError: It is not, or is none of ours; nothing was created.
    """
    must_be_one(url)
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
