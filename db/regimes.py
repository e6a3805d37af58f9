"""Whether a variable was set in an experiment, or took its own course.

Words are only added, and the newest one on a variable counts. Without a word a control
was set, and a measured state came about from what was set before it.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, select

from db.checking import Declared, declared
from db.corrections import stands
from db.engine import AnyRow
from db.schema import event, experiment, measurement, regime
from db.writing import Transaction
from labagent.errors import DataError
from labagent.experiments import Kind, Regime
from labagent.ports import ImportedRow
from labagent.variables import Intervention, Role

_IMPORT = "import"
"""Kind of the events in which tables speak."""


def read_regimes(
    connection: Connection,
    condition: ColumnElement[bool],
    seq: int | None = None,
    kind: str | None = None,
) -> dict[int, dict[str, bool]]:
    """Return experiment id to what was said of its variables, as far as it counts.

    Args:
        connection: Of the database.
        condition: Which experiments.
        seq: As of which event; None for now.
        kind: Words of events of this kind only; None for all words.
    """
    chosen = (
        select(regime)
        .join(experiment, experiment.c.id == regime.c.experiment_id)
        .join(event, event.c.seq == regime.c.event_seq)
        .where(condition)
        .order_by(regime.c.id)
    )
    if seq is not None:
        chosen = chosen.where(regime.c.event_seq <= seq)
    if kind is not None:
        chosen = chosen.where(event.c.kind == kind)
    found: dict[int, dict[str, bool]] = defaultdict(dict)
    for row in connection.execute(chosen):
        found[row.experiment_id][row.variable] = row.was_set
    return found


def observed(intervention: Intervention, words: Regime) -> frozenset[str]:
    """Return the controls that took their own course."""
    return frozenset(n for n, was in words.items() if n in intervention and not was)


def was_set(intervention: Intervention, words: Regime) -> frozenset[str]:
    """Return the measured states that somebody set."""
    return frozenset(n for n, was in words.items() if n not in intervention and was)


def write_regime(
    writer: Transaction, experiment_id: int, words: Regime, by: str, reason: str = ""
) -> int:
    """Add what somebody says of an experiment, and return how much of it is new.

    Raises:
        DataError: It cannot have been so.
    """
    if not words:
        return 0
    mine = experiment.c.id == experiment_id
    owner = writer.connection.execute(select(experiment).where(mine)).one()
    variables = declared(writer.connection, owner.campaign_id)
    measured = _standing(writer.connection, owner)
    check_regime(f"experiment {owner.number}", words, variables, measured)
    if not owner.imported:
        _check_proposed(f"experiment {owner.number}", words, variables)
    known = read_regimes(writer.connection, mine)[experiment_id]
    new = _news(words, known, variables)
    _insert(writer, [(experiment_id, new)], by, reason)
    return len(new)


def correct_regime(
    writer: Transaction, experiment_id: int, words: Regime, by: str, reason: str
) -> None:
    """Add what should have been said of an experiment.

    Raises:
        DataError: It was said already, without a reason, or cannot have been so.
    """
    if words and not reason.strip():
        raise DataError("regime: got no reason, must say why the old word was wrong")
    if words and not write_regime(writer, experiment_id, words, by, reason):
        raise DataError(
            f"{', '.join(words)}: is recorded like that already, must differ to be "
            "corrected; nothing was changed"
        )


def import_regimes(
    writer: Transaction,
    campaign_id: int,
    rows: Sequence[tuple[int, ImportedRow]],
    by: str,
) -> None:
    """Add what a table says of past experiments, given with their ids.

    A table that says what it said before adds nothing, whatever a person has said in
    between: it is read again at every run.
    """
    connection = writer.connection
    mine = experiment.c.campaign_id == campaign_id
    told = read_regimes(connection, mine, kind=_IMPORT)
    variables = declared(connection, campaign_id)
    new = [(i, _news(row.regime, told[i], variables)) for i, row in rows]
    _insert(writer, new, by, "")


def check_regime(
    where: str,
    words: Regime,
    variables: Mapping[str, Declared],
    measured: Collection[str],
) -> None:
    """Refuse what cannot have been set, or was set to no value.

    Args:
        where: What the message begins with.
        words: What is said.
        variables: The campaign's variables.
        measured: Quantities with a value.

    Raises:
        DataError: A word is wrong.
    """
    able = [n for n, d in variables.items() if d.role in (Role.CONTROL, Role.STATE)]
    for name, done in words.items():
        if name not in able:
            raise DataError(
                f"{where}: {name}: got {'set' if done else 'observed'}, must be a "
                f"control or a measured state: one of {', '.join(able)}"
            )
        if done and variables[name].role is Role.STATE and name not in measured:
            raise DataError(
                f"{where}: {name}: got set without a value, must have the value it was "
                f"set to; record {name} too"
            )


def _check_proposed(
    where: str, words: Regime, variables: Mapping[str, Declared]
) -> None:
    for name, done in words.items():
        if variables[name].role is Role.CONTROL and not done:
            raise DataError(
                f"{where}: {name}: got observed, must be set in an experiment that was "
                f"proposed; record what it really was as {name}=VALUE"
            )


def _standing(connection: Connection, owner: AnyRow) -> set[str]:
    """Return the quantities of an experiment that have a value which counts."""
    mine = (measurement.c.experiment_id == owner.id) & stands()
    results = mine & (measurement.c.kind == Kind.RESULT.value)
    return set(
        connection.execute(select(measurement.c.quantity).where(results)).scalars()
    )


def _news(
    words: Regime, known: Regime, variables: Mapping[str, Declared]
) -> dict[str, bool]:
    """Return the words that say something else than was known, or is usual."""
    usual = {n: variables[n].role is Role.CONTROL for n in words}
    return {n: done for n, done in words.items() if done != known.get(n, usual[n])}


def _insert(
    writer: Transaction, said: Sequence[tuple[int, Regime]], by: str, reason: str
) -> None:
    writer.insert(
        regime,
        [
            {
                "experiment_id": experiment_id,
                "variable": name,
                "was_set": done,
                "reason": reason,
                "said_by": by,
                "said_at": writer.now,
            }
            for experiment_id, words in said
            for name, done in words.items()
        ],
    )
