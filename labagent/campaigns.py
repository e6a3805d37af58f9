"""What a scientist asks for: goals, stages, budget, leash, stop rules.

A :class:`Campaign` is what the campaign file says, checked and in declared units. It is
a value: the file's text goes into the database beside it, and reading that text again
gives an equal campaign.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from labagent.causes import ProcessGraph
from labagent.variables import Constraint, DesignSpace, Variable

BEFORE = ".before"
"""After a name of a stage that repeats: as the turn before left it, or set it."""


class Direction(StrEnum):
    """Which way an objective is better."""

    MAXIMIZE = "maximize"
    MINIMIZE = "minimize"
    TARGET = "target"


class Find(StrEnum):
    """What the campaign is to find."""

    BEST = "best"
    MANY = "many"
    FRONT = "front"


class Leash(StrEnum):
    """How much the agent may do without asking."""

    APPROVE_EACH = "approve_each"
    APPROVE_BATCH = "approve_batch"
    AUTONOMOUS = "autonomous"


@dataclass(frozen=True)
class Objective:
    """A measured quantity that is to be made better.

    Attributes:
        name: The quantity.
        unit: Its unit.
        direction: Which way is better.
        target: The value to come close to, in ``unit``; for TARGET only.
        good_enough: Value from which the scientist is content, in ``unit``; also the
            reference point of a Pareto front.
        weight: Share in a weighted sum of standardised objectives; None where the
            objectives are not to be summed.
    """

    name: str
    unit: str
    direction: Direction
    target: float | None = None
    good_enough: float | None = None
    weight: float | None = None

    def utility(self, value: float) -> float:
        """Return a number that is larger where the value is better, in ``unit``."""
        match self.direction:
            case Direction.MAXIMIZE:
                return value
            case Direction.MINIMIZE:
                return -value
            case Direction.TARGET:
                return -abs(value - (self.target or 0.0))


@dataclass(frozen=True)
class OutcomeLimit:
    """A measured quantity that must stay on one side of a value, in its unit."""

    name: str
    relation: str  # "<=" or ">="
    value: float

    def holds(self, value: float) -> bool:
        """Return whether a measured value keeps the limit."""
        return value <= self.value if self.relation == "<=" else value >= self.value

    def __str__(self) -> str:
        """Return the limit as the campaign file writes it."""
        return f"{self.name} {self.relation} {self.value:g}"


@dataclass(frozen=True)
class Goal:
    """What a good material would be.

    Attributes:
        sentence: For humans; goes on every report.
        find: What is to be found.
        objectives: At least one.
        limits: Outcome constraints.
        top: For MANY: which share of the space counts as its top, in (0, 1).
    """

    sentence: str
    find: Find
    objectives: tuple[Objective, ...]
    limits: tuple[OutcomeLimit, ...] = ()
    top: float = 0.05


@dataclass(frozen=True)
class Turn:
    """Which time it is that a sample passes a stage that repeats.

    Attributes:
        stage: The stage, as the file has it.
        number: Counts from 1.
        names: The file's controls and quantities of the stage to those of this turn.
        before: The same to those of the turn before; at first, quantities to what they
            were measured as before the stage, where the file says so.
        start: Of the first turn: quantities to what they are before it, in their unit,
            where the file says that.
    """

    stage: str
    number: int
    names: Mapping[str, str]
    before: Mapping[str, str]
    start: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True)
class Stage:
    """One process step: what it sets, what it measures, who runs it, what it costs.

    Attributes:
        name: Unique name; a campaign of one stage calls it ``experiment``.
        controls: Names of the controls it sets.
        measures: Names of the quantities it measures.
        executor: Name of the executor that runs it.
        cost: Price of one run, in the campaign's currency.
        hours: Time one run takes, in hours.
        turn: Which turn it is of a stage that repeats; None for others.
        vectors: Vectors it measures, to the names of their parts among ``measures``.
    """

    name: str
    controls: tuple[str, ...]
    measures: tuple[str, ...]
    executor: str
    cost: float = 0.0
    hours: float = 0.0
    turn: Turn | None = None
    vectors: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict[str, tuple[str, ...]]
    )


@dataclass(frozen=True)
class Recurrence:
    """A quantity that a sample shows in every turn of a stage that repeats.

    Attributes:
        quantity: As the file has it.
        kin: All it is measured as: before the stage, where that is known, then turn by
            turn. They have one unit.
        members: Those of them that come after a turn, or a start, of which all is
            measured: one law s' = f(s, a) makes them.
        names: For each member, what the file calls things (``anneal.time``,
            ``grain.before``) to what they are called in its turn.
        start: What is known to be so before the first turn, not measured:
            ``grain.before`` to its value, in its unit.
    """

    quantity: str
    kin: tuple[str, ...]
    members: tuple[str, ...]
    names: tuple[Mapping[str, str], ...]
    start: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def turns(self) -> Sequence[tuple[str, Mapping[str, str]]]:
        """Each member with what the file calls things in its turn."""
        return list(zip(self.members, self.names, strict=True))


@dataclass(frozen=True)
class Budget:
    """What the campaign may use; None means no limit on that.

    Attributes:
        experiments: Number of experiments the agent may dispatch.
        cost: Money, in the campaign's currency.
        hours: Sum of the stages' declared hours.
        currency: Name of the money, such as EUR.
    """

    experiments: int | None = None
    cost: float | None = None
    hours: float | None = None
    currency: str = ""


@dataclass(frozen=True)
class Spending:
    """What experiments use up of a budget.

    Attributes:
        experiments: How many count.
        cost: In the campaign's currency.
        hours: Declared hours of the stages that count.
    """

    experiments: int
    cost: float
    hours: float


@dataclass(frozen=True)
class Reached:
    """Stop once one experiment keeps all of these limits."""

    text: str
    limits: tuple[OutcomeLimit, ...]


@dataclass(frozen=True)
class NoImprovement:
    """Stop once the best has not improved for this many batches."""

    text: str
    batches: int


StopRule = Reached | NoImprovement
"""The budget always stops a campaign, so it needs no rule of its own."""


@dataclass(frozen=True)
class ExecutorSpec:
    """Which adapter runs a stage and with which settings.

    Attributes:
        name: What the stages call it.
        adapter: Key in the adapters' table.
        options: The adapter's own settings, as read from the file.
        timeout: Longest a step may take, in seconds.
    """

    name: str
    adapter: str
    options: Mapping[str, object]
    timeout: float


@dataclass(frozen=True)
class ColumnMap:
    """Which column of a table holds a variable, and in which unit."""

    variable: str
    column: str
    unit: str = ""


@dataclass(frozen=True)
class History:
    """A table of past experiments to learn from before the first proposal."""

    file: str
    sheet: str | None
    columns: tuple[ColumnMap, ...]


@dataclass(frozen=True)
class Campaign:
    """One campaign as its file says it.

    Attributes:
        name: Unique in its database.
        goal: What is asked for.
        space: What may be set.
        measured: Quantities measured: states on the way, then outcomes.
        context: What is observed but cannot be set.
        stages: In the order a sample passes them.
        graph: Declared causes.
        budget: What may be used up.
        safety: Limits no dispatched step may break; also part of ``space``.
        leash: How much the agent may do without asking.
        stop: When it is done before the budget is.
        executors: Who runs the stages.
        batch: Experiments proposed at once.
        initial: Space-filling experiments before the model is asked.
        seed: Start of every random number.
        device: ``auto``, ``cpu`` or ``cuda``.
        history: Past experiments to import, or None.
        document: The file's content as canonical JSON, tables it names included;
            reading it again gives an equal campaign.
        drift: Whether what nobody observes changes with the order of the experiments.
    """

    name: str
    goal: Goal
    space: DesignSpace
    measured: tuple[Variable, ...]
    context: tuple[Variable, ...]
    stages: tuple[Stage, ...]
    graph: ProcessGraph
    budget: Budget
    safety: tuple[Constraint, ...]
    leash: Leash
    stop: tuple[StopRule, ...]
    executors: tuple[ExecutorSpec, ...]
    batch: int
    initial: int
    seed: int
    device: str
    history: History | None
    document: str
    drift: bool = False

    def quantity(self, name: str) -> Variable:
        """Return a measured or context variable by name.

        Raises:
            KeyError: Nothing of that name is measured.
        """
        for variable in (*self.measured, *self.context):
            if variable.name == name:
                return variable
        raise KeyError(name)

    def executor(self, name: str) -> ExecutorSpec:
        """Return an executor's settings by name."""
        for spec in self.executors:
            if spec.name == name:
                return spec
        raise KeyError(name)

    @property
    def cost_per_experiment(self) -> float:
        """Price of one whole route, in the campaign's currency."""
        return sum(s.cost for s in self.stages)

    @property
    def hours_per_experiment(self) -> float:
        """Declared duration of one whole route, in hours."""
        return sum(s.hours for s in self.stages)

    @property
    def recurrences(self) -> tuple[Recurrence, ...]:
        """Quantities of stages that repeat."""
        measured = {v.name for v in self.measured}
        turns: dict[str, list[Turn]] = {}
        for stage in self.stages:
            if stage.turn is not None:
                turns.setdefault(stage.turn.stage, []).append(stage.turn)
        return tuple(
            _recurrence(quantity, own, measured)
            for own in turns.values()
            for quantity, name in own[0].names.items()
            if name in measured
        )

    def spending(self, runs: Iterable[Sequence[str] | None]) -> Spending:
        """Return what experiments use up.

        Args:
            runs: For each experiment the names of its stages that count; None stands
                for the whole route. An experiment of which nothing counts is free.
        """
        stages = {s.name: s for s in self.stages}
        counted = [tuple(stages) if r is None else r for r in runs if r is None or r]
        known = [stages[name] for run in counted for name in run if name in stages]
        return Spending(
            experiments=len(counted),
            cost=sum(s.cost for s in known),
            hours=sum(s.hours for s in known),
        )


def _recurrence(
    quantity: str, turns: Sequence[Turn], measured: Collection[str]
) -> Recurrence:
    """Return a quantity through the turns of its stage."""
    seen = {n for n, name in turns[0].names.items() if name in measured}
    start = turns[0].before.get(quantity)
    told = [turn for turn in turns if seen <= {*turn.before, *turn.start}]
    return Recurrence(
        quantity,
        (*([start] if start else []), *(t.names[quantity] for t in turns)),
        tuple(t.names[quantity] for t in told),
        tuple(
            {**t.names, **{n + BEFORE: name for n, name in t.before.items()}}
            for t in told
        ),
        {n + BEFORE: value for n, value in turns[0].start.items()},
    )
