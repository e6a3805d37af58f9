"""Cells of a measured table in declared units."""

import pytest

from adapters.matching import Source
from adapters.tables import Cell, Row
from labagent.config.cells import Percent
from labagent.errors import DataError

PLAIN = Source("yield", "y", slope=100.0)
IN_PERCENT = Source("yield", "y", unit="percent")
LABEL = Source("base", "y", text=True)


@pytest.mark.parametrize(
    ("source", "cell", "value"),
    [
        (PLAIN, 0.112, 11.2),
        (PLAIN, Percent(0.112), 11.2),
        (IN_PERCENT, Percent(0.112), 11.2),
        (IN_PERCENT, 11.2, 11.2),
        (IN_PERCENT, None, None),
        (LABEL, "NaOH", "NaOH"),
        (LABEL, 2.0, "2"),
        (LABEL, Percent(0.05), "5%"),
    ],
)
def test_a_cell_is_read_in_its_columns_unit(
    source: Source, cell: Cell, value: float | str | None
) -> None:
    found = source.read(Row(2, {"y": cell}))
    assert found == (pytest.approx(value) if isinstance(value, float) else value)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("hot", "got 'hot', must be a number in nm"),
        ("1.200", r"got '1.200', must be clear .*; write 1.2 or 1200"),
        (Percent(0.5), "got 50%, must be a number in nm; format the cell as a number"),
    ],
)
def test_what_is_no_clear_number_is_told_with_its_row(cell: Cell, message: str) -> None:
    source = Source("depth", "y", unit="nm")
    with pytest.raises(DataError, match=f"row 7, column 'y': {message}"):
        source.read(Row(7, {"y": cell}))
