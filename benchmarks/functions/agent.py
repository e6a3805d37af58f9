"""labagent through its own functions, told the truth or something else.

The harness writes a campaign file, reads it as any campaign is read, keeps the trials
in memory and asks :func:`labagent.loop.propose` for every step. What the file declares
and which states are reported depends on the variant (:data:`VARIANTS`); the truth and
the outcomes never do.
"""

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from benchmarks.functions.plain import SEEDS_A_CAMPAIGN, Sealed
from benchmarks.functions.problems import Problem
from labagent.campaigns import Campaign, OutcomeLimit
from labagent.config import load
from labagent.experiments import Basis, Trial, Trials
from labagent.loop import predict, propose
from labagent.variables import Intervention

Parents = Mapping[str, tuple[str, ...]]
"""Child to its parents."""


@dataclass(frozen=True)
class Variant:
    """What labagent is told of a process.

    Attributes:
        parents: Declared causes; a node without any is left to be learned.
        forbidden: Edges declared not to exist.
        states: Whether states are reported as they are, as pure noise, or not at all.
    """

    parents: Parents
    forbidden: Parents = field(default_factory=dict[str, tuple[str, ...]])
    states: Literal["seen", "noise", "hidden"] = "seen"


def true_graph(problem: Problem) -> Variant:
    """Return the truth."""
    return Variant({n.name: n.parents for n in problem.nodes})


def undeclared(problem: Problem) -> Variant:  # noqa: ARG001 - as the others
    """Return states without a word about causes."""
    return Variant({})


def hidden(problem: Problem) -> Variant:  # noqa: ARG001 - as the others
    """Return outcomes alone: nothing is left of the network."""
    return Variant({}, states="hidden")


def noise(problem: Problem) -> Variant:
    """Return the true graph over states that are independent N(0, 1)."""
    return Variant(true_graph(problem).parents, states="noise")


def wrong_outcome(problem: Problem) -> Variant:
    """Return a graph whose outcomes have one parent, a control that is none of theirs.

    The first control that is no true parent; the first of all where every one is.
    """
    parents = dict(true_graph(problem).parents)
    for name in problem.outcomes:
        others = [c.name for c in problem.controls if c.name not in parents[name]]
        parents[name] = (others[0] if others else problem.controls[0].name,)
    return Variant(parents)


def wrong_upstream(problem: Problem) -> Variant:
    """Return a graph in which every state has lost its last parent.

    A state of one parent keeps it: a node without any would be left to be learned.
    """
    return Variant(_cut(problem)[0])


def deprived(problem: Problem) -> Variant:
    """Return the graph of :func:`wrong_upstream`, with the lost edges forbidden.

    What is only left out may still be learned; what is forbidden may not. The states
    themselves are measured as they are.
    """
    return Variant(*_cut(problem))


def _cut(problem: Problem) -> tuple[Parents, Parents]:
    kept = dict(true_graph(problem).parents)
    lost: dict[str, tuple[str, ...]] = {}
    for name in problem.states:
        if len(kept[name]) > 1:
            lost[name] = kept[name][-1:]
            kept[name] = kept[name][:-1]
    return kept, lost


VARIANTS: Mapping[str, Callable[[Problem], Variant]] = {
    "true": true_graph,
    "undeclared": undeclared,
    "hidden": hidden,
    "noise": noise,
    "wrong-outcome": wrong_outcome,
    "wrong-upstream": wrong_upstream,
    "deprived": deprived,
}
"""Name to what is told; all but ``true`` are negative controls."""


def campaign_text(
    problem: Problem,
    variant: Variant,
    starts: int,
    steps: int,
    seed: int,
    device: str = "cpu",
) -> str:
    """Return a campaign file: one stage, all states measured in it.

    Args:
        problem: The process.
        variant: What is told of it.
        starts: Points measured before the first proposal.
        steps: Proposals, one at a time.
        seed: Of the campaign.
        device: ``cpu`` or ``cuda``.
    """
    lines = [
        "labagent: 1",
        f"name: {problem.name}",
        f"goal: {problem.goal} {problem.objective}",
        "objectives:",
        *(f"  {name}: {json.dumps(_goal(problem, name))}" for name in problem.outcomes),
    ]
    if variant.states != "hidden" and problem.states:
        lines.append("measured:")
        lines += [f"  {n}: {json.dumps(_unit(problem, n))}" for n in problem.states]
    lines.append("controls:")
    for control in problem.controls:
        entry: dict[str, object] = {"range": [control.low, control.high]}
        entry |= {"unit": control.unit} if control.unit else {}
        entry |= {"scale": "log"} if control.log else {}
        lines.append(f"  {control.name}: {json.dumps(entry)}")
    lines += _edges("causes", variant.parents)
    lines += _edges("forbid_causes", variant.forbidden)
    lines += [
        "executors: {bench: manual}",
        f"budget: {{experiments: {starts + steps}}}",
        "leash: autonomous",
        "batch: 1",
        f"initial: {starts}",
        f"seed: {seed}",
        f"device: {device}",
    ]
    return "\n".join(lines) + "\n"


def _edges(key: str, parents: Parents) -> list[str]:
    found = [f"  - {', '.join(above)} -> {child}" for child, above in parents.items()]
    return [f"{key}:", *found] if found else []


def _unit(problem: Problem, name: str) -> dict[str, object]:
    unit = problem.nodes[problem.column(name)].unit
    return {"unit": unit} if unit else {}


def _goal(problem: Problem, name: str) -> dict[str, object]:
    limits = [c for c in problem.limits if c.name == name]
    if name == problem.objective:
        if limits:
            raise ValueError(f"problem {problem.name}: {name} is optimised and limited")
        return {**_unit(problem, name), "goal": problem.goal}
    if len(limits) > 1:
        low, high = sorted(c.value for c in limits)
        return {**_unit(problem, name), "goal": "within", "range": [low, high]}
    return {**_unit(problem, name), **_limit(limits[0])}


def _limit(limit: OutcomeLimit) -> dict[str, object]:
    goal = "at_most" if limit.relation == "<=" else "at_least"
    return {"goal": goal, "value": limit.value}


def read(text: str) -> Campaign:
    """Return the campaign of a file's text, read as any file is.

    Raises:
        ConfigurationError: Everything wrong with it.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "campaign.yaml"
        path.write_text(text, encoding="utf-8")
        return load(path)


class Agent:
    """labagent on one variant.

    Args:
        problem: The process.
        variant: What is told of it.
        campaign: Read from :func:`campaign_text`.
        seal_starts: Whether starting points carry predictions made before them, as
            those of a real campaign do; without, they are imported history.
    """

    def __init__(
        self,
        problem: Problem,
        variant: Variant,
        campaign: Campaign,
        *,
        seal_starts: bool = False,
    ) -> None:
        self._problem, self._variant, self._campaign = problem, variant, campaign
        self._seal_starts = seal_starts
        self._rows: list[Trial] = []
        self._asked: tuple[Intervention, Sealed] | None = None
        self._batches = 0
        noise = torch.Generator().manual_seed(campaign.seed * SEEDS_A_CAMPAIGN)
        self._noise = noise

    def tell(self, u: Tensor, y: Tensor) -> None:
        """Take note of a measured point u (d,) with its values y (m,)."""
        batch: int | None = None
        if self._asked is not None:
            intervention, sealed = self._asked
            batch = self._batches - 1
        else:
            intervention = self._problem.intervention(u)
            sealed = self._foreseen(intervention) if self._seal_starts else {}
        row = Trial(
            id=len(self._rows) + 1,
            intervention=intervention,
            results=self._results(y),
            sealed={
                name: prediction.members
                for name, prediction in sealed.items()
                if prediction.basis is Basis.MODEL
            },
            batch=batch,
        )
        self._rows.append(row)
        self._asked = None

    def ask(self) -> tuple[Tensor, Sealed]:
        """Return the point of the next proposal and its sealed predictions."""
        decision = propose(self._campaign, self._trials, self._batches)
        (proposal,) = decision.proposals
        sealed = {p.quantity: p for p in proposal.predictions}
        self._asked = proposal.intervention, sealed
        self._batches += 1
        expected = {name: sealed[name] for name in self._problem.outcomes}
        return self._problem.point(proposal.intervention), expected

    @property
    def _trials(self) -> Trials:
        return Trials(len(self._rows), tuple(self._rows))

    def _foreseen(self, intervention: Intervention) -> Sealed:
        (row,) = predict(self._campaign, self._trials, [intervention])
        return {p.quantity: p for p in row}

    def _results(self, y: Tensor) -> dict[str, float]:
        """Return the values y (m,) that are reported."""
        values = dict(zip(self._problem.names, y.tolist(), strict=True))
        for name in self._problem.states:
            match self._variant.states:
                case "hidden":
                    del values[name]
                case "noise":
                    values[name] = float(torch.randn(1, generator=self._noise))
                case "seen":
                    pass
        return values
