"""An executor that does what a test's script says, and a place to run steps at."""
# ruff: noqa: ARG002, ARG005  the door fixes the arguments

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from adapters.envelope import Envelope, guarded
from db import SqlLogbook
from labagent.campaigns import Campaign
from labagent.experiments import ExperimentRecord, Measurement, StepRecord
from labagent.ports import (
    Abort,
    CampaignRow,
    Capabilities,
    Executor,
    Health,
    Observation,
    Report,
    Request,
    RunStatus,
    Sighting,
)
from tests.factories import decision, hardness, make_campaign, resistivity

GOOD = (hardness(), resistivity())


@dataclass
class Bench:
    """An executor whose answers are set by the test and whose effects are counted.

    Attributes:
        reports: Answers of ``poll`` in order; the last is repeated.
        seen: What it measures.
        sighting: Answer of ``lookup``.
        on_submit: Called before the effect; may raise.
        on_poll: Called before the answer; may raise.
        effects: How often each key was submitted.
        aborted: How it was aborted, in order.
        busiest: Most steps it ran at once.
    """

    reports: Sequence[Report] = (Report(RunStatus.SUCCEEDED),)
    seen: Sequence[Measurement] = GOOD
    sighting: Sighting = Sighting.NOT_SEEN
    on_submit: Callable[[Request], None] = lambda request: None
    on_poll: Callable[[], None] = lambda: None
    idempotent: bool = False
    abortable: bool = True
    by_person: bool = False
    concurrent: int = 1
    effects: Counter[str] = field(default_factory=Counter[str])
    aborted: list[Abort] = field(default_factory=list)
    busiest: int = 0
    _polls: Counter[str] = field(default_factory=Counter[str])
    _busy: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def describe(self) -> Capabilities:
        return Capabilities(
            adapter="bench",
            version="1",
            parameters=(),
            results=(),
            abort=self.abortable,
            lookup=True,
            idempotent=self.idempotent,
            concurrent=self.concurrent,
            by_person=self.by_person,
        )

    def health(self) -> Health:
        return Health(ready=True)

    def validate(self, request: Request) -> list[str]:
        return []

    def submit(self, request: Request) -> str:
        self.on_submit(request)
        with self._lock:
            self.effects[request.key] += 1
            self._busy.add(request.key)
            self.busiest = max(self.busiest, len(self._busy))
        return request.key

    def poll(self, handle: str) -> Report:
        self.on_poll()
        with self._lock:
            place = min(self._polls[handle], len(self.reports) - 1)
            self._polls[handle] += 1
            if self.reports[place].status.final:
                self._busy.discard(handle)
        return self.reports[place]

    def observations(self, handle: str, after_seq: int = 0) -> Sequence[Observation]:
        now = datetime.now(UTC)
        return [Observation(i, now, 0.0, m) for i, m in enumerate(self.seen, 1)]

    def abort(self, handle: str, how: Abort) -> None:
        self.aborted.append(how)
        self.reports = (Report(RunStatus.ABORTED, "aborted"),)

    def lookup(self, key: str) -> tuple[Sighting, str]:
        return self.sighting, key

    def provenance(self, handle: str) -> Mapping[str, object]:
        return {"firmware": "1.2"}

    def close(self) -> None:
        pass


@dataclass
class Place:
    """A campaign with a memory and one bench behind the envelope."""

    campaign: Campaign
    row: CampaignRow
    logbook: SqlLogbook
    bench: Bench
    worker: str = "here:1:1"

    @property
    def campaign_id(self) -> int:
        return self.row.id

    def executor(self, name: str) -> Executor:
        return guarded(self.bench, Envelope.of(self.campaign))

    def capabilities_sha256(self, name: str) -> str:
        return "0" * 64

    def record(self, number: int = 1) -> ExperimentRecord:
        (found,) = self.logbook.experiments(self.row.id, [number])
        return found

    def step(self, number: int = 1) -> StepRecord:
        return self.record(number).steps[0]

    def propose(self, *holds: float, batch: int = 0) -> list[int]:
        """Propose and approve experiments; return the row ids of their first steps."""
        seq = self.logbook.events()[-1].seq
        stages = self.campaign.stages
        made = decision(batch, holds, as_of=seq)
        ids = self.logbook.add_decision(self.row.id, made, stages, "agent")
        self.logbook.decide(ids, True, "me", "good")
        records = self.logbook.experiments(self.row.id)
        return [r.steps[0].id for r in records if r.id in ids]


def make_place(
    logbook: SqlLogbook, bench: Bench, campaign: Campaign | None = None
) -> Place:
    """Register a campaign in a memory."""
    campaign = campaign or make_campaign()
    return Place(campaign, logbook.open_campaign(campaign, "me"), logbook, bench)


PYTHON_CAMPAIGN = """\
labagent: 1
name: heights
goal: The highest of a known curve.
objectives:
  height: {{unit: mm, goal: maximize, expect: [0, 1]}}
controls:
  x: {{range: [0, 1], unit: mm}}
  y: {{range: [0, 1], unit: mm}}
executors:
  curve: {{adapter: python, file: experiment.py, {options}}}
budget: {{experiments: {budget}}}
leash: {leash}
batch: {batch}
initial: {budget}
seed: 5
{more}
"""

EXPERIMENT = """\
from pathlib import Path


def measure(parameters, experiment=0):
    with Path(__file__).with_name("effects.txt").open("a") as effects:
        effects.write(f"{experiment}\\n")
    return {"height": parameters["x"] * (1 - parameters["y"])}
"""


def write_campaign(
    folder: Path,
    *,
    leash: str = "autonomous",
    batch: int = 2,
    budget: int = 4,
    options: str = "parallel: 2",
    more: str = "",
) -> Path:
    """Write a campaign whose experiments are a function that counts its calls.

    A function that lies there already is kept.
    """
    experiment = folder / "experiment.py"
    if not experiment.exists():
        experiment.write_text(EXPERIMENT, encoding="utf-8")
    file = folder / "campaign.yaml"
    text = PYTHON_CAMPAIGN.format(
        leash=leash, batch=batch, budget=budget, options=options, more=more
    )
    file.write_text(text, encoding="utf-8")
    return file


def effects(folder: Path) -> Counter[str]:
    """Return how often each experiment was really run."""
    log = folder / "effects.txt"
    return Counter(log.read_text(encoding="utf-8").split() if log.exists() else [])
