"""``labagent doctor``: whether this installation can work."""

import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path

import typer

import db
from flows.settings import defaults
from labagent import __version__
from labagent.app.database import shown, sqlite_file
from labagent.app.lazy import FAILURE
from labagent.app.options import Reference
from labagent.app.progress import bar
from labagent.app.screen import Column, table
from labagent.app.session import Session, with_session
from labagent.app.startup import OUR_PACKAGES, check_packages
from labagent.errors import ConfigurationError, LogbookError

OK, WARN, FAIL = "ok", "warn", "fail"
NEEDED = ("botorch", "gpytorch", "pandas", "sqlalchemy", "alembic", "pymatgen")
OPTIONAL = {"ase": "sim", "psycopg": "postgres", "openpyxl": "export"}
OLDEST_PYTHON = (3, 11)
LITTLE_DISK, NO_DISK = 2e9, 2e8
"""Bytes free below which there is a warning, or a failure."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: What was looked at.
        state: ``ok``, ``warn`` or ``fail``.
        found: What was found.
        remedy: What to do about it; empty where it is well.
    """

    what: str
    state: str
    found: str
    remedy: str = ""


@with_session
def doctor(session: Session, reference: Reference = None) -> None:
    """Check Python, packages, GPU, Prefect, database, disk and permissions.

    Exit code 1 where something fails; every remedy is named.
    """
    session = session.of(reference)
    with bar("Looking around", shown=not session.json):
        found = [look(session) for look in _LOOKS]
    rows = [vars(f) for f in found]
    failed = [f for f in found if f.state == FAIL]
    columns = [
        Column("what"),
        Column("state"),
        Column("found", share=3),
        Column("what to do", share=2),
    ]
    lines = [table(columns, [(f.what, f.state, f.found, f.remedy) for f in found])]
    session.answer({"ok": not failed, "checks": rows}, lines)
    if failed:
        raise typer.Exit(FAILURE)


def _python(_session: Session) -> Finding:
    version = platform.python_version()
    found = f"{version} at {sys.executable}"
    if sys.version_info >= OLDEST_PYTHON:
        return Finding("Python", OK, found)
    return Finding("Python", FAIL, found, "install Python 3.11 or newer")


def _labagent(_session: Session) -> Finding:
    try:
        check_packages()
    except ConfigurationError as error:
        return Finding("labagent", FAIL, str(error), "use an environment of its own")
    ours = ", ".join(OUR_PACKAGES)
    return Finding("labagent", OK, f"{__version__}; {ours} are ours")


def _packages(_session: Session) -> Finding:
    versions = {name: _version(name) for name in NEEDED}
    absent = [name for name, version in versions.items() if version is None]
    if absent:
        missing = ", ".join(absent)
        return Finding("packages", FAIL, f"no {missing}", "install labagent again")
    return Finding("packages", OK, ", ".join(f"{n} {v}" for n, v in versions.items()))


def _extras(_session: Session) -> Finding:
    absent = {n: extra for n, extra in OPTIONAL.items() if _version(n) is None}
    if not absent:
        return Finding("extras", OK, ", ".join(OPTIONAL))
    extras = ",".join(sorted(set(absent.values())))
    hint = f'where you need them: pip install "labagent[{extras}]"'
    return Finding("extras", WARN, f"no {', '.join(absent)}", hint)


def _device(_session: Session) -> Finding:
    try:
        torch = import_module("torch")
    except (ImportError, OSError) as error:
        return Finding("device", FAIL, f"torch: {error}", "install torch again")
    found = f"torch {torch.__version__}, {torch.get_num_threads()} threads"
    if torch.cuda.is_available():
        return Finding("device", OK, f"{found}, {torch.cuda.get_device_name()}")
    return Finding("device", OK, f"{found}, no CUDA: everything runs on the CPU")


def _prefect(_session: Session) -> Finding:
    try:
        prefect = import_module("prefect.flows")
    except (ImportError, AttributeError, TypeError) as error:
        hint = "install with the versions of constraints.txt"
        return Finding("Prefect", FAIL, f"{type(error).__name__}: {error}", hint)
    where = os.environ.get("PREFECT_API_URL")
    server = f"server {shown(where)}" if where else "a server of its own in each run"
    home = Path(os.environ.get("PREFECT_HOME", defaults()["PREFECT_HOME"]))
    found = f"{_version(prefect.__name__.split('.')[0])}, {server}, home {home}"
    if not home.is_dir() or not os.access(home, os.W_OK):
        hint = "make the folder writable, or set PREFECT_HOME"
        return Finding("Prefect", WARN, found, hint)
    return Finding("Prefect", OK, found)


def _database(session: Session) -> Finding:
    url = session.url
    file = sqlite_file(url)
    if file is not None and not file.exists():
        return Finding("database", OK, f"{shown(url)}, not begun yet")
    try:
        revision = db.revision(url)
    except LogbookError as error:
        hint = "check --db or LABAGENT_DB, and that the server runs"
        return Finding("database", FAIL, str(error), hint)
    if revision is None:
        return Finding("database", OK, f"{shown(url)}, empty")
    return Finding("database", OK, f"{shown(url)}, revision {revision}")


def _disk(session: Session) -> Finding:
    folder = _folder(session)
    free = shutil.disk_usage(folder).free
    found = f"{free / 1e9:.1f} GB free in {folder}"
    if free < NO_DISK:
        return Finding("disk", FAIL, found, "make room")
    if free < LITTLE_DISK:
        return Finding("disk", WARN, found, "make room soon")
    return Finding("disk", OK, found)


def _permission(session: Session) -> Finding:
    folder = _folder(session)
    if os.access(folder, os.W_OK):
        return Finding("permission", OK, f"may write in {folder}")
    hint = "choose another folder, or give --db"
    return Finding("permission", FAIL, f"may not write in {folder}", hint)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _folder(session: Session) -> Path:
    file = sqlite_file(session.url) or session.file
    folder = file.resolve().parent if file else Path.cwd()
    return folder if folder.is_dir() else Path.cwd()


_LOOKS: tuple[Callable[[Session], Finding], ...] = (
    _python,
    _labagent,
    _packages,
    _extras,
    _device,
    _prefect,
    _database,
    _disk,
    _permission,
)
