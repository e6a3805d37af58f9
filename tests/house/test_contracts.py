"""The floors of the house: who may import whom."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[2]
PACKAGES = ("labagent", "adapters", "db", "flows")
LINT = "from importlinter.cli import lint_imports_command as lint; lint()"


def lint_imports(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_house_keeps_its_contracts() -> None:
    done = lint_imports(HOME)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("labagent/errors.py", "import labagent.campaigns", "every room on its floor"),
        ("labagent/attic.py", "", "every room on its floor"),
        ("labagent/loop/extra.py", "import sqlalchemy", "no server and no database"),
        ("labagent/ports/extra.py", "import torch", "ground floor is plain Python"),
        ("db/extra.py", "import adapters", "faces over flows"),
        ("adapters/extra.py", "import sqlalchemy", "Only db speaks SQL"),
        ("adapters/extra.py", "import prefect", "Only flows speaks Prefect"),
    ],
    ids=lambda text: text.replace("/", "-") or "new-room",
)
def test_a_broken_floor_is_seen(
    module: str, line: str, contract: str, tmp_path: Path
) -> None:
    for name in PACKAGES:
        shutil.copytree(HOME / name, tmp_path / name)
    shutil.copy(HOME / "pyproject.toml", tmp_path)
    with (tmp_path / module).open("a") as file:
        file.write(f"\n{line}\n")
    said = lint_imports(tmp_path).stdout
    broken = [row for row in said.splitlines() if row.endswith("BROKEN")]
    assert any(contract in row for row in broken), said
