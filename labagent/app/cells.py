"""Experiments as flat rows of cells, for spreadsheets."""

from collections.abc import Iterator, Mapping, Sequence

from labagent.campaigns import Campaign
from labagent.config.regimes import OBSERVED, SET
from labagent.experiments import ExperimentRecord
from labagent.review import Row, history_row
from labagent.variables import Composition, Value, Variable

Cell = float | int | str | None

_LIFE = (
    "id",
    "status",
    "batch",
    "source",
    "proposed_at",
    "predicted_at",
    "approved_by",
    "dispatched_at",
    "measured_at",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_rows(
    campaign: Campaign, records: Sequence[ExperimentRecord]
) -> Iterator[list[Cell]]:
    """Yield a header, then one row of cells per experiment; units are in the header."""
    yield [safe(title) for title in titles(campaign)]
    for record in records:
        yield [safe(cell) for cell in cells(campaign, record)]


def safe(cell: object) -> Cell:
    """Return a cell that no spreadsheet runs as a formula; numbers stay numbers."""
    if cell is None or isinstance(cell, (int, float)):
        return cell
    text = str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text


def titles(campaign: Campaign) -> Iterator[str]:
    """Yield the columns' headings, with units."""
    yield from _LIFE
    for control in campaign.space.controls:
        yield from (_title(name, control.unit) for name, _ in _parts(control, None))
    for variable in campaign.measured:
        yield _title(f"predicted {variable.name}", variable.unit)
        yield _title(f"predicted std of {variable.name}", variable.unit)
    for variable in campaign.measured:
        yield _title(variable.name, variable.unit)
        yield f"surprise of {variable.name} [predicted std]"
    for variable in campaign.context:
        yield _title(variable.name, variable.unit)
    yield OBSERVED
    yield SET
    yield "message"


def cells(campaign: Campaign, record: ExperimentRecord) -> Iterator[object]:
    """Yield what stands under the headings for one experiment."""
    row = history_row(record)
    yield from (row[name] for name in _LIFE)
    for control in campaign.space.controls:
        yield from (
            x for _, x in _parts(control, record.intervention.get(control.name))
        )
    for variable in campaign.measured:
        prediction = _entry(row, "prediction", variable.name)
        sealed = prediction if isinstance(prediction, dict) else {}
        yield sealed.get("mean")
        yield sealed.get("std")
    for variable in campaign.measured:
        yield _entry(row, "result", variable.name)
        yield _entry(row, "surprise", variable.name)
    for variable in campaign.context:
        yield _entry(row, "context", variable.name)
    yield "; ".join(sorted(record.observed))
    yield "; ".join(sorted(record.was_set))
    yield row["message"]


def _entry(row: Row, part: str, name: str) -> object:
    found = row[part]
    return found.get(name) if isinstance(found, dict) else None


def _title(name: str, unit: str) -> str:
    return f"{name} [{unit}]" if unit else name


def _parts(control: Variable, value: Value | None) -> Iterator[tuple[str, object]]:
    """Yield the columns of a control; a composition has one per species."""
    if isinstance(control.domain, Composition):
        fractions = value if isinstance(value, Mapping) else {}
        for symbol in control.domain.symbols:
            shown = fractions.get(symbol, 0.0) if value is not None else None
            yield f"{control.name}.{symbol}", shown
    else:
        yield control.name, value
