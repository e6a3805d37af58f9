"""Documents name files that exist."""

import re
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[2]
DOCUMENTS = [*sorted(HOME.glob("*.md")), *sorted(HOME.glob("docs/**/*.md"))]
ROOMS = r"(?:labagent|adapters|db|flows|tests|docs|campaigns|benchmarks)"
NAMED = re.compile(rf"`({ROOMS}/[\w./-]*)`")
LINKED = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


def missing(document: Path) -> list[str]:
    text = document.read_text(encoding="utf-8")
    named = [name for name in NAMED.findall(text) if not (HOME / name).exists()]
    linked = [n for n in LINKED.findall(text) if not (document.parent / n).exists()]
    return named + linked


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_it_names_exist(document: Path) -> None:
    assert missing(document) == []


def test_a_missing_file_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("See `db/attic.py`, `db/schema.py` and [this](other.md).")
    assert missing(page) == ["db/attic.py", "other.md"]
