from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from adapters.tables import as_number, read_table
from labagent.errors import DataError


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1.5,x\n,\n2,\n",
        "\ufeffa;b\n1,5;x\n;\n2;\n",
        "a\tb\r\n1.5\tx\r\n\t\r\n2\t\r\n",
        "a;b\n1,5;x\n;\n2;NaN\n",
    ],
    ids=["comma", "semicolon, decimal comma, BOM", "tab, CRLF", "NaN"],
)
def test_text_tables_read_alike(text: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8", newline="")
    table = read_table(path)
    assert table.columns == ("a", "b")
    assert [(r.number, dict(r.cells)) for r in table.rows] == [
        (2, {"a": 1.5, "b": "x"}),
        (4, {"a": 2.0, "b": None}),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a;b\n1;2;3\n", "line 2: row: got 3 cells under 2 headings, must have one"),
        (
            "a,b\n1,5,2\n",
            r'line 2: row: got 3 cells .*quote decimal commas \("100,5"\)',
        ),
        ("a;b\n" + 20 * "1;2;3\n", "line 6: row.*; and 6 more"),
    ],
    ids=["semicolon", "comma", "many"],
)
def test_rows_longer_than_the_headings_are_an_error(
    text: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(DataError, match=f"table a.csv: .*{message}"):
        read_table(tmp_path / "a.csv")


def test_a_number_with_two_readings_stays_a_text_until_it_is_asked_for(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.csv").write_text("a;b\n11,2;1.200\n")
    (row,) = read_table(tmp_path / "a.csv").rows
    assert row.cells == {"a": 11.2, "b": "1.200"}
    assert as_number(row.cells["a"], "nm") == 11.2
    with pytest.raises(DataError, match=r"got '1.200', must be clear .*1.2 or 1200"):
        as_number(row.cells["b"], "nm")


def test_cells_shown_as_percent_are_converted(tmp_path: Path) -> None:
    book: Any = Workbook()
    book.active.append(["a", "b"])
    book.active.append([0.112, 0.112])
    book.active["B2"].number_format = "0.0%"
    book.save(tmp_path / "a.xlsx")
    (row,) = read_table(tmp_path / "a.xlsx").rows
    assert [as_number(row.cells[c], "percent") for c in "ab"] == [0.112, 11.2]
    assert as_number(row.cells["b"], "") == 0.112
    with pytest.raises(DataError, match=r"got 11.2%, must be a number in nm; format"):
        as_number(row.cells["b"], "nm")


def test_excel_sheets_are_found_by_name(tmp_path: Path) -> None:
    book = Workbook()
    book.create_sheet("films").append(["a", "b"])
    book["films"].append([1, "x"])
    book.save(tmp_path / "table.xlsx")
    table = read_table(tmp_path / "table.xlsx", "films")
    assert [dict(r.cells) for r in table.rows] == [{"a": 1.0, "b": "x"}]
    with pytest.raises(
        DataError, match="got the sheet 'flims', must be one of Sheet, films"
    ):
        read_table(tmp_path / "table.xlsx", "flims")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "is empty, must have a header line"),
        ("a.csv", b"a,a\n1,2\n", "got the column 'a' twice"),
        ("a.csv", b"a\n\xff\xfe\n", "line 2: got the byte 0xff, must be UTF-8 text"),
        ("a.xlsx", b"a,b\n", "cannot be read"),
    ],
    ids=["empty", "doubled", "latin", "no workbook"],
)
def test_what_is_no_table_is_a_clear_error(
    name: str, content: bytes, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_table(tmp_path / name)


def test_a_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"table a.csv: no such file at .*a.csv, must be a file"
    ):
        read_table(tmp_path / "a.csv")
