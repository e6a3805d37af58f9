"""The program as it is started: streams, errors, exit codes."""

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
    done = start(begun.folder, "show", "9", "--json")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"error: experiment 9")
    assert len(done.stderr.splitlines()) == 1


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
