"""The command line ``labagent``."""

import contextlib
import io
import logging
import os
import sys
from typing import Annotated

import typer

from labagent import __version__
from labagent.app.commands import COMMANDS
from labagent.app.lazy import CONFIGURATION, HELP_OPTIONS, LazyGroup
from labagent.app.printing import complain
from labagent.app.startup import check_packages
from labagent.errors import ConfigurationError


class Labagent(LazyGroup):
    """All commands of labagent."""

    table = COMMANDS


app = typer.Typer(
    name="labagent",
    cls=Labagent,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=HELP_OPTIONS,
    no_args_is_help=True,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"labagent {__version__}")
        raise typer.Exit


@app.callback()
def labagent(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Show the version and exit.",
            callback=_print_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    """Run a materials campaign: propose, approve, dispatch, record, learn, review.

    Start with `labagent init --example manual my-campaign`.

    Exit codes: 0 done, 1 failure, 2 wrong campaign file or command line, 3 waiting
    for a person, 4 budget used.
    """


def quiet_warnings() -> None:
    """Keep what libraries warn of from the user's screen, unless LABAGENT_DEBUG is set.

    Warnings are for whoever wrote the code; what users should know, labagent says.
    """
    if os.environ.get("LABAGENT_DEBUG"):
        return
    logging.captureWarnings(capture=True)
    unheard = logging.getLogger("py.warnings")
    unheard.addHandler(logging.NullHandler())
    unheard.propagate = False


def calculate_on_one_core() -> None:
    """Let this program calculate on one core, unless OMP_NUM_THREADS says otherwise.

    A decision is many small products. More threads gain little, and where another
    program keeps the cores busy they wait for each other: 285 s were seen instead of 7.
    Decisions do so wherever they are asked for; here it also holds for questions, and
    for what other libraries calculate.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is imported


def main() -> None:
    """Run the command line and end the program with its exit code."""
    quiet_warnings()
    calculate_on_one_core()
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character gets a question mark, not a crash.
        if isinstance(stream, io.TextIOWrapper):
            with contextlib.suppress(io.UnsupportedOperation):
                stream.reconfigure(errors="replace")
    try:
        check_packages()
    except ConfigurationError as error:
        complain(str(error))
        sys.exit(CONFIGURATION)
    app()


if __name__ == "__main__":
    main()
