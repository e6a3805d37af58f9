"""``labagent db``: where the database is, and its upgrade."""

import typer

import db
from labagent.app.database import must_exist, shown
from labagent.app.lazy import HELP_OPTIONS
from labagent.app.options import Reference
from labagent.app.session import Session, with_session

app = typer.Typer(
    name="db",
    help="Upgrade the database, or say where it is.",
    rich_markup_mode=None,
    add_completion=False,
    no_args_is_help=True,
    context_settings=HELP_OPTIONS,
)


@app.command()
@with_session
def upgrade(session: Session, reference: Reference = None) -> None:
    """Bring the database to this version's tables; commands do so by themselves."""
    session = session.of(reference)
    must_exist(session.url)
    before = db.revision(session.url)
    after = db.upgrade(session.url)
    done = "is up to date" if before == after else f"went from {before} to {after}"
    session.answer(
        {"url": shown(session.url), "before": before, "after": after},
        [f"{shown(session.url)} {done} (revision {after})."],
    )


@app.command()
@with_session
def url(session: Session, reference: Reference = None) -> None:
    """Say where the database is, as a URL without its password."""
    session = session.of(reference)
    session.answer({"url": shown(session.url)}, [shown(session.url)])
