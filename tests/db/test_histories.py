"""Random lives of a logbook: every past can be read again, and tokens fence.

The rules are biased to lapsed leases: without that, a logbook that forgot to compare
tokens passed.
"""

from collections.abc import Callable
from contextlib import ExitStack
from typing import cast

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from db import open_logbook
from labagent.errors import DataError, LeaseLostError, StateError
from labagent.experiments import Regime, StepState, Trials
from labagent.ports import Claim, Finding, ImportedRow
from tests import factories as make
from tests.databases import empty_schema

WORKERS = st.sampled_from(["w1", "w2"])
OUTCOMES = st.sampled_from(
    [
        StepState.MEASURED,
        StepState.MEASURED,
        StepState.FAILED,
        StepState.UNKNOWN,
        StepState.CANCELLED,
    ]
)
REGIMES = st.dictionaries(st.sampled_from(["layers", "resistivity"]), st.booleans())
SEEN = {
    "experiment": [make.hardness(4.0), make.humidity(30.0)],
    "mix": [],
    "anneal": [make.resistivity(2.5)],
    "test": [make.hardness(5.0)],
}


class Life(RuleBasedStateMachine):
    """A logbook, what it said at every event, and who holds which step."""

    claims: Bundle[Claim] = Bundle("claims")

    def __init__(self, stack: ExitStack, url: str) -> None:
        super().__init__()
        self.book = open_logbook(url)
        stack.callback(self.book.close)
        self.campaign = self.book.open_campaign(make.make_campaign(), "ada").id
        self.past: dict[int, Trials] = {}
        self.batches = 0
        self.waiting: list[int] = []
        self.tokens: dict[int, int] = {}
        self.running: set[int] = set()

    @rule(stages=st.sampled_from([make.ONE_STAGE, make.ROUTE]), count=st.integers(1, 2))
    def propose(self, stages: tuple[make.Stage, ...], count: int) -> None:
        decision = make.decision(self.batches, holds=[4.0 + i for i in range(count)])
        ids = self.book.add_decision(self.campaign, decision, stages, "agent")
        self.batches += 1
        self.waiting += ids

    @rule(approved=st.sampled_from([True, True, True, False]))
    def decide(self, *, approved: bool) -> None:
        if self.waiting:
            self.book.decide([self.waiting.pop(0)], approved, "ada", "because")

    @rule(target=claims, worker=WORKERS)
    def claim(self, worker: str):  # noqa: ANN201  # hypothesis' own type is private
        found = self.book.claim(self.campaign, worker, 600.0)
        if found is None:
            return multiple()
        assert found.token == self.tokens.get(found.step, 0) + 1
        assert found.resumed == (found.step in self.running)
        self.tokens[found.step] = found.token
        self.running.add(found.step)
        return found

    @rule(worker=WORKERS)
    def lapse(self, worker: str) -> None:
        self.book.lapse(worker)

    @rule(target=claims, worker=WORKERS)
    def lapse_and_claim(self, worker: str):  # noqa: ANN201
        self.book.lapse("w1")
        return self.claim(worker)

    def held(self, claim: Claim) -> bool:
        newest = self.tokens[claim.step] == claim.token
        return newest and claim.step in self.running

    def expect(self, claim: Claim, deed: Callable[[], None]) -> bool:
        """Do something with a claim; return whether it was still held."""
        if self.held(claim):
            deed()
            return True
        with pytest.raises(LeaseLostError):
            deed()
        return False

    @rule(claim=claims, state=OUTCOMES)
    def complete(self, claim: Claim, state: StepState) -> None:
        seen = SEEN[claim.stage] if state is StepState.MEASURED else []
        done = self.expect(
            claim, lambda: self.book.complete(claim, state, seen, "", {"a": 1})
        )
        if done:
            self.running.discard(claim.step)

    @rule(claim=claims)
    def release(self, claim: Claim) -> None:
        if self.expect(claim, lambda: self.book.release(claim, "busy")):
            self.running.discard(claim.step)

    @rule(claim=claims)
    def hand_over(self, claim: Claim) -> None:
        self.expect(claim, lambda: self.book.hand_over(claim))

    @rule(claim=claims)
    def heartbeat(self, claim: Claim) -> None:
        self.expect(claim, lambda: self.book.heartbeat(claim, 600.0))

    @rule(claim=claims, state=st.sampled_from([StepState.MEASURED, StepState.APPROVED]))
    def record(self, claim: Claim, state: StepState) -> None:
        seen = SEEN[claim.stage] if state is StepState.MEASURED else []
        try:
            self.book.record(claim.step, state, seen, "looked", "ada")
        except StateError:
            return
        self.running.discard(claim.step)

    @rule(place=st.integers(0, 9), value=st.sampled_from([None, 1.0, 2.0]))
    def correct(self, place: int, value: float | None) -> None:
        records = self.book.experiments(self.campaign)
        if not records:
            return
        record = records[place % len(records)]
        right = [] if value is None else [make.hardness(value)]
        stood = record.results.get("hardness")
        try:
            self.book.correct(record.id, ["hardness"], right, "typo", "ada")
        except (DataError, StateError):
            return
        (now,) = self.book.experiments(self.campaign, [record.number])
        assert now.results.get("hardness") == value != stood

    @rule()
    def cancel(self) -> None:
        free = [s for s in self.book.runnable(self.campaign) if s not in self.running]
        if len(free) > 1:
            self.book.cancel(free[-1:], "ada", "enough")

    @rule(hold=st.sampled_from([1.0, 2.0]), regime=REGIMES)
    def bring_in(self, hold: float, regime: Regime) -> None:
        seen = (make.hardness(hold), make.resistivity())
        row = ImportedRow(make.intervention(hold), seen, regime)
        self.book.import_rows(self.campaign, [row], "past.csv", "ada")

    @rule(place=st.integers(0, 9), regime=REGIMES)
    def say(self, place: int, regime: Regime) -> None:
        records = self.book.experiments(self.campaign)
        if not records or not regime:
            return
        record = records[place % len(records)]
        try:
            self.book.correct(record.id, [], [], "mixed up", "ada", regime)
        except DataError:
            return
        (now,) = self.book.experiments(self.campaign, [record.number])
        was_set = now.was_set | now.intervention.keys() - now.observed
        assert all((name in was_set) == done for name, done in regime.items())

    @rule(text=st.sampled_from(["odd", "very odd"]))
    def find(self, text: str) -> None:
        self.book.add_finding(self.campaign, Finding("surprise", text))

    @invariant()
    def remember(self) -> None:
        now = self.book.trials(self.campaign)
        assert self.past.setdefault(now.as_of, now) == now

    def teardown(self) -> None:
        for seq, seen in self.past.items():
            assert self.book.trials(self.campaign, as_of=seq) == seen
        assert self.book.verify() == ()
        super().teardown()


def live(examples: int, make_url: Callable[[ExitStack], str]) -> None:
    with ExitStack() as stack:
        run_state_machine_as_test(
            cast("type[Life]", lambda: Life(stack, make_url(stack))),
            settings=settings(
                max_examples=examples,
                stateful_step_count=40,
                deadline=None,
                derandomize=True,
                database=None,
                phases=[Phase.generate],  # shrinking a life takes minutes
                suppress_health_check=[
                    HealthCheck.too_slow,
                    HealthCheck.data_too_large,
                ],
            ),
        )


def test_lives_on_sqlite() -> None:
    live(25, lambda _: "sqlite://")


def test_lives_on_postgresql(postgres_server: str) -> None:
    live(5, lambda stack: stack.enter_context(empty_schema(postgres_server)))
