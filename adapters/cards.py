"""Work cards: what a person reads, and the form they fill in."""

import csv
import io
from collections.abc import Sequence

from adapters.files import handle_of
from adapters.requests import controls_of, results_of
from labagent.ports import Request, Setup
from labagent.variables import Composition, Label, Value, Variable

HEADER = ("quantity", "value", "unit", "sigma", "comment")
"""Columns of a result form."""

NOT_MEASURED = "n/a"
"""What a person writes where there is no value."""

MARK = 4
"""Characters of a key's hash in file names: one in 65,536 is another's."""

FAILED = "failed"
"""Name of the row that says why an experiment failed."""


def stem(request: Request, setup: Setup) -> str:
    """Return the file name, without suffix, of a step's card and result.

    It ends in a piece of the key's hash: another database, or the same experiment done
    again, never meets the cards and forms of an earlier one.
    """
    mark = handle_of(request.key)[:MARK]
    if len(setup.stages) > 1:
        return f"{request.experiment}-{request.stage}-{mark}"
    return f"{request.experiment}-{mark}"


def _shown(control: Variable, value: Value) -> list[tuple[str, str, str]]:
    """Return a control as lines of name, value and unit."""
    if isinstance(control.domain, Composition) and not isinstance(
        value, (str, int, float)
    ):
        return [
            (f"{control.name}.{symbol}", f"{value.get(symbol, 0.0):.6g}", "fraction")
            for symbol in control.domain.symbols
        ]
    text = value if isinstance(value, str) else f"{value:.10g}"
    return [(control.name, text, control.unit)]


def _columns(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    if not lines:
        return "Nothing."
    rows = [header, *([c.replace("|", "\\|") for c in line] for line in lines)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(header))]

    def joined(cells: Sequence[str]) -> str:
        padded = [c.ljust(w) for c, w in zip(cells, widths, strict=True)]
        return f"| {' | '.join(padded)} |"

    rule = ["-" * w for w in widths]
    return "\n".join(joined(row) for row in [header, rule, *rows[1:]])


def card(request: Request, setup: Setup) -> str:
    """Return the work card of a step, as Markdown.

    Args:
        request: What is to be done.
        setup: Of the executor, for the order and the units.
    """
    settings = [
        shown
        for control in controls_of(setup, request.stage)
        for shown in _shown(control, request.parameters[control.name])
    ]
    wanted = [
        (r.name, "a text" if isinstance(r.domain, Label) else r.unit or "a number")
        for r in results_of(setup, request.stage)
    ]
    name = stem(request, setup)
    return f"""# Experiment {request.experiment}: {request.stage}

Set:

{_columns(("control", "value", "unit"), settings)}

Measure:

{_columns(("quantity", "unit"), wanted)}

Then fill in `cards/{name}.csv` and save it as `results/{name}.csv`
(in {setup.work}), or enter the values with `labagent record`.

- A value in another unit: write its unit beside it; it is converted.
- Not measured: write `{NOT_MEASURED}`. Several values: one row each.
- A setting came out differently: add a row with its name and what it really was.
- It failed: add a row `{FAILED}` with the reason.
"""


def form(request: Request, setup: Setup) -> str:
    """Return the empty result form of a step, as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for result in results_of(setup, request.stage):
        writer.writerow([result.name, "", result.unit, "", ""])
    return text.getvalue()
