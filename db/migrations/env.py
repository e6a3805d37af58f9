"""What Alembic runs around the migrations: one transaction, guards off and on."""

from alembic import context
from sqlalchemy import Connection

from db.engine import Database
from db.guards import drop_guards, place_guards
from db.schema import HEAD, metadata
from db.views import drop_views, place_views


def migrate(connection: Connection) -> None:
    """Run the wanted migrations inside the connection's transaction."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transactional_ddl=True,
        render_as_batch=True,  # SQLite alters a table by building it anew
    )
    with context.begin_transaction():
        drop_guards(connection)
        drop_views(connection)
        context.run_migrations()
        if context.get_context().get_current_heads() == (HEAD,):
            place_guards(connection)
            place_views(connection)


def run() -> None:
    """Use the caller's connection, or (``alembic`` typed by a person) the URL's."""
    given = context.config.attributes.get("connection")
    if given is not None:
        migrate(given)
        return
    typed = context.get_x_argument(as_dictionary=True).get("url")
    database = Database(typed or context.config.get_main_option("sqlalchemy.url") or "")
    try:
        with database.migrating() as connection:
            migrate(connection)
    finally:
        database.close()


run()
