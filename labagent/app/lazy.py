"""A group of commands that imports a command's module only when it is called.

``labagent --help`` and a typing mistake cost no import of torch, Prefect or SQLAlchemy:
names and one-line helps come from a table, and ``"module:attribute"`` is loaded when
its name was typed.
"""

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command

from labagent.app.printing import complain, say_error
from labagent.errors import ConfigurationError, LabagentError

FAILURE, CONFIGURATION, WAITING, BUDGET_USED = 1, 2, 3, 4
"""Exit codes; 0 is success, 130 is Ctrl-C."""
INTERRUPTED = 130
_JSON = "labagent.json"
"""Key under which the context remembers whether JSON was asked for."""
HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}


@dataclass(frozen=True)
class Entry:
    """One command before it is loaded.

    Attributes:
        target: ``module:attribute`` of a function, or of a :class:`typer.Typer`.
        section: Heading under which ``--help`` lists it.
        help: One line for ``--help``.
    """

    target: str
    section: str
    help: str


def load(name: str, entry: Entry) -> Any:  # noqa: ANN401 - typer keeps the type private
    """Import a command's module and return the command ready to run."""
    module, attribute = entry.target.split(":")
    found = getattr(import_module(module), attribute)
    if not isinstance(found, typer.Typer):
        function = found
        found = typer.Typer(
            add_completion=False, rich_markup_mode=None, context_settings=HELP_OPTIONS
        )
        found.command(name)(function)
    return get_command(found)


class LazyGroup(TyperGroup):
    """Lists the table's commands, and loads the one that is called."""

    table: Mapping[str, Entry] = {}

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - typer's own
        super().__init__(**settings)
        for name, entry in self.table.items():
            stub = TyperCommand(name, help=entry.help, rich_markup_mode=None)
            self.add_command(stub)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:  # noqa: ANN401
        """Return the command that was asked for, loaded."""
        ctx.meta[_JSON] = "--json" in args
        name, command, rest = super().resolve_command(ctx, args)
        if name is not None and name in self.table:
            command = load(name, self.table[name])
        return name, command, rest

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002
        """Write the commands under the headings of their sections."""
        width = max(map(len, self.table))
        for section in dict.fromkeys(e.section for e in self.table.values()):
            with formatter.section(section):
                formatter.write_dl(
                    [
                        (name.ljust(width), entry.help)
                        for name, entry in self.table.items()
                        if entry.section == section
                    ]
                )

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401
        """Run the command; our own errors become one message and an exit code.

        With ``--json`` the message also goes to stdout, as JSON.
        """
        try:
            return super().invoke(ctx)
        except TyperException as error:  # typer prints how the command is used
            _tell(ctx, error)
            raise
        except LabagentError as error:
            if os.environ.get("LABAGENT_DEBUG"):
                raise
            _tell(ctx, error, f"error: {error}")
            wrong_input = isinstance(error, ConfigurationError)
            raise typer.Exit(CONFIGURATION if wrong_input else FAILURE) from error
        except OSError as error:
            if os.environ.get("LABAGENT_DEBUG") or error.errno == errno.EPIPE:
                raise  # a pipe that was closed is no failure: typer ends quietly
            _tell(ctx, error, f"error: {error}")
            raise typer.Exit(FAILURE) from error
        except KeyboardInterrupt as error:
            said = "interrupted: nothing recorded is lost; the same command goes on"
            _tell(ctx, KeyboardInterrupt(said), said)
            raise typer.Exit(INTERRUPTED) from error


def _tell(ctx: Any, error: BaseException, message: str = "") -> None:  # noqa: ANN401
    """Say on stderr what went wrong, and on stdout where JSON was asked for."""
    if ctx.meta.get(_JSON):
        say_error(error)
    if message:
        complain(message, label="")
