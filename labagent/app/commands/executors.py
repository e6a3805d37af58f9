"""``labagent executors``: who can run experiments, and who is ready."""

import inspect
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import adapters
from labagent.app.layout import fields
from labagent.app.options import Reference
from labagent.app.screen import Column, table
from labagent.app.session import Session, with_session
from labagent.app.setups import setups
from labagent.errors import ConfigurationError, ExecutorError
from labagent.ports import Capabilities, Executor, Setup
from labagent.review import Row

_OPTION = re.compile(r"^    (\w+): (.*(?:\n {5,}.*)*)", re.MULTILINE)
_FLAGS = (
    "simulated",
    "by_person",
    "idempotent",
    "abort",
    "lookup",
    "partial",
    "snapshot",
    "seedable",
)


@with_session
def executors(session: Session, reference: Reference = None) -> None:
    """List the adapters with their settings; with a campaign, its executors too."""
    session = session.of(reference)
    known = [_adapter(name) for name in adapters.EXECUTORS]
    data: dict[str, object] = {"adapters": known}
    lines = [_known_table(known), *(line for row in known for line in _settings(row))]
    lines += ["", "Each also takes timeout: the longest a step may take, as in 10 min."]
    if session.campaign is not None or session.db is not None:
        rows = _campaign_rows(session)
        data["executors"] = rows
        lines += ["", _campaign_table(rows)]
    session.answer(data, lines)


def _adapter(name: str) -> Row:
    """Return an adapter's purpose and settings, and the package it lacks, if any."""
    module, _, driver = adapters.EXECUTORS[name].partition(":")
    try:
        home = import_module(module)
    except ModuleNotFoundError as error:
        return {"adapter": name, "does": "", "missing": error.name, "settings": {}}
    purpose = (getattr(home, driver).__doc__ or "").strip().partition("\n")[0]
    found = documented(inspect.getdoc(home) or "")
    return {"adapter": name, "does": purpose, "missing": None, "settings": found}


def documented(text: str) -> dict[str, str]:
    """Return name and meaning of the settings a driver's module documents.

    Args:
        text: Its docstring, with the settings under ``Options:``.
    """
    found: dict[str, str] = {}
    _, _, options = text.partition("\nOptions:\n")
    for name, meaning in _OPTION.findall(options):
        found[name] = " ".join(meaning.replace("``", "").split())
    return found


def _settings(row: Row) -> Iterator[str]:
    """Yield an adapter's settings as lines for people."""
    found = row["settings"]
    if isinstance(found, dict) and found:
        yield ""
        yield f"Settings of {row['adapter']}"
        yield fields(found.items())


def _campaign_rows(session: Session) -> list[Row]:
    with session.book() as book:
        campaign, folder = book.campaign, _folder(session)
    return [_executor(setup) for setup in setups(campaign, folder)]


def _folder(session: Session) -> Path:
    return session.file.resolve().parent if session.file else Path.cwd()


def _executor(setup: Setup) -> Row:
    """Return an executor's capabilities and health; what cannot be built says why."""
    row: Row = {"name": setup.name, "adapter": setup.adapter}
    row["stages"] = [s.name for s in setup.stages]
    try:
        executor = adapters.build(setup)
    except ConfigurationError as error:
        problems = [str(m) for m in error.mistakes]
        return {**row, "ready": False, "reasons": problems, "capabilities": None}
    try:
        return {**row, **_health(executor), "capabilities": _plain(executor.describe())}
    finally:
        executor.close()


def _health(executor: Executor) -> Row:
    try:
        health = executor.health()
    except ExecutorError as error:
        return {"ready": False, "reasons": [str(error)]}
    return {"ready": health.ready, "reasons": list(health.reasons)}


def _plain(found: Capabilities) -> Row:
    return {
        "version": found.version,
        "parameters": {v.name: v.unit for v in found.parameters},
        "results": {v.name: v.unit for v in found.results},
        "typical_seconds": found.typical_seconds,
        "concurrent": found.concurrent,
        **{flag: getattr(found, flag) for flag in _FLAGS},
    }


def _known_table(known: list[Row]) -> str:
    columns = [Column("adapter"), Column("does", share=3), Column("missing", share=1)]
    rows = [(str(r["adapter"]), str(r["does"]), _missing(r["missing"])) for r in known]
    return table(columns, rows)


def _missing(package: object) -> str:
    if package is None:
        return "-"
    return f"{package}: {Path(sys.executable).name} -m pip install {package}"


def _campaign_table(rows: list[Row]) -> str:
    columns = [
        Column("executor"),
        Column("adapter"),
        Column("health", share=2),
        Column("can", share=3),
    ]
    return table(
        columns,
        [
            (str(r["name"]), str(r["adapter"]), _well(r), ", ".join(_can(r)))
            for r in rows
        ],
    )


def _well(row: Row) -> str:
    reasons = row["reasons"]
    shown = "; ".join(reasons) if isinstance(reasons, list) else ""
    return "ready" if row["ready"] else shown or "not ready"


def _can(row: Row) -> Iterator[str]:
    found = row["capabilities"]
    if isinstance(found, dict):
        yield from (flag.replace("_", " ") for flag in _FLAGS if found[flag])
        yield f"{found['concurrent']} at once"
