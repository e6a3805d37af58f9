from pathlib import Path

import pytest
from openpyxl import Workbook

from adapters.tables import read_table
from labagent.errors import DataError


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1.5,x\n,\n2,\n",
        "\ufeffa;b\n1,5;x\n;\n2;\n",
        "a\tb\r\n1.5\tx\r\n\t\r\n2\t\r\n",
    ],
    ids=["comma", "semicolon, decimal comma, BOM", "tab, CRLF"],
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


def test_excel_sheets_are_found_by_name(tmp_path: Path) -> None:
    book = Workbook()
    book.create_sheet("films").append(["a", "b"])
    book["films"].append([1, "x"])
    book.save(tmp_path / "table.xlsx")
    table = read_table(tmp_path / "table.xlsx", "films")
    assert [dict(r.cells) for r in table.rows] == [{"a": 1.0, "b": "x"}]
    with pytest.raises(DataError, match="cannot be read: 'Worksheet flims does not"):
        read_table(tmp_path / "table.xlsx", "flims")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "is empty, must have a header line"),
        ("a.csv", b"a,a\n1,2\n", "got the column 'a' twice"),
        ("a.csv", b"a\n\xff\xfe\n", "is not UTF-8 text"),
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
    with pytest.raises(DataError, match="there is no such file"):
        read_table(tmp_path / "a.csv")
