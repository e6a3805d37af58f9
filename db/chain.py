"""The hash chain: canonical text of rows and events, and the hash that links them.

An event's hash is ``sha256(previous hash + canonical JSON of its fields)``; its payload
holds the whole content of every row the transaction added or changed. Changing, adding
or removing anything behind the program's back therefore shows (see ``verification``).
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from operator import index
from typing import SupportsFloat, SupportsIndex

from sqlalchemy import JSON, BigInteger, Column, Double, Integer
from sqlalchemy.types import Boolean

from db.columns import Utc
from labagent.errors import DataError

GENESIS = "0" * 64
"""What the first event's hash is built on."""


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    raise TypeError(f"{type(value).__name__} has no JSON form")


def canonical(value: object) -> str:
    """Return JSON text that is equal for equal values; floats keep every bit.

    Raises:
        DataError: Something in it has no JSON form, is not finite, or no database can
            hold it.
    """
    try:
        text = json.dumps(
            value,
            sort_keys=True,
            separators=(",", ":"),
            allow_nan=False,
            ensure_ascii=False,  # SQLite finds no key that is written as \\u escapes
            default=_plain,
        )
        text.encode()
    except (TypeError, ValueError) as error:
        raise DataError(
            f"value: got {error}, must be finite numbers and text that UTF-8 can hold"
        ) from error
    if "\\u0000" in text.replace("\\\\", ""):
        raise DataError(
            "value: got a NUL character, must be text that UTF-8 can hold and every "
            "database, too"
        )
    return text


def digest(value: object) -> str:
    """Return the sha256 of a value's canonical JSON, in hexadecimal."""
    return sha256(canonical(value).encode()).hexdigest()


def stamp(at: datetime) -> str:
    """Return a time as ISO 8601 text in UTC with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def storable(column: Column[object], value: object) -> object:
    """Return a value as the column will give it back.

    Raises:
        DataError: The column cannot hold it.
    """
    if value is None or isinstance(column.type, (Boolean, Utc)):
        return value
    if isinstance(column.type, JSON):
        return json.loads(canonical(value))
    if isinstance(column.type, Double):
        return _finite(column, value)
    if isinstance(column.type, Integer):
        return _whole(column, value)
    return json.loads(canonical(str(value)))


def _finite(column: Column[object], value: object) -> float:
    if not isinstance(value, SupportsFloat) or not math.isfinite(float(value)):
        raise DataError(f"{column.name}: got {value!r}, must be a finite number")
    return float(value) + 0.0  # SQLite gives -0.0 back as 0.0


def _whole(column: Column[object], value: object) -> int:
    bits = 63 if isinstance(column.type, BigInteger) else 31
    if not isinstance(value, SupportsIndex) or not -(2**bits) <= index(value) < 2**bits:
        raise DataError(
            f"{column.name}: got {value!r}, must be a whole number of at most "
            f"{bits} bits"
        )
    return index(value)


def written(value: object) -> object:
    """Return a stored value as events write it."""
    return stamp(value) if isinstance(value, datetime) else value


@dataclass(frozen=True)
class Link:
    """What an event's hash is made of, besides the hash before.

    Attributes:
        seq: Place in the chain, from 1.
        campaign: Row id of the campaign it belongs to, if any.
        at: When, UTC.
        kind: What happened.
        actor: Who did it.
        payload: Canonical JSON of the rows written.
    """

    seq: int
    campaign: int | None
    at: datetime
    kind: str
    actor: str
    payload: str

    def hash(self, previous: str) -> str:
        """Return the event's hash, in hexadecimal, given the hash before."""
        fields = canonical(asdict(self) | {"at": stamp(self.at)})
        return sha256((previous + fields).encode()).hexdigest()
