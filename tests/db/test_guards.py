"""The database itself refuses what must not happen, whoever asks."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, delete, func, insert, select, text, update

from db import open_logbook
from db.engine import clock
from db.guards import place_guards
from db.schema import (
    CHAINED,
    chain_head,
    correction,
    event,
    experiment,
    metadata,
    prediction,
    step,
)
from labagent.errors import LogbookError, SealError, StateError
from labagent.experiments import TRANSITIONS, StepState
from tests import factories as make
from tests.databases import empty_schema
from tests.db.histories import filled, raw

Deed = Callable[[Connection], object]

FIXED = [t for t in (*CHAINED, event) if t is not step]
TABLES = sorted(t.name for t in FIXED if t.name != "artifact")


@pytest.fixture
def url(database_url: str) -> str:
    filled(database_url)
    return database_url


@pytest.fixture(scope="module")
def sqlite_full(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A filled database that refused deeds leave as it is."""
    url = f"sqlite:///{tmp_path_factory.mktemp('full') / 'memory.db'}"
    filled(url)
    return url


@pytest.fixture(scope="module")
def postgres_full(postgres_server: str) -> Iterator[str]:
    """A filled database that refused deeds leave as it is."""
    with empty_schema(postgres_server) as url:
        filled(url)
        yield url


@pytest.fixture(params=["sqlite_full", "postgres_full"])
def full(request: pytest.FixtureRequest) -> str:
    return request.getfixturevalue(request.param)


def expect_refusal(url: str, deed: Deed, error: type[LogbookError], said: str) -> None:
    """Do something on a raw connection and expect the database to refuse it."""
    with pytest.raises(error, match=said), raw(url) as connection:
        deed(connection)


@pytest.mark.parametrize("name", TABLES)
def test_rows_are_neither_changed_nor_deleted(full: str, name: str) -> None:
    table = metadata.tables[name]
    column = next(c for c in table.c if not c.primary_key)
    error = SealError if table is prediction else LogbookError
    said = f"{name} rows must not be"
    change = update(table).values({column: column})
    expect_refusal(full, lambda c: c.execute(change), error, said)
    expect_refusal(full, lambda c: c.execute(delete(table)), error, said)


@pytest.mark.parametrize("name", ["step", "chain_head", *TABLES])
def test_tables_are_not_truncated(postgres_full: str, name: str) -> None:
    empty = text(f"TRUNCATE {name} CASCADE")
    expect_refusal(postgres_full, lambda c: c.execute(empty), LogbookError, "must not")


@pytest.mark.parametrize("name", ["step", *TABLES])
def test_rows_are_not_replaced(sqlite_full: str, name: str) -> None:
    table = metadata.tables[name]

    def replace_first(c: Connection) -> None:
        c.exec_driver_sql("PRAGMA recursive_triggers=OFF")
        row = c.execute(select(table)).mappings().first()
        assert row is not None
        c.execute(insert(table).prefix_with("OR REPLACE").values(**row))

    expect_refusal(sqlite_full, replace_first, LogbookError, "must")


def _late(connection: Connection, owner: int) -> None:
    row = connection.execute(select(prediction).where(prediction.c.id == 1)).mappings()
    fields = {**row.one(), "id": 99, "experiment_id": owner, "quantity": "late"}
    connection.execute(insert(prediction).values(fields))


@pytest.mark.parametrize("owner", [1, 3, 5], ids=["imported", "measured", "failed"])
def test_predictions_are_not_sealed_after_the_experiment(full: str, owner: int) -> None:
    said = "must come before its step"
    expect_refusal(full, lambda c: _late(c, owner), SealError, said)


def test_predictions_may_be_added_before_the_experiment(url: str) -> None:
    with raw(url) as connection:
        _late(connection, 6)


def test_a_step_does_not_run_without_all_its_predictions(url: str) -> None:
    with raw(url, unguarded=True) as connection:
        unsealed = delete(prediction).where(
            prediction.c.experiment_id == 6, prediction.c.quantity == "hardness"
        )
        connection.execute(unsealed)
        place_guards(connection)
    book = open_logbook(url)
    book.decide([6], True, "ada", "")
    campaign = book.campaign().id
    mixing = book.claim(campaign, "w1", 60.0)
    assert mixing is not None  # measures nothing, so needs no prediction
    book.complete(mixing, StepState.MEASURED, [], "", {})
    annealing = book.claim(campaign, "w1", 60.0)
    assert annealing is not None
    book.complete(annealing, StepState.MEASURED, [make.resistivity()], "", {})
    with pytest.raises(SealError, match="must not run before its predictions"):
        book.claim(campaign, "w1", 60.0)
    book.close()


def test_a_step_does_not_run_before_its_predictions_were_sealed(url: str) -> None:
    book = open_logbook(url)
    book.decide([6], True, "ada", "")
    (mixing, annealing, _) = (s.id for s in book.experiments(1, [6])[0].steps)
    book.close()
    with raw(url) as c:
        early = c.execute(select(experiment.c.proposed_at)).scalars().first()
        run = {"state": "running", "worker": "w", "dispatched_at": early}
    for one in (mixing, annealing):  # mixing measures nothing, yet it acts
        with pytest.raises(SealError, match="must not run before"), raw(url) as c:
            c.execute(update(step).where(step.c.id == one).values(run))


def _bare_step(connection: Connection) -> int:
    """Add an approved step of an experiment without predictions; return its id."""
    last = {
        table: int(connection.execute(select(func.max(table.c.id))).scalar() or 0) + 1
        for table in (experiment, step)
    }
    newest = select(experiment).order_by(experiment.c.id.desc())
    owner = connection.execute(newest).mappings().first()
    waiting = connection.execute(select(step).where(step.c.state == "proposed"))
    old = waiting.mappings().first()
    assert owner is not None
    assert old is not None
    number = owner["number"] + 1
    added = {**owner, "id": last[experiment], "number": number}
    connection.execute(insert(experiment).values(added))
    bare = {**old, "id": last[step], "experiment_id": added["id"], "key": "bare"}
    connection.execute(insert(step).values(bare))
    chosen = update(step).where(step.c.id == bare["id"])
    connection.execute(chosen.values(state="approved"))
    return last[step]


def test_a_step_never_runs_without_any_prediction(url: str) -> None:
    with raw(url) as c:
        bare = _bare_step(c)
        run = {"state": "running", "worker": "w", "dispatched_at": clock(c)}
    with pytest.raises(SealError, match="must not run before"), raw(url) as c:
        c.execute(update(step).where(step.c.id == bare).values(run))


def _put(connection: Connection, state: StepState) -> None:
    """Bring step 3 into a state, past the guards."""
    running = state is StepState.RUNNING
    over = state in (
        StepState.MEASURED,
        StepState.FAILED,
        StepState.CANCELLED,
        StepState.REJECTED,
        StepState.ABANDONED,
    )
    now = clock(connection)
    fields = {
        "state": state.value,
        "worker": "w" if running else None,
        "finished_at": now if over else None,
    }
    connection.execute(update(step).where(step.c.id == 3).values(fields))


def test_the_guard_knows_the_same_transitions_as_the_program(url: str) -> None:
    allowed: set[tuple[StepState, StepState]] = set()
    for before in StepState:
        with raw(url, unguarded=True) as connection:
            _put(connection, before)
            place_guards(connection)
        for after in StepState:
            if after is before:
                continue
            try:
                _try(url, after)
            except StateError:
                continue
            allowed.add((before, after))
    assert allowed == {(a, b) for a, found in TRANSITIONS.items() for b in found}


def _try(url: str, state: StepState) -> None:
    """Try a transition and take it back."""
    with raw(url) as connection, connection.begin_nested() as attempt:
        _put(connection, state)
        attempt.rollback()


def _rename(c: Connection) -> None:
    c.execute(update(step).where(step.c.id == 3).values(key="other"))


def _lower(c: Connection) -> None:
    c.execute(update(step).where(step.c.id == 3).values(token=0))


def _redate(c: Connection) -> None:
    c.execute(update(step).where(step.c.id == 3).values(dispatched_at=clock(c)))


def _remove(c: Connection) -> None:
    c.execute(delete(step).where(step.c.id == 3))


def _born_running(c: Connection) -> None:
    row = c.execute(select(step).where(step.c.id == 3)).mappings().one()
    new = {**row, "id": 99, "position": 7, "key": "new", "state": "measured"}
    c.execute(insert(step).values(new))


def _skip(c: Connection) -> None:
    row = c.execute(select(event).order_by(event.c.seq.desc())).mappings().first()
    assert row is not None
    c.execute(insert(event).values({**row, "seq": row["seq"] + 2}))


def _rewind(c: Connection) -> None:
    c.execute(update(chain_head).values(seq=chain_head.c.seq - 1))


def _second(c: Connection) -> None:
    row = c.execute(select(chain_head)).mappings().one()
    c.execute(insert(chain_head).values({**row, "id": 2}))


def _correct_early(c: Connection) -> None:
    fields = {**c.execute(select(correction)).mappings().one(), "id": 99}
    waiting = select(step.c.id).where(step.c.state == "proposed").limit(1)
    fields["step_id"] = c.execute(waiting).scalar_one()
    c.execute(insert(correction).values(fields))


def test_only_what_is_over_is_corrected(full: str) -> None:
    expect_refusal(full, _correct_early, StateError, "only what is over must be")


@pytest.mark.parametrize(
    "deed",
    [_rename, _lower, _redate, _remove, _born_running, _skip, _rewind, _second],
)
def test_other_deeds_are_refused_too(full: str, deed: Deed) -> None:
    expect_refusal(full, deed, LogbookError, "must")
