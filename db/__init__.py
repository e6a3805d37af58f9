"""Memory: the logbook on SQLite or PostgreSQL. Only this room speaks SQL."""

from db.logbook import SqlLogbook, open_logbook, revision, upgrade

__all__ = ["SqlLogbook", "open_logbook", "revision", "upgrade"]
