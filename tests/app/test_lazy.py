"""Commands are listed without being imported, and imported when called."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import labagent.app.commands as folder
from labagent.app.commands import COMMANDS
from labagent.app.lazy import load
from labagent.app.main import app
from tests.lab import Lab

READING = [
    "--help",
    "check films.yaml",
    "graph films.yaml",
    "status",
    "next",
    "history",
    "show 1",
]
READING += ["explain 1", "verify", "db url"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_loads_and_explains_itself(name: str) -> None:
    command = load(name, COMMANDS[name])
    assert command.name == name
    assert command.help
    result = CliRunner().invoke(app, [name, "--help"])
    assert result.exit_code == 0
    assert f"Usage: labagent {name}" in result.output


def test_every_module_of_the_folder_is_in_the_table() -> None:
    modules = {e.target.split(":")[0].rpartition(".")[2] for e in COMMANDS.values()}
    files = {p.stem for p in Path(str(folder.__file__)).parent.glob("*.py")}
    assert files - {"__init__"} == modules


def test_help_lists_every_command_in_80_columns() -> None:
    result = CliRunner().invoke(app, ["--help"])
    lines = result.output.splitlines()
    assert max(map(len, lines)) <= 80
    for name, entry in COMMANDS.items():
        assert any(li.split()[:1] == [name] and entry.help in li for li in lines), name


def test_a_mistyped_command_is_told_with_a_suggestion() -> None:
    result = CliRunner().invoke(app, ["statsu"])
    assert result.exit_code == 2
    assert "Did you mean 'status'?" in result.stderr


def modules_after(folder: Path, words: str) -> set[str]:
    """Return the top-level modules a command has imported in a new process."""
    code = (
        "import sys\n"
        "from labagent.app.main import app\n"
        "try:\n"
        f"    app({words.split()!r})\n"
        "except SystemExit as end:\n"
        "    assert end.code == 0, end.code\n"
        "print('modules', *sorted({m.split('.')[0] for m in sys.modules}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.splitlines()[-1].split())


HEAVY = {"torch", "botorch", "gpytorch", "prefect", "pandas", "pymatgen"}


@pytest.mark.parametrize("words", READING)
def test_reading_needs_no_torch_prefect_or_pandas(words: str, begun: Lab) -> None:
    found = modules_after(begun.folder, words)
    assert "labagent" in found
    assert not found & HEAVY


@pytest.mark.parametrize("words", ["approve 1", "record 1 plqy=20 grain_size=200"])
def test_writing_needs_no_torch_prefect_or_pandas(words: str, begun: Lab) -> None:
    if words.startswith("record"):
        begun.approve()
        begun.hand_over()
    assert not modules_after(begun.folder, words) & HEAVY


def test_checking_needs_no_database(lab: Lab) -> None:
    for words in ("check films.yaml", "graph films.yaml --svg films.svg"):
        assert "sqlalchemy" not in modules_after(lab.folder, words)


def test_help_needs_no_database_and_no_units(lab: Lab) -> None:
    found = modules_after(lab.folder, "--help")
    assert not found & {"sqlalchemy", "pint", "ruamel", "rich"}
