"""Tables of past experiments and of candidates."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from labagent.campaigns import Campaign, ColumnMap, History
from labagent.config import from_document, load, read_history, read_rows
from labagent.config.cells import read_formula
from labagent.errors import ConfigurationError
from labagent.experiments import Kind, Measurement
from labagent.ports import ImportedRow
from tests.config.samples import ONE_SHOT, mistakes, write

CAMPAIGN = (
    ONE_SHOT
    + "measured: {grain: {unit: nm}}\n"
    + "context: {lot: {kind: label}, wet: {unit: percent}}\n"
)
HEADINGS = ["T (K)", "time", "base", "alloy", "plqy", "grain", "lot", "wet"]
ROWS: list[list[object]] = [
    [323.15, 3, "K2CO3", "AlCu3", 12.5, 80, "A7", 41],
    [373.15, 0.5, "Cs2CO3", "Ni", None, "n/a", None, "-"],
]
COLUMNS = [ColumnMap("temperature", "T (K)", "kelvin")]
EXPECTED = (
    ImportedRow(
        {
            "temperature": 323.15 - 273.15,
            "time": 3,
            "base": "K2CO3",
            "alloy": {"Al": 0.25, "Cu": 0.75, "Ni": 0.0},
        },
        (
            Measurement("grain", 80, "nm"),
            Measurement("plqy", 12.5, "percent"),
            Measurement("lot", None, label="A7", kind=Kind.CONTEXT),
            Measurement("wet", 41, "percent", kind=Kind.CONTEXT),
        ),
    ),
    ImportedRow(
        {
            "temperature": 373.15 - 273.15,
            "time": 0.5,  # the past may lie outside today's range
            "base": "Cs2CO3",
            "alloy": {"Al": 0.0, "Cu": 0.0, "Ni": 1.0},
        },
        (),
    ),
)


Make = Callable[[Path, Sequence[Sequence[object]]], Path]


def _csv(folder: Path, rows: Sequence[Sequence[object]], join: str = ",") -> Path:
    path = folder / "films.csv"
    lines = [join.join("" if c is None else str(c) for c in row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _xlsx(
    folder: Path, rows: Sequence[Sequence[object]], sheet: str = "Sheet1"
) -> Path:
    book: Any = Workbook(write_only=True)
    table = book.create_sheet(sheet)
    for row in rows:
        table.append(row)
    book.save(folder / "films.xlsx")
    return folder / "films.xlsx"


def _campaign(folder: Path, extra: str = "") -> Campaign:
    return load(write(folder, CAMPAIGN + extra))


@pytest.mark.parametrize("make", [_csv, _xlsx])
def test_rows_are_converted(tmp_path: Path, make: Make) -> None:
    path = make(tmp_path, [HEADINGS, *ROWS])
    assert read_rows(path, COLUMNS, _campaign(tmp_path)) == EXPECTED


def test_a_semicolon_file_may_have_decimal_commas(tmp_path: Path) -> None:
    rows = [[str(c).replace(".", ",") for c in row] for row in [HEADINGS, ROWS[0]]]
    path = _csv(tmp_path, rows, ";")
    assert read_rows(path, COLUMNS, _campaign(tmp_path)) == EXPECTED[:1]


def test_blank_lines_and_byte_order_marks_are_skipped(tmp_path: Path) -> None:
    path = _csv(tmp_path, [HEADINGS, [None] * 8, ROWS[0], []])
    path.write_text("\ufeff" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert len(read_rows(path, COLUMNS, _campaign(tmp_path))) == 1


@pytest.mark.parametrize("make", [_csv, _xlsx])
def test_all_bad_cells_are_told_with_line_and_column(
    tmp_path: Path, make: Make
) -> None:
    bad: list[list[object]] = [
        ["hot", 3, "K2CO3", "AlCu", 1],
        [300, -3, "K2CO4", "AlZn", "3.5.1"],
        [300, None, "K2CO3", "x", True],
    ]
    path = make(tmp_path, [HEADINGS[:5], ROWS[0][:5], *bad])
    with pytest.raises(ConfigurationError) as raised:
        read_rows(path, COLUMNS, _campaign(tmp_path))
    told = [str(m).removeprefix(f"{path}:") for m in raised.value.mistakes]
    assert told[0] == "3: column 'T (K)': got 'hot', must be a number in kelvin"
    for part in (
        "4: column 'time': got ",
        "4: column 'base': got 'K2CO4', must be one of K2CO3, Cs2CO3; did you",
        "4: column 'alloy': got 'AlZn', must be made of Al, Cu, Ni",
        "5: column 'time': got nothing, must have a value",
        "5: column 'alloy': got 'x', must be a formula",
        "5: column 'plqy': got ",
    ):
        assert any(line.startswith(part) for line in told), (part, told)


def test_a_comma_as_decimal_mark_is_told(tmp_path: Path) -> None:
    path = _xlsx(tmp_path, [HEADINGS[:5], [300, 3, "K2CO3", "Al", "3,5"]])
    with pytest.raises(ConfigurationError, match=r"write 3\.5"):
        read_rows(path, COLUMNS, _campaign(tmp_path))


def test_fractions_in_percent_are_rounded_to_one(tmp_path: Path) -> None:
    headings = ["temperature", "time", "base", "Al %", "Cu %", "plqy"]
    path = _csv(tmp_path, [headings, [50, 3, "K2CO3", 33.3, 66.6, 1]])
    columns = [ColumnMap("alloy.Al", "Al %", "percent")]
    columns += [ColumnMap("alloy.Cu", "Cu %", "percent")]
    alloy = read_rows(path, columns, _campaign(tmp_path))[0].intervention["alloy"]
    assert alloy == {"Al": pytest.approx(1 / 3), "Cu": pytest.approx(2 / 3), "Ni": 0}


def test_fractions_that_do_not_sum_to_one_are_told(tmp_path: Path) -> None:
    headings = ["temperature", "time", "base", "alloy.Al", "alloy.Cu", "plqy"]
    path = _csv(tmp_path, [headings, [50, 3, "K2CO3", 30, 70, 1]])
    with pytest.raises(ConfigurationError, match="sums to 100; say unit: percent"):
        read_rows(path, [], _campaign(tmp_path))


FILES = [
    ("films.ods", "x", "must be .csv, .tsv or .xlsx"),
    ("films.csv", "", "the table is empty"),
    ("films.csv", 'a,"b\n', "must be CSV"),
    ("films.csv", "temperature,time,base,plqy\n", "no column for control alloy"),
    ("films.csv", "time,time,base,alloy,T (K)\n", "has 2 columns 'time'"),
    ("films.xlsx", "no workbook", "must be XLSX"),
]


@pytest.mark.parametrize(("name", "text", "part"), FILES, ids=[f[2] for f in FILES])
def test_a_table_that_cannot_be_used_is_told(
    tmp_path: Path, name: str, text: str, part: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=part):
        read_rows(tmp_path / name, COLUMNS[:0], _campaign(tmp_path))


def test_a_table_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    path = tmp_path / "films.csv"
    path.write_bytes("time\n20 °C\n".encode("latin-1"))
    with pytest.raises(ConfigurationError, match=r"films.csv:2: got the byte 0xb0"):
        read_rows(path, [], _campaign(tmp_path))


def test_the_sheet_is_named(tmp_path: Path) -> None:
    path = _xlsx(tmp_path, [HEADINGS, *ROWS], "Films")
    campaign = _campaign(tmp_path)
    assert len(read_rows(path, COLUMNS, campaign, "Films")) == 2
    with pytest.raises(ConfigurationError, match="did you mean 'Films'"):
        read_rows(path, COLUMNS, campaign, "Film")


HISTORY = (
    'history: {file: films.csv, columns: {temperature: {column: "T (K)", unit: K}}}\n'
)


def test_history_is_checked_at_once_and_its_columns_are_settled(tmp_path: Path) -> None:
    _csv(tmp_path, [HEADINGS, *ROWS])
    campaign = _campaign(tmp_path, HISTORY)
    assert campaign.history == History(
        "films.csv",
        None,
        (
            ColumnMap("temperature", "T (K)", "K"),
            ColumnMap("time", "time", "min"),
            *(ColumnMap(name, name) for name in ("base", "alloy")),
            ColumnMap("grain", "grain", "nm"),
            ColumnMap("plqy", "plqy", "percent"),
            ColumnMap("lot", "lot"),
            ColumnMap("wet", "wet", "percent"),
        ),
    )
    assert from_document(campaign.document) == campaign
    assert read_history(campaign, tmp_path) == EXPECTED


@pytest.mark.parametrize(
    ("old", "new", "place", "part"),
    [
        ("films.csv", "film.csv", "16:17", "no such file"),
        ("T (K)", "T", "16:51", "got the unknown name 'T'"),
        ("unit: K", "unit: nm", "16:75", "must convert to degC"),
        ('{column: "T (K)", unit: K}', '"T (K)"', "16:51", "unit: K"),
        ("temperature:", "temp:", "16:38", "did you mean 'temperature'?"),
    ],
)
def test_a_mistake_in_history_is_told(
    tmp_path: Path, old: str, new: str, place: str, part: str
) -> None:
    _csv(tmp_path, [HEADINGS, *ROWS])
    found = mistakes(tmp_path, CAMPAIGN + HISTORY.replace(old, new))
    told = [str(m) for m in found if m.place == f"films.yaml:{place}"]
    assert any(part in line for line in told), found


def test_bad_cells_of_the_history_are_mistakes_of_the_campaign(tmp_path: Path) -> None:
    _csv(tmp_path, [HEADINGS, ["warm", *ROWS[0][1:]]])
    found = mistakes(tmp_path, f"{CAMPAIGN}{HISTORY}seed: -1\n")
    assert [m.place for m in found] == ["films.csv:2", "films.yaml:17:7"]


def test_candidates_are_inlined_and_equal_rows_stay(tmp_path: Path) -> None:
    _csv(tmp_path, [HEADINGS[:4], [323.15, 3, "K2CO3", "AlCu3"]] + 2 * [ROWS[0][:4]])
    campaign = _campaign(tmp_path, HISTORY.replace("history", "candidates"))
    assert campaign.space.candidates == 3 * (EXPECTED[0].intervention,)
    (tmp_path / "films.csv").unlink()
    assert from_document(campaign.document) == campaign


def test_candidates_that_break_a_limit_are_told_by_line(tmp_path: Path) -> None:
    rows = [[300, 3, "K2CO3", "Al"], ROWS[0][:4], [410, 3, "K2CO3", "Al"]]
    _csv(tmp_path, [HEADINGS[:4], *rows])
    found = mistakes(tmp_path, CAMPAIGN + HISTORY.replace("history", "candidates"))
    assert [m.place for m in found] == ["films.csv:2", "films.csv:4"]
    assert "candidate 1: control temperature: got 26.85, must lie in" in str(found[0])
    assert "must keep 'temperature <= 130 degC'" in str(found[1])


CANDIDATES = [
    ("[{temperature: 60, time: 90 s, base: K2CO3, alloy: {Al: 1}}]", ""),
    ("[{temperature: 60, time: 3, base: K2CO3}]", "control alloy: got no value"),
    ("[{temperature: 60, time: 3, base: X, alloy: Al}]", "got 'X', must be one of"),
    ("[{temperature: 60, time: 3, base: K2CO3, alloy: Zn}]", "got Zn, must be among"),
    ("[{temprature: 60}]", "did you mean 'temperature'?"),
    ("[{temperature: hot}]", "got 'hot', must be a number in degC"),
    ("[60]", "must be a mapping of temperature"),
    ("[]", "must have at least one row"),
    ("pool.csv", "must be a list"),
]


@pytest.mark.parametrize(("text", "part"), CANDIDATES, ids=[c[0] for c in CANDIDATES])
def test_candidates_in_the_file(tmp_path: Path, text: str, part: str) -> None:
    found = mistakes(tmp_path, f"{CAMPAIGN}candidates: {text}\nbatch: 1\n")
    assert bool(found) == bool(part)
    assert not part or any(part in str(m) for m in found), found


def test_only_the_first_fifty_bad_cells_are_listed(tmp_path: Path) -> None:
    path = _csv(tmp_path, [HEADINGS[:5], *[["x", 3, "K2CO3", "Al", 1]] * 70])
    with pytest.raises(ConfigurationError) as raised:
        read_rows(path, COLUMNS, _campaign(tmp_path))
    assert len(raised.value.mistakes) == 51
    assert "20 more cells are wrong" in str(raised.value.mistakes[-1])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AlCu3", {"Al": 0.25, "Cu": 0.75}),
        ("Al0.5Cu.5", {"Al": 0.5, "Cu": 0.5}),
        ("Ni", {"Ni": 1.0}),
        ("AlCuAl2", {"Al": 0.75, "Cu": 0.25}),
        ("al", None),
        ("Al0", None),
        ("Al-Cu", None),
        ("", None),
    ],
)
def test_read_formula(text: str, expected: dict[str, float] | None) -> None:
    assert read_formula(text) == expected
