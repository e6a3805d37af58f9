"""The program as it is started: streams, errors, exit codes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab import Lab


def start(
    folder: Path, *words: str, **env: str
) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-m", "labagent.app.main", *words],
        cwd=folder,
        env={**os.environ, **env},
        capture_output=True,
        check=False,
    )


def test_an_error_is_one_line_on_stderr(begun: Lab) -> None:
    done = start(begun.folder, "show", "9")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"error: experiment 9")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "code", "mistakes"),
    [
        (["show", "9"], 2, 1),
        (["record", "1", "plqy=30", "grain_size=200"], 1, 0),
        (["status", "--wrongly"], 2, 0),
        (["history", "--csv"], 2, 1),
        (["import", "films.yaml"], 2, 1),
        (["executors", "--db", "films.yaml"], 2, 1),
    ],
    ids=lambda words: words[0] if isinstance(words, list) else "",
)
def test_an_error_in_json_is_an_object(
    words: list[str], code: int, mistakes: int, begun: Lab
) -> None:
    told = begun(*words)
    result = begun(*words, "--json")
    assert result.exit_code == code
    found = json.loads(result.stdout)
    assert set(found) == {"error", "mistakes"}
    assert len(found["mistakes"]) == mistakes
    assert result.stderr.strip()
    if words != ["history", "--csv"]:
        assert told.stderr == result.stderr
    assert found["error"].splitlines()[0] in result.stderr.replace("\n", " ")


WARN = """\
import warnings
from labagent.app import main
from labagent.app.lazy import Entry
main.Labagent.table = {'warn': Entry('__main__:warn', 'Work', 'Warn.')}
def warn() -> None:
    warnings.warn('for programmers', UserWarning)
    print('done')
import sys
sys.argv = ['labagent', 'warn']
main.main()
"""


@pytest.mark.parametrize("debug", ["", "1"])
def test_warnings_of_libraries_are_for_programmers(debug: str, lab: Lab) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", WARN],
        cwd=lab.folder,
        env={**os.environ, "LABAGENT_DEBUG": debug},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "done\n", done.stderr
    assert ("for programmers" in done.stderr) is bool(debug)


def test_a_folder_nobody_may_write_is_one_line_too(lab: Lab) -> None:
    (lab.folder / "taken").write_text("a file, no folder", encoding="utf-8")
    done = start(lab.folder, "db", "upgrade", "--db", "taken/x.db")
    assert done.returncode in (1, 2)
    assert b"Traceback" not in done.stderr
    assert b"taken" in done.stderr


def test_debugging_shows_where_an_error_came_from(begun: Lab) -> None:
    done = start(begun.folder, "show", "9", LABAGENT_DEBUG="1")
    assert done.returncode == 1
    assert b"Traceback" in done.stderr


def test_a_terminal_of_another_alphabet_is_spoken_to(begun: Lab) -> None:
    done = start(begun.folder, "next", PYTHONIOENCODING="cp437:strict")
    assert done.returncode == 0
    shown = done.stdout.decode("cp437")
    assert "plqy 20 ± 2 %" in shown
    assert "─" not in shown


@pytest.mark.parametrize("words", [["--version"], ["status", "--json"], ["-h"]])
def test_answers_carry_no_colours_in_a_pipe(words: list[str], begun: Lab) -> None:
    done = start(begun.folder, *words, FORCE_COLOR="1")
    assert done.returncode == 0
    assert b"\x1b" not in done.stdout + done.stderr


def test_ctrl_c_says_how_to_go_on(begun: Lab) -> None:
    code = (
        "import os, signal\n"
        # a shell that starts the tests in its background has Ctrl-C ignored
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from labagent.app import main\n"
        "from labagent.app.lazy import LazyGroup, Entry\n"
        "main.Labagent.table = {'wait': Entry('__main__:wait', 'Work', 'Wait.')}\n"
        "def wait() -> None:\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "main.app(['wait'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=begun.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 128 + signal.SIGINT
    assert "the same command goes on" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_foreign_package_is_told_before_anything_is_imported(tmp_path: Path) -> None:
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "__init__.py").write_text("raise RuntimeError", "utf-8")
    done = start(tmp_path, "--version", PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    assert b"Python package db" in done.stderr
    assert b"Traceback" not in done.stderr
