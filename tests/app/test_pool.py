"""Tables of candidates, as spreadsheets and scripts write them."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labagent.app.pool import MOST_LABELS, Pool, read_pool
from labagent.campaigns import Direction, Find
from labagent.config import from_document
from labagent.errors import DataError
from labagent.variables import Choice, Continuous, Value

SIMPLE = "T,solvent\n100,DMF\n120,DMSO\n"


def pool(
    folder: Path,
    table: str | bytes,
    columns: Sequence[str],
    categorical: Sequence[str] = (),
    goal: str = "max",
    find: str = "many",
) -> Pool:
    path = folder / "pool.csv"
    path.write_bytes(table.encode() if isinstance(table, str) else table)
    return read_pool(path, columns, categorical, goal, 3, find)


def values(found: Pool) -> list[tuple[Value, ...]]:
    return [tuple(row.values()) for row in found.rows]


def test_rows_become_the_candidates_of_a_campaign(tmp_path: Path) -> None:
    found = pool(tmp_path, SIMPLE, ["T", "solvent"], ["solvent"])
    assert values(found) == [(100.0, "DMF"), (120.0, "DMSO")]
    assert found.campaign.space.candidates == found.rows
    domains = [c.domain for c in found.campaign.space.controls]
    assert domains == [Continuous(100.0, 120.0), Choice(("DMF", "DMSO"))]
    assert [v.name for v in found.campaign.measured] == [found.target]
    assert (found.campaign.seed, found.campaign.budget.experiments) == (3, 2)


def test_its_document_makes_the_same_campaign(tmp_path: Path) -> None:
    found = pool(tmp_path, SIMPLE, ["T", "solvent"])
    assert from_document(found.campaign.document) == found.campaign


@pytest.mark.parametrize(
    ("goal", "find", "direction"),
    [
        ("max", "many", Direction.MAXIMIZE),
        ("min", "many", Direction.MINIMIZE),
        ("max", "best", Direction.MAXIMIZE),
    ],
)
def test_the_goal_is_what_was_asked_for(
    goal: str, find: str, direction: Direction, tmp_path: Path
) -> None:
    wanted = pool(tmp_path, SIMPLE, ["T"], (), goal, find).campaign.goal
    assert [o.direction for o in wanted.objectives] == [direction]
    assert wanted.find is Find(find)


@pytest.mark.parametrize(
    ("table", "columns", "categorical", "rows"),
    [
        (b"\xef\xbb\xbfT\r\n1\r\n2\r\n", ["T"], [], [(1,), (2,)]),
        ('"T, degC"\n"1"\n"2"\n', ["T, degC"], [], [(1,), (2,)]),
        (
            's,T\n"two\nlines",1\n"a ""b""",2\n',
            ["s"],
            [],
            [("two\nlines",), ('a "b"',)],
        ),
        ("T, s\n1, DMF\n2,DMF \n3,DMSO\n", ["s"], [], [("DMF",), ("DMF",), ("DMSO",)]),
        ("s\nδ-Al₂O₃\nnew phase\n", ["s"], [], [("δ-Al₂O₃",), ("new phase",)]),
        ("s\n1\n1.0\n01\n", ["s"], ["s"], [("1",), ("1.0",), ("01",)]),
        ("T\n1\n1.0\n2\n", ["T"], [], [(1,), (1,), (2,)]),
        ("T\n-1.5\n+2e-3\n.5\n5.\n", ["T"], [], [(-1.5,), (0.002,), (0.5,), (5,)]),
        ("s\n1\n2b\n1_000\n", ["s"], [], [("1",), ("2b",), ("1_000",)]),
        ("s\nnan\nNone\n-\n", ["s"], ["s"], [("nan",), ("None",), ("-",)]),
        ("T,p\n1,7\n2,7.0\n", ["T", "p"], [], [(1,), (2,)]),
        ("T,s\n1,a\n2,a\n", ["T", "s"], ["s"], [(1,), (2,)]),
        ("T\n1\n\n2\n\n", ["T"], [], [(1,), (2,)]),
        ("T,p\n1,2,,\n  \n2,2\n", ["T", "p"], [], [(1,), (2,)]),
        ("T,y,\n1,,x\n2,,\n", ["T"], [], [(1,), (2,)]),
        ("T\n1\n2\n1\n", ["T"], [], [(1,), (2,), (1,)]),
    ],
    ids=[
        "a BOM and Windows lines",
        "quoted commas",
        "quotes and line breaks in a label",
        "blanks around cells and headings",
        "letters of all kinds",
        "numeric labels are told apart as written",
        "numbers are not",
        "signs and exponents",
        "text among numbers makes labels",
        "labels that look missing",
        "a constant number tells nothing",
        "a constant label tells nothing",
        "blank lines",
        "short lines and empty cells too many",
        "cells of other columns do not matter",
        "equal rows stay",
    ],
)
def test_oddities_of_tables(
    table: str | bytes,
    columns: list[str],
    categorical: list[str],
    rows: list[tuple[Value, ...]],
    tmp_path: Path,
) -> None:
    assert values(pool(tmp_path, table, columns, categorical)) == rows


@pytest.mark.parametrize(
    ("table", "columns", "match"),
    [
        ("", ["T"], "got no rows, must have headings"),
        ("T\n", ["T"], "got no rows"),
        ("T\n\n", ["T"], "got no rows"),
        ("T\n1\n", ["T"], "all rows are equal"),
        ("T,s\n1,a\n1.0,a\n", ["T", "s"], "all rows are equal"),
        (SIMPLE, ["solvents"], "no column solvents.*did you mean 'solvent'"),
        ("T,T\n1,2\n", ["T"], "got 2 columns T"),
        ("T;s\n1;a\n2;b\n", ["T"], "no column T, must be among T;s"),
        (SIMPLE, [], "columns: got none"),
        ("T,s\n1,a\n,b\n", ["T", "s"], "line 3: has no T"),
        ("T,s\n1,a\n2\n", ["T", "s"], "line 3: has no s"),
        ('T\n1\n""\n', ["T"], "line 3: has no T"),
        ("T,s\n1,a\n2,b,c\n", ["T"], "line 3: got 3 cells, must have 2"),
        ("T\n1\nnan\n", ["T"], "line 3: got T = nan, must be a finite number"),
        ("T\n1\n-inf\n", ["T"], "line 3: got T = -inf"),
        ("T\n1\nN/A\n", ["T"], "line 3: got T = N/A"),
        ("T\n1\n1e999\n", ["T"], "line 3: got T = 1e999"),
        ("T\n1e308\n-1\n", ["T"], "line 2: got T = 1e308"),
        ('T\n"1\n2\n', ["T"], "cannot be read: unexpected end of data"),
        (b"s\nb\xe4d\nc\n", ["s"], "cannot be read: .*utf-8"),
        (f"s\n{'x' * 200_000}\nb\n", ["s"], "cannot be read: field larger"),
    ],
    ids=[
        "empty",
        "headings only",
        "blank lines only",
        "one row",
        "equal rows",
        "a misspelt column",
        "a column twice",
        "semicolons",
        "no columns",
        "an empty cell",
        "a short line",
        "an empty text",
        "a comma too many",
        "not a number",
        "infinity",
        "a missing number",
        "a number beyond floats",
        "a number too large to square",
        "an open quote",
        "not UTF-8",
        "an endless cell",
    ],
)
def test_wrong_tables_are_explained(
    table: str | bytes, columns: list[str], match: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=match):
        pool(tmp_path, table, columns)


@pytest.mark.parametrize(
    ("goal", "find", "categorical", "match"),
    [
        ("maximize", "many", [], "goal: got 'maximize', must be 'max' or 'min'"),
        ("max", "all", [], "find: got 'all', must be 'many' or 'best'"),
        ("max", "many", ["solvant"], "categorical: got solvant, must be among"),
    ],
)
def test_wrong_wishes_are_explained(
    goal: str, find: str, categorical: list[str], match: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=match):
        pool(tmp_path, SIMPLE, ["T", "solvent"], categorical, goal, find)


@pytest.mark.parametrize("name", ["missing.csv", "", "a\0b", "x" * 5000])
def test_files_that_cannot_be_read_are_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_pool(tmp_path / name, ["T"], [], "max", 0)


def test_names_of_rows_are_no_labels(tmp_path: Path) -> None:
    rows = "\n".join(f"sample {i},{i}" for i in range(MOST_LABELS + 1))
    table = f"id,T\n{rows}\n"
    with pytest.raises(DataError, match="column id: got 1001 different labels"):
        pool(tmp_path, table, ["id", "T"])
    assert len(pool(tmp_path, table, ["T"]).rows) == MOST_LABELS + 1


def test_large_tables_are_read(tmp_path: Path) -> None:
    rows = [(math.sin(i), "ABC"[i % 3]) for i in range(5000)]
    table = "x,s\n" + "\n".join(f"{x!r},{s}" for x, s in rows)
    assert values(pool(tmp_path, table, ["x", "s"])) == rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pool")


CELLS = st.tuples(
    st.floats(-1e100, 1e100),
    st.text(st.characters(codec="utf-8"), min_size=1).map(str.strip).filter(bool),
)


@given(rows=st.lists(CELLS, min_size=2, max_size=6))
def test_whatever_a_script_writes_is_read_back(
    rows: list[tuple[float, str]], folder: Path
) -> None:
    path = folder / "written.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("number", "label", "row"), *_numbered(rows)])
    found = read_pool(path, ["number", "label", "row"], ["label"], "max", 0)
    kept = [i for i in (0, 1) if len({row[i] for row in rows}) > 1]
    expected = [(*(row[i] for i in kept), float(n)) for *row, n in _numbered(rows)]
    assert values(found) == expected


def _numbered(rows: Sequence[tuple[float, str]]) -> list[tuple[float, str, int]]:
    return [(number, label, n) for n, (number, label) in enumerate(rows)]
