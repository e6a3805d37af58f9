"""Alembic's folder: how memory came to look as it does."""
