"""Upgrading a database with Alembic; imported only where there is something to do.

Importing Alembic takes longer (0.37 s) than everything else a status command needs, so
:mod:`db.revisions` loads this module by name, once it has seen an older schema.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def configuration() -> Config:
    """Return Alembic's settings, whether or not alembic.ini was installed."""
    config = Config()
    folder = Path(__file__).with_name("migrations")
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def upgrade_connection(connection: Connection, target: str = "head") -> None:
    """Upgrade inside the connection's transaction."""
    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, target)


def downgrade_connection(connection: Connection, target: str) -> None:
    """Downgrade inside the connection's transaction; dropped tables lose their rows."""
    config = configuration()
    config.attributes["connection"] = connection
    command.downgrade(config, target)
