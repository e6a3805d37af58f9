"""Laboratories to type commands in."""

from pathlib import Path

import pytest

from tests.lab import FILMS, Lab


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """An empty laboratory: the campaign file, no database yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LABAGENT_DB", raising=False)
    found = Lab(tmp_path)
    found.file.write_text(FILMS, encoding="utf-8")
    return found


@pytest.fixture
def begun(lab: Lab) -> Lab:
    """A laboratory with two proposals, 1 and 2."""
    lab.propose(120.0, 140.0)
    return lab


@pytest.fixture
def at_work(begun: Lab) -> Lab:
    """A laboratory whose proposals are approved and in a person's hands."""
    begun.approve()
    begun.hand_over()
    return begun
