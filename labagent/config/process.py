"""``stages:`` and ``executors:`` to who does what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from labagent.campaigns import ExecutorSpec, Stage, Turn
from labagent.config.controls import read_control
from labagent.config.costs import Money
from labagent.config.fields import Fields, duration
from labagent.config.names import Register, check_name, unknown_name
from labagent.config.nodes import Node, Place, Report
from labagent.variables import Variable

ONLY_STAGE = "experiment"
_TIMEOUT = 3600.0  # seconds
_STAGE_KEYS = ("controls", "measures", "executor", "cost", "duration", "repeat")
_ONE_SHOT_KEYS = ("executor", "cost", "duration")


@dataclass(frozen=True)
class Layout:
    """What the file said in short, before it was written out.

    Attributes:
        turns: Stages that are turns of one that repeats.
        vectors: Vector to the names of its parts.
    """

    turns: Mapping[str, Turn] = field(default_factory=dict[str, Turn])
    vectors: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict[str, tuple[str, ...]]
    )

    def vectors_among(
        self, measures: Sequence[str], turn: Turn | None
    ) -> dict[str, tuple[str, ...]]:
        """Return the vectors that a stage measures, parts as it calls them."""
        names: Mapping[str, str] = turn.names if turn else {}
        own = {v: tuple(names.get(p, p) for p in ps) for v, ps in self.vectors.items()}
        return {v: parts for v, parts in own.items() if {*parts} <= {*measures}}


@dataclass
class Process:
    """What the stages say.

    Attributes:
        stages: In order.
        controls: Those without mistakes.
        declared: Settings of all of them by name, so that rules on wrong ones are not
            wrong as well.
    """

    stages: list[Stage] = field(default_factory=list[Stage])
    controls: list[Variable] = field(default_factory=list[Variable])
    declared: dict[str, Node] = field(default_factory=dict[str, Node])

    @property
    def control_names(self) -> list[str]:
        """Names of all controls, those with mistakes included."""
        return list(self.declared)


def read_executors(root: Fields, report: Report) -> tuple[ExecutorSpec, ...]:
    """Return who runs the stages.

    Args:
        root: The whole file.
        report: Receives what is wrong.
    """
    entries = root.mapping("executors")
    remedy = "write executors: {bench: manual} to do the work by hand"
    if "executors" not in root:
        root.missing("executors", "must name at least one", remedy)
    elif not entries and root.is_mapping("executors"):
        root.wrong("executors", "must name at least one", remedy)
    specs: list[ExecutorSpec] = []
    for name, node in entries.items():
        sound = check_name("executor", name, node.key, report)
        if isinstance(node.value, str) and node.value.strip():
            specs.append(ExecutorSpec(name, node.value.strip(), {}, _TIMEOUT))
            continue
        fields = _executor_fields(name, node, report)
        adapter = fields.text("adapter")
        if isinstance(node.value, Mapping) and "adapter" not in fields:
            fields.missing("adapter", "must name what drives it")
        if adapter and sound:
            specs.append(_executor(name, adapter, fields, node, report))
    return tuple(specs)


def _executor_fields(name: str, node: Node, report: Report) -> Fields:
    # whichever options there are: the adapter itself checks them
    options = tuple(node.fields)
    keys = ("adapter", "timeout", *options)
    return Fields(node, f"executor {name}", "executor", keys, report)


def _executor(
    name: str, adapter: str, fields: Fields, node: Node, report: Report
) -> ExecutorSpec:
    timeout = fields.node_of("timeout")
    what = f"executor {name}: timeout"
    seconds = duration(timeout, "second", what, report) if timeout else None
    options = {
        key: value.plain
        for key, value in node.fields.items()
        if key not in ("adapter", "timeout")
    }
    return ExecutorSpec(name, adapter, options, seconds or _TIMEOUT)


def read_process(
    root: Fields,
    register: Register,
    quantities: Mapping[str, Place],
    money: Money,
    layout: Layout,
    report: Report,
) -> Process:
    """Return stages and controls, from either form of the file.

    Args:
        root: The whole file.
        register: Receives the controls' names.
        quantities: Names of objectives and measured quantities, and their places.
        money: The campaign's currency.
        layout: Which stages are turns of one that repeats, which quantities vectors.
        report: Receives what is wrong.
    """
    process = Process()
    executors = root.node_of("executors")
    known = tuple(executors.fields) if executors else ()
    reader = _StageReader(process, register, known, quantities, money, layout, report)
    if "controls" not in root and "stages" not in root:
        root.missing("controls", "must be given, or else stages")
    if "stages" in root:
        if "controls" in root:
            root.useless("controls", "must stand in the stages where there are stages")
        for key in _ONE_SHOT_KEYS:
            if key in root:
                root.useless(key, "must stand in the stages where there are stages")
        for name, node in root.mapping("stages").items():
            reader.read(name, node)
        _check_measured(quantities, reader.owners, report)
    else:
        reader.read_only(root)
    _check_use(root, process.stages, known, report)
    return process


def _is_map(node: Node) -> bool:
    return isinstance(node.value, Mapping)


@dataclass
class _StageReader:
    """Adds one stage after the other to a process."""

    process: Process
    register: Register
    executors: Sequence[str]
    quantities: Mapping[str, Place]
    money: Money
    layout: Layout
    report: Report
    owners: dict[str, str] = field(default_factory=dict[str, str])

    def read(self, name: str, node: Node) -> None:
        """Read one entry of ``stages:``."""
        if not check_name("stage", name, node.key, self.report):
            return
        fields = Fields(node, f"stage {name}", "stage", _STAGE_KEYS, self.report)
        controls = self._controls(fields.mapping("controls"), f"{name}.")
        measures = self._measures(name, fields)
        if _is_map(node) and not ("controls" in fields or "measures" in fields):
            fields.missing("controls", "must be given, or measures, or both")
        self._add(name, fields, controls, measures)

    def read_only(self, root: Fields) -> None:
        """Read a campaign without stages as its only stage."""
        controls = self._controls(root.mapping("controls"), "")
        self._add(ONLY_STAGE, root, controls, tuple(self.quantities))

    def _controls(self, entries: Mapping[str, Node], prefix: str) -> tuple[str, ...]:
        names: list[str] = []
        for name, node in entries.items():
            full = f"{prefix}{name}"
            names.append(full)
            self.process.declared[full] = node
            sound = check_name("control", name, node.key, self.report)
            if not self.register.add("control", full, node.key) or not sound:
                continue
            control = read_control(full, node, self.report)
            self.process.controls += [control] if control else []
        return tuple(names)

    def _measures(self, stage: str, fields: Fields) -> tuple[str, ...]:
        names: list[str] = []
        for node in fields.items("measures"):
            name = node.value if isinstance(node.value, str) else node.shown
            if not self.quantities:
                continue  # that there are none is told already
            if name not in self.quantities:
                problem = unknown_name(fields.what, name, list(self.quantities))
                self.report.add(node.place, *problem)
            elif self.owners.setdefault(name, stage) != stage or name in names:
                self.report.add(
                    node.place,
                    f"{fields.what}: got {name}, which stage {self.owners[name]} "
                    "measures already",
                    "must be measured once, in one stage",
                )
            else:
                names.append(name)
        return tuple(names)

    def _add(
        self,
        name: str,
        fields: Fields,
        controls: tuple[str, ...],
        measures: tuple[str, ...],
    ) -> None:
        stage = Stage(
            name,
            controls,
            measures,
            self._executor(name, fields),
            self._cost(fields) or 0.0,
            self._hours(fields) or 0.0,
            self.layout.turns.get(name),
            self.layout.vectors_among(measures, self.layout.turns.get(name)),
        )
        self.process.stages.append(stage)

    def _executor(self, stage: str, fields: Fields) -> str:
        if "executor" not in fields:
            if len(self.executors) > 1:
                fields.missing(
                    "executor", f"must be one of {', '.join(self.executors)}"
                )
            return self.executors[0] if len(self.executors) == 1 else ""
        name = fields.text("executor") or ""
        if name and self.executors and name not in self.executors:
            problem = unknown_name(f"stage {stage}", name, list(self.executors))
            self.report.add(fields.place_of("executor"), *problem)
        return name

    def _cost(self, fields: Fields) -> float | None:
        node = fields.node_of("cost")
        if node is None:
            return None
        if _is_map(node):
            parts = Fields(
                node, f"{fields.what}: cost", "cost", ("per_experiment",), self.report
            )
            if "per_experiment" not in parts:
                parts.missing("per_experiment", "must be given", "write 12 EUR")
            node = parts.node_of("per_experiment")
        return self.money.read(node, f"{fields.what}: cost") if node else None

    def _hours(self, fields: Fields) -> float | None:
        node = fields.node_of("duration")
        what = f"{fields.what}: duration"
        return duration(node, "hour", what, self.report) if node else None


def _check_measured(
    quantities: Mapping[str, Place], owners: Mapping[str, str], report: Report
) -> None:
    """Check that every quantity is measured by a stage."""
    for name, place in quantities.items():
        if name not in owners:
            report.add(
                place,
                f"quantity {name}: no stage measures it",
                "must be in the measures of one stage",
                f"write measures: [{name}] in a stage",
            )


def _check_use(
    root: Fields, stages: Sequence[Stage], executors: Sequence[str], report: Report
) -> None:
    used = {stage.executor for stage in stages}
    if not used.issubset(executors):
        return  # a stage's own mistake may be the reason
    for name in executors:
        if name not in used:
            report.add(
                root.mapping("executors")[name].key,
                f"executor {name}: no stage uses it",
                "must be used or left out",
                f"write executor: {name} in a stage",
            )
