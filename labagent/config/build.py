"""From the tree to a checked :class:`Campaign`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from labagent.campaigns import Campaign, History
from labagent.config.causality import read_graph
from labagent.config.columns import Schema
from labagent.config.constraints import Scope, read_rules
from labagent.config.costs import Money, affordable, check_budget, read_budget
from labagent.config.drafts import Draft
from labagent.config.feasibility import impossible_rules, impossible_together
from labagent.config.fields import Fields
from labagent.config.goals import (
    Wanted,
    read_context,
    read_goal,
    read_measured,
    read_objectives,
)
from labagent.config.inlining import read_candidates, read_history
from labagent.config.losses import one_line, report_losses
from labagent.config.names import Register
from labagent.config.nodes import Node, Plain, Report, shortened
from labagent.config.process import Layout, Process, read_executors, read_process
from labagent.config.reader import write_document
from labagent.config.settings import Settings, read_settings
from labagent.config.stops import read_stops
from labagent.config.turns import unroll
from labagent.config.vectors import take_apart
from labagent.variables import (
    Constraint,
    DesignSpace,
    Role,
    Variable,
)

FORMAT = 1
KEYS = (
    "labagent",
    "name",
    "goal",
    "find",
    "top",
    "objectives",
    "measured",
    "controls",
    "stages",
    "constraints",
    "safety",
    "context",
    "drift",
    "causes",
    "forbid_causes",
    "budget",
    "executor",
    "cost",
    "duration",
    "executors",
    "candidates",
    "history",
    "leash",
    "batch",
    "initial",
    "seed",
    "device",
    "stop",
)
_CAMPAIGN_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


def build(tree: Node, folder: Path | None, report: Report) -> Draft:
    """Return what a file says, and all that is wrong with it.

    Args:
        tree: The file, or a stored document.
        folder: The file's folder, where tables are looked for; None for a stored
            document, which holds its tables.
        report: Holds what reading the file found wrong.
    """
    apart, vectors = take_apart(tree, report)
    unrolled, turns = unroll(apart, report)
    root = Fields(unrolled, "campaign", "campaign", KEYS, report)
    builder = _Builder(root, tree, Layout(turns, vectors), folder, report)
    return builder.draft()


@dataclass(frozen=True)
class _Variables:
    """All variables of the file, and what is wanted of them.

    Attributes:
        wanted: Objectives and limits.
        measured: What is seen but not optimised.
        context: What is recorded but cannot be set.
        process: Stages and controls.
        roles: Role of every name declared, those with mistakes included.
    """

    wanted: tuple[Wanted, ...]
    measured: tuple[Variable, ...]
    context: tuple[Variable, ...]
    process: Process
    roles: Mapping[str, Role]

    @property
    def quantities(self) -> tuple[Variable, ...]:
        """What is measured: states on the way, then outcomes."""
        return (*self.measured, *(w.variable for w in self.wanted))

    @property
    def by_name(self) -> dict[str, Variable]:
        """Measured quantities by name."""
        return {v.name: v for v in self.quantities}

    @property
    def broken(self) -> bool:
        """Whether a quantity or control is missing here for its own mistakes."""
        sound = (*self.process.controls, *self.quantities, *self.context)
        none = not self.process.control_names or not self.wanted
        return none or len(sound) < len(self.roles)


class _Builder:
    """Reads section after section; every section reports its own mistakes."""

    def __init__(
        self,
        root: Fields,
        tree: Node,
        layout: Layout,
        folder: Path | None,
        report: Report,
    ) -> None:
        self._root = root
        self._tree = tree
        self._layout = layout
        self._folder = folder
        self._report = report
        self._money = Money(report)

    def draft(self) -> Draft:
        root, report = self._root, self._report
        self._check_version()
        name = self._name()
        before = report.count
        variables = self._variables()
        executors = read_executors(root, report)
        whole = report.count == before
        goal = read_goal(root, variables.wanted)
        budget = read_budget(root, self._money, report)
        check_budget(root, budget, variables.process.stages, report)
        space, safety = self._space(variables)
        history = self._history(space, variables)
        graph = read_graph(root, variables.roles, variables.process.stages, report)
        pays_for = affordable(budget, variables.process.stages)
        settings = read_settings(root, space, pays_for, history is not None)
        campaign = Campaign(
            name=name or "",
            goal=goal,
            space=space,
            measured=variables.quantities,
            context=variables.context,
            stages=tuple(variables.process.stages),
            graph=graph,
            budget=budget,
            safety=safety,
            leash=settings.leash,
            stop=read_stops(root, variables.by_name, variables.broken, report),
            executors=executors,
            batch=settings.batch,
            initial=settings.initial,
            seed=settings.seed,
            device=settings.device,
            history=history,
            document="",
            drift=root.flag("drift"),
        )
        report_losses(root, campaign, variables.process.declared, report)
        if not report.count:
            campaign = self._with_document(campaign, settings)
        return Draft(campaign, whole, root.node, report)

    def _check_version(self) -> None:
        root = self._root
        if "labagent" not in root:
            root.missing(
                "labagent", "must give the format's number", f"write labagent: {FORMAT}"
            )
            return
        version = root.whole("labagent", 1)
        if version is not None and version != FORMAT:
            root.wrong(
                "labagent",
                f"must be {FORMAT}, the format this version reads",
                "use a newer labagent" if version > FORMAT else "",
            )

    def _name(self) -> str | None:
        root = self._root
        if "name" not in root:
            root.missing("name", "must name the campaign", "write name: my-campaign")
            return None
        name = root.text("name")
        if name is None or _CAMPAIGN_NAME.fullmatch(name):
            return name
        better = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        root.wrong(
            "name",
            "must be small letters, digits and hyphens, at most 60",
            f"write {better}" if _CAMPAIGN_NAME.fullmatch(better) else "",
        )
        return None

    def _variables(self) -> _Variables:
        root, report = self._root, self._report
        register = Register(report)
        wanted = read_objectives(root, register, report)
        measured = read_measured(root, register, report)
        quantities = {**root.mapping("objectives"), **root.mapping("measured")}
        places = {name: node.key for name, node in quantities.items()}
        process = read_process(
            root, register, places, self._money, self._layout, report
        )
        context = read_context(root, register, report)
        roles = dict.fromkeys(process.control_names, Role.CONTROL)
        roles |= dict.fromkeys(root.mapping("context"), Role.CONTEXT)
        roles |= dict.fromkeys(root.mapping("measured"), Role.STATE)
        roles |= dict.fromkeys(root.mapping("objectives"), Role.OUTCOME)
        return _Variables(wanted, measured, context, process, roles)

    def _space(
        self, variables: _Variables
    ) -> tuple[DesignSpace, tuple[Constraint, ...]]:
        """Return the design space, and the safety limits among its rules."""
        root, report, process = self._root, self._report, variables.process
        if not process.control_names:
            key = "stages" if "stages" in root else "controls"
            if root.is_mapping(key):
                root.wrong(key, "must have at least one control")
            return DesignSpace(()), ()
        others = {n: r for n, r in variables.roles.items() if r is not Role.CONTROL}
        scope = Scope(process.controls, process.control_names, others)
        rules = read_rules(root.items("constraints"), scope, report)
        safety = read_rules(root.items("safety"), scope, report)
        space = DesignSpace(tuple(process.controls), (*rules, *safety))
        if len(process.controls) < len(process.control_names):
            return space, safety  # what hangs on all controls would only add noise
        self._check_rules(space)
        candidates = read_candidates(root, space, self._folder, report)
        return DesignSpace(space.controls, space.constraints, candidates), safety

    def _check_rules(self, space: DesignSpace) -> None:
        """Report rules that no setting keeps, alone or together with others."""
        root = self._root
        nodes = (*root.list_of("constraints"), *root.list_of("safety"))
        places = {one_line(node): node.place for node in reversed(nodes)}
        for rule in impossible_rules(space):
            self._report.add(
                places[rule.text],
                f"rule {shortened(rule.text)!r}: no setting within the ranges keeps it",
                "must leave something to try",
            )
            space = _without(space, [rule])
        while rules := impossible_together(space):
            first, *others = sorted(rules, key=lambda rule: places[rule.text])
            also = " and ".join(
                f"{shortened(r.text)!r} ({places[r.text].short})" for r in others
            )
            self._report.add(
                places[first.text],
                f"rule {shortened(first.text)!r}: no setting within the ranges keeps it"
                + (f" together with {also}" if also else ""),
                "must leave something to try",
            )
            space = _without(space, rules)

    def _history(self, space: DesignSpace, variables: _Variables) -> History | None:
        if variables.broken:
            return None  # its columns would be called unknown for nothing
        quantities = (*variables.quantities, *variables.context)
        schema = Schema(space.controls, quantities)
        return read_history(self._root, schema, self._folder, self._report)

    def _with_document(self, campaign: Campaign, settings: Settings) -> Campaign:
        """Add the file's content as canonical JSON, needing nothing else.

        Defaults are written out, so that a later version with other defaults still
        reads the same campaign.
        """
        content = {key: node.plain for key, node in self._tree.fields.items()}
        content |= {"find": campaign.goal.find.value, **settings.plain}
        if campaign.space.candidates is not None:
            content["candidates"] = [dict(row) for row in campaign.space.candidates]
        if campaign.history is not None:
            content["history"] = _plain_history(campaign.history)
        ordered = {key: content[key] for key in KEYS if key in content}
        return replace(campaign, document=write_document(ordered))


def _without(space: DesignSpace, rules: Sequence[Constraint]) -> DesignSpace:
    kept = tuple(rule for rule in space.constraints if rule not in rules)
    return replace(space, constraints=kept)


def _plain_history(history: History) -> dict[str, Plain]:
    columns: dict[str, Plain] = {
        c.variable: {"column": c.column, "unit": c.unit} if c.unit else c.column
        for c in history.columns
    }
    sheet: dict[str, Plain] = {} if history.sheet is None else {"sheet": history.sheet}
    return {"file": history.file, **sheet, "columns": columns}
