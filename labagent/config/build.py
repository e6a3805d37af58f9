"""From the tree to a checked :class:`Campaign`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from labagent.campaigns import Campaign, Find, History, Leash, Stage
from labagent.config import units
from labagent.config.causality import read_graph
from labagent.config.constraints import Scope, read_rules
from labagent.config.costs import Money, affordable, check_budget, read_budget
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
from labagent.config.names import Register
from labagent.config.nodes import Node, Place, Plain, Report
from labagent.config.process import Process, read_executors, read_process
from labagent.config.reader import write_document
from labagent.config.stops import read_stops
from labagent.variables import (
    Composition,
    Constraint,
    DesignSpace,
    Intervention,
    Role,
    Variable,
)

FORMAT = 1
KEYS = (
    "labagent",
    "name",
    "goal",
    "find",
    "objectives",
    "measured",
    "controls",
    "stages",
    "constraints",
    "safety",
    "context",
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
_DEVICES = ("auto", "cpu", "cuda")
_BATCHES: Mapping[Leash, int] = {
    Leash.APPROVE_EACH: 1,
    Leash.APPROVE_BATCH: 4,
    Leash.AUTONOMOUS: 4,
}
_LEAST_INITIAL = 4


def build(tree: Node, folder: Path | None, report: Report) -> Campaign:
    """Return the campaign a file says, or raise all that is wrong with it.

    Args:
        tree: The file, or a stored document.
        folder: The file's folder, where tables are looked for; None for a stored
            document, which holds its tables.
        report: Holds what reading the file found wrong.

    Raises:
        ConfigurationError: All mistakes of the file, in its order.
    """
    root = Fields(tree, "campaign", "campaign", KEYS, report)
    builder = _Builder(root, folder, report)
    return builder.campaign()


@dataclass(frozen=True)
class _Variables:
    """All variables of the file, and what is wanted of them."""

    wanted: tuple[Wanted, ...]
    measured: tuple[Variable, ...]
    context: tuple[Variable, ...]
    process: Process

    @property
    def quantities(self) -> tuple[Variable, ...]:
        """What is measured: states on the way, then outcomes."""
        return (*self.measured, *(w.variable for w in self.wanted))


class _Builder:
    """Reads section after section; every section reports its own mistakes."""

    def __init__(self, root: Fields, folder: Path | None, report: Report) -> None:
        self._root = root
        self._folder = folder
        self._report = report
        self._money = Money(report)

    def campaign(self) -> Campaign:
        root, report = self._root, self._report
        self._check_version()
        name = self._name()
        variables = self._variables()
        goal = read_goal(root, variables.wanted)
        executors = read_executors(root, report)
        budget = read_budget(root, self._money, report)
        check_budget(root, budget, variables.process.stages, report)
        safety, space = self._space(variables)
        candidates = read_candidates(root, space, self._folder, report)
        if candidates is not None:
            space = DesignSpace(space.controls, space.constraints, candidates)
        self._check_space(space)
        history = read_history(
            root,
            space.controls,
            (*variables.quantities, *variables.context),
            self._folder,
            report,
        )
        graph = read_graph(root, self._roles(variables), report)
        stop = self._stop(variables)
        pays_for = affordable(budget, variables.process.stages)
        settings = self._settings(space, pays_for)
        report.close()
        if goal is None or name is None or settings is None:
            raise AssertionError("a mistake was found but not reported")
        return Campaign(
            name=name,
            goal=goal,
            space=space,
            measured=variables.quantities,
            context=variables.context,
            stages=tuple(variables.process.stages),
            graph=graph,
            budget=budget,
            safety=safety,
            leash=settings.leash,
            stop=stop,
            executors=executors,
            batch=settings.batch,
            initial=settings.initial,
            seed=settings.seed,
            device=settings.device,
            history=history,
            document=self._document(goal.find, settings, candidates, history),
        )
