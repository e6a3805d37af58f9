"""What the tables of memory are made of: columns of a few kinds.

:mod:`db.schema` has the tables.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Integer,
    Text,
    TypeDecorator,
)


class Utc(TypeDecorator[datetime]):
    """An aware UTC time; SQLite keeps it as ISO text with microseconds."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        """Convert to UTC; SQLite's text carries no zone."""
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        """Return an aware time in UTC."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return value.replace(tzinfo=UTC)
        return value.astimezone(UTC)


def row_id() -> Column[int]:
    """Return a table's own id, which the program counts."""
    return Column("id", Integer, primary_key=True, autoincrement=False)


def ref(table: str) -> Column[int]:
    """Return a column that names a row of another table."""
    return Column(f"{table}_id", Integer, ForeignKey(f"{table}.id"), nullable=False)


def optional_ref(table: str) -> Column[int]:
    """Return a column that may name a row of another table."""
    return Column(f"{table}_id", Integer, ForeignKey(f"{table}.id"))


def text_column(name: str) -> Column[str]:
    """Return a column of text."""
    return Column(name, Text, nullable=False)


def whole(name: str) -> Column[int]:
    """Return a column of whole numbers."""
    return Column(name, Integer, nullable=False)


def number(name: str) -> Column[float]:
    """Return a column of float64 numbers."""
    return Column(name, Double, nullable=False)


def json_column(name: str) -> Column[object]:
    """Return a column of JSON."""
    return Column(name, JSON(none_as_null=True), nullable=False)


def time_column(name: str) -> Column[datetime]:
    """Return a column of times in UTC."""
    return Column(name, Utc, nullable=False)


def event_seq() -> Column[int]:
    """Return the column that names the event that added the row."""
    return Column("event_seq", Integer, nullable=False)
