"""Schemas come and go in one transaction; foreign and newer ones are refused."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import BigInteger, Integer, inspect, text

from db import open_logbook, revision, triggers_postgresql, triggers_sqlite, upgrade
from db.chain import digest
from db.engine import Database
from db.guards import drop_guards, place_guards
from db.migrate import configuration, downgrade_connection, upgrade_connection
from db.schema import HEAD, REVISIONS, metadata
from db.views import drop_views, place_views
from labagent.errors import LogbookError, SchemaError
from tests import factories as make
from tests.db.histories import fill, filled, raw


def test_the_program_knows_every_revision() -> None:
    scripts = ScriptDirectory.from_config(configuration())
    assert scripts.get_heads() == [HEAD]
    assert {script.revision for script in scripts.walk_revisions()} == REVISIONS


def test_guards_change_only_with_a_new_revision() -> None:
    texts = [triggers_sqlite.TRIGGERS, triggers_postgresql.TRIGGERS]
    bodies = triggers_postgresql.BODIES
    known = {"0003": "0bd59659f3ce"}
    assert {HEAD: digest([*texts, bodies])[:12]} == known


def test_people_may_type_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'typed.db'}"
    root = Path(__file__).parents[2]
    typed = [sys.executable, "-m", "alembic", "-x", f"url={url}", "upgrade", "head"]
    done = subprocess.run(  # our own interpreter
        typed, cwd=root, capture_output=True, text=True, check=False
    )
    assert (done.returncode, revision(url)) == (0, HEAD), done.stderr


def test_migrations_make_the_tables_the_program_uses(database_url: str) -> None:
    assert revision(database_url) is None
    assert upgrade(database_url) == HEAD
    with raw(database_url) as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []


def test_down_and_up_again_with_rows(database_url: str) -> None:
    filled(database_url)
    with raw(database_url) as connection:
        downgrade_connection(connection, "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]
        assert inspect(connection).get_view_names() == []
    assert revision(database_url) is None
    book = open_logbook(database_url)
    fill(book)
    assert book.verify() == ()
    book.close()


@pytest.mark.parametrize(("old", "came"), [("0001", "correction"), ("0002", "regime")])
def test_an_old_database_is_brought_up_with_its_rows(
    database_url: str, old: str, came: str
) -> None:
    campaign = filled(database_url, schema=old)
    book = open_logbook(database_url)
    before = book.trials(campaign)
    book.close()
    with raw(database_url) as connection:
        downgrade_connection(connection, old)
        assert came not in inspect(connection).get_table_names()
        assert inspect(connection).get_view_names() == []
    assert revision(database_url) == old
    book = open_logbook(database_url)
    assert revision(database_url) == HEAD
    assert book.verify() == ()
    assert book.trials(campaign) == before
    words = {"layers": False}
    book.correct(3, [], [make.hardness(2.25)], "typo", "ada")
    book.correct(1, [], [], "it took its own course", "ada", words)
    rows = book.trials(campaign).rows
    assert rows[2].results["hardness"] == 2.25
    assert rows[0].observed == words.keys()
    assert book.verify() == ()
    book.close()


def test_what_was_said_is_lost_with_its_table_and_missed(database_url: str) -> None:
    filled(database_url)
    with raw(database_url) as connection:
        downgrade_connection(connection, "0002")
    book = open_logbook(database_url)
    assert {f.place for f in book.verify()} == {"regime 1", "regime 2"}
    book.close()


def test_an_upgrade_keeps_rows_views_and_guards(database_url: str) -> None:
    filled(database_url)
    with raw(database_url) as connection:
        upgrade_connection(connection)  # runs nothing, but around it all is redone
        assert inspect(connection).get_view_names() == ["campaign_alloys"]
    book = open_logbook(database_url)
    assert book.verify() == ()
    book.close()


@pytest.mark.parametrize("name", ["campaign", "experiment", "step"])
def test_a_table_may_be_built_anew_under_its_rows(database_url: str, name: str) -> None:
    filled(database_url)
    database = Database(database_url)
    with database.migrating() as connection:
        drop_guards(connection)
        drop_views(connection)
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table(name, recreate="auto") as table:
            table.alter_column("id", type_=BigInteger())
            table.alter_column("id", type_=Integer())
        place_guards(connection)
        place_views(connection)
    database.close()
    book = open_logbook(database_url)
    assert book.verify() == ()
    book.close()


def _lose_experiments(database: Database) -> None:
    with database.migrating() as connection:
        drop_guards(connection)
        connection.execute(text("DELETE FROM experiment"))


def test_an_upgrade_that_loses_references_is_taken_back(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'memory.db'}"
    filled(url)
    database = Database(url)
    said = "refers to nothing in experiment.*taken back"
    with pytest.raises(SchemaError, match=said):
        _lose_experiments(database)
    database.close()
    book = open_logbook(url)
    assert book.verify() == ()
    book.close()


def test_a_failed_upgrade_leaves_nothing(database_url: str) -> None:
    with raw(database_url) as connection:
        upgrade_connection(connection)
        connection.rollback()
    assert revision(database_url) is None


def test_a_newer_schema_is_refused(database_url: str) -> None:
    filled(database_url)
    with raw(database_url) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaError, match="has schema 9999, must be at most"):
        open_logbook(database_url)


def test_somebody_elses_database_is_refused(database_url: str) -> None:
    with raw(database_url) as connection:
        connection.execute(text("CREATE TABLE invoices (id INTEGER)"))
    with pytest.raises(
        SchemaError, match="holds invoices, must be empty or labagent's"
    ):
        open_logbook(database_url)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to be read as one. " * 50)
    with pytest.raises(SchemaError, match="the file is no SQLite database"):
        open_logbook(f"sqlite:///{path}")
    assert path.read_text().startswith("not a database")


def test_a_folder_that_does_not_exist_is_a_clear_error(tmp_path: Path) -> None:
    file = tmp_path / "missing" / "memory.db"
    said = f"^database {file}: refused: unable to open database file"
    with pytest.raises(LogbookError, match=said):
        open_logbook(f"sqlite:///{file}")


def test_sqlite_keeps_every_commit_on_disk(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'memory.db'}"
    filled(url)
    database = Database(url)
    with database.reading() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    database.close()
    assert found == ["wal", 2, 1, 60_000]
