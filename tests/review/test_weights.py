"""Sealed weights follow from the rows before them, and any other is seen."""

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from db import SqlLogbook, open_logbook
from db.schema import prediction as prediction_table
from labagent.errors import DataError
from labagent.experiments import (
    OPEN_STATES,
    Basis,
    Decision,
    ExperimentRecord,
    Member,
    Prediction,
    Proposal,
    StepState,
    Trials,
)
from labagent.ports import Fault, ImportedRow
from labagent.review.weights import weight_faults
from labagent.weighing import (
    PRIOR,
    WIDTHS,
    entry,
    sealed_history,
    starting_shares,
    weigh,
)
from tests import factories as make
from tests.db.forging import forge
from tests.db.histories import raw

UNITS = {"hardness": "GPa", "resistivity": "uohm*cm"}
Families = dict[str, tuple[float, float]]

numbers = st.floats(-20, 20)
families = st.dictionaries(
    st.sampled_from(["plain-gp", "network", "forest"]),
    st.tuples(numbers, st.floats(0.1, 10)),
    max_size=3,
)


def sealed(trials: Trials, quantity: str, spoken: Families) -> Prediction:
    """Return what a mixture seals: its members at all widths, and the prior."""
    entries = {
        entry(name, width): (mean, std * width)
        for name, (mean, std) in spoken.items()
        for width in WIDTHS
    }
    basis = Basis.MODEL if entries else Basis.PRIOR
    entries[PRIOR] = (1.0, 5.0)
    history = sealed_history(trials, quantity)
    shares = weigh(history, starting_shares(entries)).shares(entries)
    members = tuple(Member(n, shares[n], *at) for n, at in entries.items())
    return Prediction(quantity, UNITS[quantity], members, basis)


@dataclass
class Story:
    """A campaign to which things happen, as they may in any laboratory."""

    book: SqlLogbook
    campaign: int

    @classmethod
    def of(cls, url: str) -> "Story":
        book = open_logbook(url)
        return cls(book, book.open_campaign(make.make_campaign(), "ada").id)

    @property
    def records(self) -> tuple[ExperimentRecord, ...]:
        return self.book.experiments(self.campaign)

    def faults(self, records: Sequence[ExperimentRecord] | None = None) -> list[Fault]:
        known = self.records if records is None else records
        return list(weight_faults(self.book.events(), known))

    def propose(self, spoken: Families, size: int, late: bool) -> None:
        """Propose a batch; a result may come in while it is made."""
        trials = self.book.trials(self.campaign)
        told = make.decision(
            len(self.book.decisions(self.campaign)), [5.0] * size, trials.as_of
        )
        offered = tuple(
            replace(p, predictions=tuple(sealed(trials, q, spoken) for q in UNITS))
            for p in told.proposals
        )
        if late:
            self.finish(0, 7.0)
        ids = self._add(replace(told, proposals=offered))
        self.book.decide(ids, True, "ada", "")

    def _add(self, made: Decision) -> tuple[int, ...]:
        return self.book.add_decision(self.campaign, made, make.ONE_STAGE, "agent")

    def finish(self, which: int, value: float) -> None:
        """Measure one of those under way: one quantity or both, once or twice."""
        waiting = [r for r in self.records if r.state in OPEN_STATES]
        if not waiting:
            return
        step = waiting[which % len(waiting)].steps[0].id
        claim = self.book.claim(self.campaign, "w", 60.0, step)
        assert claim is not None
        again = [make.hardness(value + 1)] * (which % 3)
        seen = [make.hardness(value), make.resistivity(value / 2)][: 1 + which % 2]
        state = StepState.FAILED if which % 5 == 4 else StepState.MEASURED
        words = {"resistivity": True} if which == 3 else {}  # a state, set by hand
        self.book.complete(claim, state, [*seen, *again], "", {}, words)

    def correct(self, which: int, value: float) -> None:
        """Replace, or take out, what was measured of one hardness."""
        done = [r for r in self.records if "hardness" in r.results]
        if done:
            one = done[which % len(done)]
            right = [make.hardness(value)] if which % 2 else []
            wrong = [] if right else ["hardness"]
            with suppress(DataError):  # which says nothing new
                self.book.correct(one.id, wrong, right, "typo", "ada")

    def reword(self, which: int) -> None:
        """Say of an experiment that its state was set, or was not after all."""
        done = [r for r in self.records if "resistivity" in r.results and r.predictions]
        if done:
            one = done[which % len(done)]
            word = {"resistivity": not one.was_set}
            self.book.correct(one.id, [], [], "now I remember", "ada", word)

    def bring(self, value: float) -> None:
        """Import a past experiment, which nobody predicted."""
        row = ImportedRow(make.intervention(value), (make.hardness(value),))
        self.book.import_rows(self.campaign, [row], f"{value}.csv", "ada")


deeds = st.one_of(
    st.tuples(
        st.just(Story.propose), st.tuples(families, st.integers(1, 3), st.booleans())
    ),
    st.tuples(st.just(Story.finish), st.tuples(st.integers(0, 9), numbers)),
    st.tuples(st.just(Story.finish), st.tuples(st.integers(0, 9), numbers)),
    st.tuples(st.just(Story.correct), st.tuples(st.integers(0, 9), numbers)),
    st.tuples(st.just(Story.reword), st.tuples(st.integers(0, 9))),
    st.tuples(st.just(Story.bring), st.tuples(st.floats(1, 50))),
)
stories = st.lists(deeds, min_size=4, max_size=25)


def told(happened: Sequence[Any], url: str = "sqlite://") -> Story:
    story = Story.of(url)
    for deed, words in happened:
        deed(story, *words)
    return story


@settings(max_examples=40)
@given(stories)
def test_whatever_happens_weights_follow_from_rows(happened: Sequence[Any]) -> None:
    story = told(happened)
    try:
        assert story.faults() == []
    finally:
        story.book.close()


USUAL: list[Any] = [
    (Story.propose, ({}, 2, False)),
    (Story.finish, (1, 3.0)),
    (Story.propose, ({"plain-gp": (2.0, 1.0), "forest": (5.0, 2.0)}, 2, True)),
    (Story.finish, (1, 4.0)),
    (Story.finish, (1, 5.0)),
    (Story.propose, ({"plain-gp": (4.0, 1.0), "network": (5.0, 0.5)}, 2, False)),
    (Story.finish, (1, 5.0)),
    (Story.correct, (3, 2.0)),
    (Story.propose, ({"plain-gp": (4.0, 1.0), "network": (5.0, 0.5)}, 1, False)),
]


def test_so_they_do_on_every_database(database_url: str) -> None:
    story = told(USUAL, database_url)
    assert story.faults() == []
    story.book.close()


@pytest.fixture(scope="module")
def usual() -> Story:
    return told(USUAL)


def altered(
    records: Sequence[ExperimentRecord], place: tuple[int, int, int], **fields: float
) -> list[ExperimentRecord]:
    """Return records with one field of one member of one prediction changed."""
    found = list(records)
    at, of, which = place
    sealed_ones = list(found[at].predictions)
    before = sealed_ones[of].prediction
    members = list(before.members)
    members[which] = replace(members[which], **fields)
    changed = replace(before, members=tuple(members))
    sealed_ones[of] = replace(sealed_ones[of], prediction=changed)
    found[at] = replace(found[at], predictions=tuple(sealed_ones))
    return found


def places(story: Story) -> list[tuple[int, int, int]]:
    return [
        (i, j, k)
        for i, record in enumerate(story.records)
        for j, s in enumerate(record.predictions)
        for k in range(len(s.prediction.members))
    ]


@pytest.mark.parametrize("what", ["weight", "mean", "std"])
def test_every_member_that_is_changed_is_named(what: str, usual: Story) -> None:
    records = usual.records
    for i, j, k in places(usual):
        prediction = records[i].predictions[j].prediction
        member = prediction.members[k]
        value = getattr(member, what) + 1e-7
        (fault,) = usual.faults(altered(records, (i, j, k), **{what: value}))
        assert fault.place == f"alloys experiment {records[i].number}"
        start = f"{prediction.quantity}: {what} of {member.name} is {value:.10g}, "
        assert fault.problem.startswith(start)
        assert f" {getattr(member, what):.10g}" in fault.problem.removeprefix(start)


def test_a_member_that_is_gone_or_new_is_told(usual: Story) -> None:
    record = usual.records[-1]
    seal = record.predictions[0]
    one, *rest = seal.prediction.members
    for members, said in (
        (tuple(rest), f"member {one.name} was sealed and is gone"),
        ((replace(one, name="oracle"), *rest), "member oracle was never sealed"),
    ):
        forged = replace(seal, prediction=replace(seal.prediction, members=members))
        faults = usual.faults([replace(record, predictions=(forged,))])
        assert any(said in f.problem for f in faults)


def test_a_result_that_came_later_changes_no_weight(usual: Story) -> None:
    """Taken at its word, not at its time: what ``as_of`` is for."""
    assert usual.faults() == []
    trials = usual.book.trials(usual.campaign)
    row = next(r for r in usual.records if r.batch == 1)
    before = row.predictions[0].prediction
    names = [m.name for m in before.members]
    history = sealed_history(trials, before.quantity)
    now = weigh(history, starting_shares(names)).shares(names)
    assert any(not math.isclose(m.weight, now[m.name]) for m in before.members)


def as_forged(fields: dict[str, Any], edit: str) -> None:
    """Forge a member, its other widths, and what was computed from it."""
    for m in fields["members"]:
        if edit == "weight":
            m["weight"] = {"plain-gp": 0.9}.get(m["name"], 0.1 / 6)
        elif m["name"].startswith("plain-gp"):
            m["mean"] += 0.5
    members = tuple(Member(**m) for m in fields["members"])
    mixed = Prediction(fields["quantity"], fields["unit"], members)
    fields.update(mean=mixed.mean, std=mixed.std)


@pytest.mark.parametrize("edit", ["weight", "mean"])
def test_a_forger_who_hashes_the_chain_again_is_seen(edit: str, tmp_path: Path) -> None:
    """Nothing else sees this, until the head that was noted is compared."""
    url = f"sqlite:///{tmp_path / 'memory.db'}"
    story = told(USUAL, url)
    victim = next(r for r in story.records if r.batch == 1 and r.results)
    with raw(url, unguarded=True) as c:
        mine = prediction_table.c.experiment_id == victim.id
        rows = c.execute(select(prediction_table).where(mine)).all()
        row = next(r for r in rows if r.quantity == "hardness")
        forge(c, prediction_table, row.id, lambda f: as_forged(f, edit))
    unseen = {f.place.split()[0] for f in story.book.verify()}
    assert unseen == {"trigger"}  # those this test took away
    faults = story.faults()
    numbers_told = {f.place for f in faults}
    if edit == "weight":
        assert numbers_told == {f"alloys experiment {victim.number}"}
    else:
        later = {r.number for r in story.records if (r.batch or 0) > 1}
        assert numbers_told == {f"alloys experiment {n}" for n in later}
    assert all("recomputed" in f.problem for f in faults)


def test_a_chain_that_makes_no_sense_is_told_and_not_raised(usual: Story) -> None:
    first, *rest = usual.book.events()
    (fault,) = weight_faults([replace(first, payload={"changes": [{}]}), *rest], ())
    assert fault.place == "weights"


def test_old_predictions_of_one_member_have_its_whole_weight() -> None:
    """What version 0.1.0 sealed."""
    story = Story.of("sqlite://")
    one = Prediction("hardness", "GPa", (Member("plain-gp", 1.0, 2.0, 1.0),))
    other = replace(one, quantity="resistivity", unit="uohm*cm")
    offered = Proposal(make.intervention(), (one, other))
    for batch in range(2):
        made = replace(make.decision(batch, (5.0,)), proposals=(offered,))
        story.book.decide(story._add(made), True, "ada", "")
        story.finish(1, 2.0)
    assert story.faults() == []
    story.book.close()
