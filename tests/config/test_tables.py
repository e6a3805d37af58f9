"""Tables as spreadsheets write them: nothing is cut, shifted or guessed."""

from collections.abc import Callable, Sequence
from datetime import datetime, time
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from labagent.campaigns import Campaign
from labagent.config import draft, load, read_past
from labagent.errors import ConfigurationError
from labagent.ports import ImportedRow
from tests.config.samples import mistakes, write

FILMS = """\
labagent: 1
name: films
goal: Bright films.
objectives:
  plqy: {unit: percent, goal: maximize, expect: [0, 60]}
  ratio: {goal: at_most, value: 3, expect: [0, 5]}
controls:
  temperature: {range: [80, 180], unit: degC, step: 5}
  alloy: {elements: {Al: [0, 0.5], Cu: [0, 1]}}
context: {day: {kind: label}}
budget: {experiments: 20}
executors: {bench: manual}
"""
HEAD = "temperature;alloy;plqy\n"


def _film(folder: Path) -> Campaign:
    return load(write(folder, FILMS))


def _past(folder: Path, text: str) -> tuple[ImportedRow, ...]:
    path = folder / "past.csv"
    path.write_text(text, encoding="utf-8", newline="")
    return read_past(path, (), _film(folder)).rows


def _told(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        _past(folder, text)
    prefix = f"{folder / 'past.csv'}:"
    return [str(m).removeprefix(prefix) for m in raised.value.mistakes]


def _values(rows: tuple[ImportedRow, ...]) -> list[list[float | None]]:
    return [[m.value for m in row.measurements] for row in rows]


def _sheet(
    folder: Path,
    rows: Sequence[Sequence[object]],
    change: Callable[[Any], None] = lambda _: None,
) -> Path:
    book: Any = Workbook()
    for row in rows:
        book.active.append(row)
    change(book.active)
    book.save(folder / "past.xlsx")
    return folder / "past.xlsx"


TOO_LONG = [
    (f"{HEAD}100;Al;11;22;33\n", "2: row: got 5 cells under 3 headings", "beside"),
    (
        "temperature,alloy,plqy\n100,Al,11\n120,5,Al,11,2\n",
        "3: row: got 5 cells under 3 headings, must have one cell for each heading",
        'quote decimal commas ("100,5")',
    ),
    (
        "temperature,alloy,plqy\n100,5,Al,\n",
        "2: row: got 4 cells under 3 headings",
        "quote decimal commas",
    ),
    (
        "temperature;alloy;plqy;;\n100;Al;11;22;\n",
        "2: row: got 5 cells under 3 headings",
        "give every column a heading",
    ),
]


@pytest.mark.parametrize("case", TOO_LONG, ids=[case[0][:40] for case in TOO_LONG])
def test_rows_longer_than_the_headings_are_told(
    tmp_path: Path, case: tuple[str, str, str]
) -> None:
    text, start, remedy = case
    (told,) = _told(tmp_path, text)
    assert told.startswith(start)
    assert remedy in told


def test_only_some_of_the_rows_that_are_too_long_are_listed(tmp_path: Path) -> None:
    told = _told(tmp_path, HEAD + 30 * "100;Al;1;2\n")
    assert len(told) == 11
    assert "20 more rows are too long" in told[-1]


def test_cells_beside_a_sheet_and_trailing_marks_harm_nothing(tmp_path: Path) -> None:
    rows = _past(tmp_path, f"{HEAD}100;Al0.5Cu0.5;11;;\n120;AlCu;12\n130;AlCu\n")
    assert _values(rows) == [[11.0], [12.0], []]
    path = _sheet(tmp_path, [["temperature", "alloy", "plqy"], [100, "AlCu", 11]])
    stray = _sheet(
        tmp_path,
        [["temperature", "alloy", "plqy"], [100, "AlCu", 11, None, "my note"]],
    )
    for table in (path, stray):
        assert _values(read_past(table, (), _film(tmp_path)).rows) == [[11.0]]


# the other row's number, the number, its value; None where it has two readings
NUMBERS = [
    (";", "11,2", "1.200", None),
    (";", "11", "1.200", None),
    (";", "11.25", "1.200", 1.2),
    (";", "11", "1,200", 1.2),
    (";", "11.2", "1,200", None),
    (";", "11,2", "0.125", 0.125),
    (";", "1.5", "2,5", 2.5),
    ("\t", "11,2", "1,5", 1.5),
    ("\t", "11", "1.200", 1.2),
    ("\t", "11,2", "1.200", None),
    (",", "11", "1.200", 1.2),
    (",", "11", '"1,5"', 1.5),
    (",", "11", '"1,200"', None),
    (",", '"11,2"', '"1,200"', 1.2),
    (",", '"11,2"', "1.200", None),
]


@pytest.mark.parametrize(("mark", "other", "number", "value"), NUMBERS)
def test_thousands_and_decimals_are_never_mixed_up(
    tmp_path: Path, mark: str, other: str, number: str, value: float | None
) -> None:
    text = HEAD + f"100;AlCu;{other}\n120;AlCu;{number}\n"
    text = text.replace(";", mark)
    if value is not None:
        assert _values(_past(tmp_path, text))[1] == [value]
        return
    (told,) = _told(tmp_path, text)
    shown = number.strip('"')
    assert told == (
        f"3: column 'plqy': got {shown!r}, must be clear (thousands or decimals); "
        "write 1.2 or 1200"
    )


def test_what_is_told_to_write_is_clear(tmp_path: Path) -> None:
    text = f"{HEAD}100;AlCu;11,2\n120;AlCu;12.345\n"
    assert _told(tmp_path, text)[0].endswith("write 12.3450 or 12345")
    again = text.replace("12.345", "12.3450")
    assert _values(_past(tmp_path, again)) == [[11.2], [12.345]]


CELLS = {
    "n.d.": "leave the cell empty where there is no value",
    "k.A.": "leave the cell empty where there is no value",
    "<0,1": "leave the cell empty where there is no value",
    "#DIV/0!": "leave the cell empty where there is no value",
    "11 %": "write the number alone",
    "12 ± 1": "write the number alone",
    "1.200,5": "write 1200.5",
    "1 200": "write 1200",
    "\u22123": "write -3",
}


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_without_a_number_is_told_what_to_do(tmp_path: Path, cell: str) -> None:
    (told,) = _told(tmp_path, f"{HEAD}100;AlCu;{cell}\n")
    assert told.startswith(f"2: column 'plqy': got {cell!r}, must be a number in perc")
    assert CELLS[cell] in told


def test_a_control_is_not_told_to_be_left_empty(tmp_path: Path) -> None:
    (told,) = _told(tmp_path, f"{HEAD}n.d.;AlCu;3\n")
    assert "leave" not in told


PERCENT = ["temperature", "alloy.Al", "alloy.Cu", "plqy", "ratio"]


def _as_percent(*cells: str, form: str = "0.0%") -> Callable[[Any], None]:
    def change(page: Any) -> None:  # noqa: ANN401 openpyxl has no types
        for cell in cells:
            page[cell].number_format = form

    return change


def test_cells_shown_as_percent_are_converted(tmp_path: Path) -> None:
    row: list[object] = [100, 0.4, 0.6, 0.112, 1.5]
    shown = _as_percent("B2", "D2", "E2")
    path = _sheet(tmp_path, [PERCENT, row, [100, 0.5, 0.5, 11.2, 2]], shown)
    first, second = read_past(path, (), _film(tmp_path)).rows
    assert first.intervention["alloy"] == {"Al": 0.4, "Cu": 0.6}
    assert _values((first, second)) == [[11.2, 1.5], [11.2, 2.0]]


def test_a_format_that_only_shows_the_sign_changes_nothing(tmp_path: Path) -> None:
    shown = _as_percent("D2", form='0.0"%"')
    path = _sheet(tmp_path, [PERCENT, [100, 0.5, 0.5, 11.2, 1]], shown)
    assert _values(read_past(path, (), _film(tmp_path)).rows) == [[11.2, 1.0]]


def test_percent_of_a_temperature_is_told(tmp_path: Path) -> None:
    path = _sheet(tmp_path, [PERCENT, [1, 0.5, 0.5, 1, 1]], _as_percent("A2"))
    with pytest.raises(ConfigurationError, match="got 100%, must be a number in degC"):
        read_past(path, (), _film(tmp_path))


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (datetime(2024, 5, 1), "the date 2024-05-01"),  # noqa: DTZ001 Excel has no zones
        (time(1, 30), "the time 01:30:00"),
    ],
    ids=["date", "time"],
)
def test_dates_are_shown_as_people_write_them(
    tmp_path: Path, cell: object, shown: str
) -> None:
    headings = ["temperature", "alloy", "plqy", "day"]
    path = _sheet(tmp_path, [headings, [100, "AlCu", cell, cell]])
    with pytest.raises(ConfigurationError, match=f"got {shown}, must.*take 1.5 for a"):
        read_past(path, (), _film(tmp_path))
    path = _sheet(tmp_path, [headings, [100, "AlCu", 3, cell]])
    (row,) = read_past(path, (), _film(tmp_path)).rows
    assert row.measurements[-1].label == shown.rpartition(" ")[2]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_the_line_that_names_the_separator_is_obeyed(tmp_path: Path, mark: str) -> None:
    text = (HEAD + "100;AlCu;11\nhot;AlCu;1\n").replace(";", mark)
    (told,) = _told(tmp_path, f"sep={mark}\r\n{text}")
    assert told.startswith("4: column 'temperature': got 'hot'")
    assert _values(_past(tmp_path, f"sep={mark}\n{text[: text.index('hot')]}"))


@pytest.mark.parametrize("title", ["Series 3;;\n", "Series 3\n\n"])
def test_a_title_above_the_headings_is_one_mistake(tmp_path: Path, title: str) -> None:
    (told,) = _told(tmp_path, f"{title}{HEAD}100;AlCu;11\n120;AlCu;12\n")
    line = title.count("\n") + 1
    assert told.startswith("1: table: got the line 'Series 3")
    assert told.endswith(f"with the headings; delete the lines above line {line}")


def test_a_title_in_a_sheet_is_one_mistake(tmp_path: Path) -> None:
    path = _sheet(tmp_path, [["Series 3"], [], [*PERCENT], [100, 0.5, 0.5, 3, 1]])
    with pytest.raises(ConfigurationError, match="lines above line 3") as raised:
        read_past(path, (), _film(tmp_path))
    assert len(raised.value.mistakes) == 1


def test_a_comma_in_a_quoted_heading_separates_nothing(tmp_path: Path) -> None:
    text = '"temperature";"alloy";"plqy";"a, b, c, d, e"\n100;AlCu;11;x\n'
    assert _values(_past(tmp_path, text)) == [[11.0]]


OUTSIDE = "temperature;alloy;plqy\n300;AlCu;1\n82;AlCu;2\n100;Al3Cu;3\n"


def test_values_outside_todays_limits_are_imported_and_noted(tmp_path: Path) -> None:
    (tmp_path / "past.csv").write_text(OUTSIDE)
    past = read_past(tmp_path / "past.csv", (), _film(tmp_path))
    assert _values(past.rows) == [[1.0], [2.0], [3.0]]
    notes = [note.removeprefix(f"{tmp_path}/past.csv:") for note in past.notes]
    tail = "; it is learned from, and never proposed"
    assert notes == [
        f"2: control temperature: got 300, does not lie in [80, 180] degC{tail}",
        f"4: control alloy: got Al = 0.75, does not lie in [0, 0.5]{tail}",
    ]
    path = write(tmp_path, f"{FILMS}history: {{file: past.csv}}\n")
    assert draft(path).notes == past.notes


def test_notes_are_few(tmp_path: Path) -> None:
    (tmp_path / "past.csv").write_text(HEAD + 30 * "300;AlCu;1\n")
    notes = read_past(tmp_path / "past.csv", (), _film(tmp_path)).notes
    assert len(notes) == 6
    assert notes[-1].endswith("past.csv:7: 25 more values lie outside")


def test_a_table_without_rows_is_noted(tmp_path: Path) -> None:
    (tmp_path / "past.csv").write_text(HEAD)
    (note,) = read_past(tmp_path / "past.csv", (), _film(tmp_path)).notes
    assert note.endswith("past.csv:1: the table has no rows below its headings")


def test_all_mistakes_of_candidates_come_in_one_pass(tmp_path: Path) -> None:
    rows = "300;AlCu\n100;Al4\nhot;Al-Cu\n400;X9\n100;AlCu\n"
    (tmp_path / "pool.csv").write_text(f"temperature;alloy\n{rows}")
    told = mistakes(tmp_path, f"{FILMS}candidates: {{file: pool.csv}}\nbatch: 1\n")
    said = [str(m).removeprefix("pool.csv:") for m in told]
    for part in (
        "2: candidate 1: control temperature: got 300",
        "3: candidate 2: control alloy: got Al = 1",
        "4: column 'temperature': got 'hot'",
        "4: column 'alloy': got 'Al-Cu', must be a formula",
        "5: column 'alloy': got 'X9'",
        "5: candidate 4: control temperature: got 400",
    ):
        assert any(line.startswith(part) for line in said), (part, said)
    assert len(said) == 6
    inline = "[{temperature: 300, alloy: AlCu}, {temperature: 400, alloy: 3}]"
    told = mistakes(tmp_path, f"{FILMS}candidates: {inline}\nbatch: 1\n")
    assert sum("must lie in" in str(m) for m in told) == 2
    assert sum("must give its fractions" in str(m) for m in told) == 1


@pytest.mark.parametrize("heading", ["temperature (C)", "temperature (°C)"])
def test_celsius_in_a_heading_is_celsius(tmp_path: Path, heading: str) -> None:
    (tmp_path / "past.csv").write_text(f"{heading};alloy;plqy\n100;AlCu;3\n")
    columns = f'columns: {{temperature: "{heading}"}}'
    text = f"{FILMS}history: {{file: past.csv, {columns}}}\n"
    assert mistakes(tmp_path, text) == ()
    kelvin = text.replace("unit: degC", "unit: kelvin")
    (told,) = mistakes(tmp_path, kelvin)
    assert "unit: degC}" in told.suggestion.replace("°C", "degC")
