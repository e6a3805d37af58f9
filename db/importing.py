"""Writing past experiments: measured before, never predicted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from sqlalchemy import select

from db.campaigns import newest_goal
from db.chain import canonical, digest
from db.checking import Declared, check_intervention, declared
from db.proposing import next_number, step_fields
from db.regimes import check_regime, import_regimes
from db.results import check_measurements, write_measurements
from db.schema import experiment
from db.writing import Transaction
from labagent.errors import DataError
from labagent.experiments import Kind, StepState
from labagent.ports import ImportedRow
from labagent.variables import Role, intervention_key


def write_imports(
    writer: Transaction,
    campaign_id: int,
    rows: Sequence[ImportedRow],
    source: str,
    by: str,
) -> tuple[int, int]:
    """Add past experiments that are not known yet; count new and known ones."""
    connection = writer.connection
    goal_id, _ = newest_goal(connection, campaign_id)
    variables = declared(connection, campaign_id)
    keys = _import_keys(rows, source, variables)
    known = {
        str(row.import_key): int(row.id)
        for row in connection.execute(
            select(experiment.c.import_key, experiment.c.id).where(
                experiment.c.campaign_id == campaign_id, experiment.c.imported
            )
        )
    }
    new = [(k, r) for k, r in zip(keys, rows, strict=True) if k not in known]
    first = next_number(connection, campaign_id)
    ids = writer.insert(
        experiment,
        [
            {
                "campaign_id": campaign_id,
                "number": first + place,
                "goal_version_id": goal_id,
                "intervention": dict(row.intervention),
                "source": source,
                "imported": True,
                "import_key": key,
                "score": 0.0,
                "runners_up": [],
                "proposed_at": writer.now,
            }
            for place, (key, row) in enumerate(new)
        ],
    )
    if ids:
        _write_imported_steps(writer, ids, [row for _, row in new])
    owners = known | {key: i for (key, _), i in zip(new, ids, strict=True)}
    said = [(owners[key], row) for key, row in zip(keys, rows, strict=True)]
    import_regimes(writer, campaign_id, said, by)
    return len(new), len(rows) - len(new)


def _import_keys(
    rows: Sequence[ImportedRow], source: str, variables: Mapping[str, Declared]
) -> list[str]:
    """Return a name for each row: source, content and how often it came before."""
    results = [
        d.name for d in variables.values() if d.role in (Role.STATE, Role.OUTCOME)
    ]
    seen: Counter[str] = Counter()
    keys: list[str] = []
    for place, row in enumerate(rows, start=1):
        where = f"{source} row {place}"
        check_intervention(where, row.intervention, variables)
        check_measurements(where, row.measurements, results, variables)
        if not any(m.kind is Kind.RESULT for m in row.measurements):
            raise DataError(f"{where}: got no result, must have one; leave the row out")
        check_regime(where, row.regime, variables, _seen(row))
        measured = sorted(canonical(asdict(m)) for m in row.measurements)
        content = digest([intervention_key(row.intervention), measured])
        seen[content] += 1
        keys.append(digest([source, content, seen[content]]))
    return keys


def _seen(row: ImportedRow) -> set[str]:
    return {m.quantity for m in row.measurements if m.kind is Kind.RESULT}


def _write_imported_steps(
    writer: Transaction, experiments: Sequence[int], rows: Sequence[ImportedRow]
) -> None:
    past = {"state": StepState.MEASURED.value, "finished_at": writer.now}
    ids = writer.begin_steps(
        [{**step_fields(e, 0, "import", "import"), **past} for e in experiments]
    )
    write_measurements(
        writer,
        [
            (step_id, experiment_id, row.measurements)
            for step_id, experiment_id, row in zip(ids, experiments, rows, strict=True)
        ],
    )
