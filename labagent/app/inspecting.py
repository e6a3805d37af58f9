"""A campaign file and its executors' settings, checked as a whole."""

import re
from pathlib import Path

import typer

from labagent import config
from labagent.app.lazy import CONFIGURATION
from labagent.app.printing import complain, say_json
from labagent.app.setups import check_setups
from labagent.campaigns import Campaign
from labagent.config import Draft
from labagent.errors import ConfigurationError

_OWN = re.compile(r"option (?P<option>\w+): |(?P<adapter>adapter): |file |package ")
"""How a mistake begins that lies in an executor's settings alone."""


def inspected(file: Path, *, as_json: bool) -> tuple[Campaign, tuple[str, ...]]:
    """Return the campaign of a file, and notes on what is perhaps not meant.

    Args:
        file: The campaign file.
        as_json: Whether mistakes are told as JSON.

    Raises:
        typer.Exit: Something is wrong with the file, and was told.
    """
    try:
        return _load(file)
    except ConfigurationError as error:
        _report(error, as_json)
        raise typer.Exit(CONFIGURATION) from error


def _load(file: Path) -> tuple[Campaign, tuple[str, ...]]:
    """Read a campaign file and check its executors' settings; return notes too.

    Raises:
        ConfigurationError: All mistakes that were found.
    """
    draft = config.draft(file)
    for one in check_setups(draft.sketch, file.resolve().parent):
        for problem in one.problems:
            _add(draft, one.setup.name, problem)
    return draft.campaign(), draft.notes


def _add(draft: Draft, name: str, said: str) -> None:
    """Add what an adapter finds wrong with an executor, at its place in the file.

    Where variables or stages are missing for their own mistakes, the adapter does not
    see them; what it says of them would be wrong and is left out.
    """
    text = said.removeprefix(f"executors.{name}.").removeprefix(f"executor {name}: ")
    own = _OWN.match(text)
    if not (draft.whole or own):
        return
    key = own["option"] or own["adapter"] if own else None
    keys = ("executors", name, *([key] if key else []))
    problem, _, rest = text.replace(": must ", ", must ", 1).partition(", must ")
    rule, _, suggestion = rest.partition("; ")
    rule = f"must {rule or 'be right'}"
    draft.add(keys, f"executor {name}: {problem}", rule, suggestion)


def _report(error: ConfigurationError, as_json: bool) -> None:
    if as_json:
        mistakes = [
            {
                "place": m.place,
                "problem": m.problem,
                "rule": m.rule,
                "suggestion": m.suggestion,
            }
            for m in error.mistakes
        ]
        say_json({"ok": False, "mistakes": mistakes})
        return
    complain(str(error), label="")
    count = len(error.mistakes)
    complain(f"{count} mistake{'s' if count > 1 else ''}", label="")
