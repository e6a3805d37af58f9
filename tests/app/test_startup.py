"""A foreign package named like one of ours is refused before it is imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from labagent.app.startup import check_packages

CHECK = """
import sys
sys.path[:0] = sys.argv[1:]
from labagent.app.startup import check_packages
from labagent.errors import ConfigurationError
try:
    check_packages()
except ConfigurationError as error:
    print(error)
print("imported:", sorted({"adapters", "db", "flows"} & set(sys.modules)))
"""
HOME = Path(__file__).resolve().parents[2]


def check_with(*path: Path) -> str:
    """Return what the check says where only these folders and Python's are searched."""
    command = [sys.executable, "-I", "-S", "-c", CHECK, *map(str, path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_ours_are_accepted() -> None:
    check_packages()


@pytest.mark.parametrize("name", ["adapters", "db", "flows"])
def test_a_foreign_package_is_refused_and_not_imported(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("raise RuntimeError('imported')")
    said = check_with(tmp_path, HOME)
    assert (
        f"Python package {name}: got {tmp_path / name}, must be {HOME / name}" in said
    )
    assert "environment of its own" in said
    assert "imported: []" in said


def test_a_foreign_package_on_pythonpath_is_refused(tmp_path: Path) -> None:
    (tmp_path / "db.py").touch()
    environment = dict(os.environ, PYTHONPATH=f"{tmp_path}{os.pathsep}{HOME}")
    command = [sys.executable, "-c", CHECK]
    said = subprocess.check_output(command, env=environment, cwd=tmp_path, text=True)
    assert f"Python package db: got {tmp_path / 'db.py'}" in said


def test_a_folder_that_is_no_package_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "db").mkdir()
    assert check_with(tmp_path, HOME) == "imported: []\n"


def test_a_missing_package_is_named(tmp_path: Path) -> None:
    (tmp_path / "labagent").symlink_to(HOME / "labagent")
    said = check_with(tmp_path)
    assert "Python package db: got none" in said
    assert "install labagent again" in said
