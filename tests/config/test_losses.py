"""Whatever is emptied or left out, nothing that is still declared gets lost."""

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from labagent.campaigns import Campaign
from labagent.config import draft, from_document
from labagent.config.build import KEYS
from labagent.config.fields import Fields
from labagent.config.losses import report_losses
from labagent.config.nodes import Report
from labagent.errors import ConfigurationError
from labagent.variables import Choice, Composition
from tests.config.samples import ONE_SHOT, RICH, changed, mistakes, write

Keys = tuple[str | int, ...]
DELETED = object()
EMPTIES = {
    "left out": DELETED,
    "nothing": None,
    "{}": {},
    "[]": [],
    "''": "",
    "blank": "  ",
    "false": False,
    "0": 0,
}


def _plain(text: str) -> dict[str, Any]:
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(text)))


def _nodes(tree: object, head: Keys = ()) -> Iterator[Keys]:
    if head:
        yield head
    inside = tree.items() if isinstance(tree, dict) else ()
    inside = enumerate(tree) if isinstance(tree, list) else inside
    for key, value in inside:
        yield from _nodes(value, (*head, key))


def _emptied(tree: dict[str, Any], keys: Keys, value: object) -> dict[str, Any]:
    changed = copy.deepcopy(tree)
    inside: Any = changed
    for key in keys[:-1]:
        inside = inside[key]
    if value is DELETED:
        del inside[keys[-1]]
    else:
        inside[keys[-1]] = value
    return changed


def _sizes(tree: Mapping[str, Any]) -> dict[str, int]:
    """Return how much of everything a file declares, read without our reader."""
    stages = tree.get("stages") or {"experiment": tree}
    settings = [c for s in stages.values() for c in (s.get("controls") or {}).values()]
    objectives = tree["objectives"].values()
    limits = {"at_least": 1, "at_most": 1, "within": 2}
    return {
        "objectives": sum(o["goal"] not in limits for o in objectives),
        "limits": sum(limits.get(o["goal"], 0) for o in objectives),
        "measured": len(objectives) + len(tree.get("measured", {})),
        "context": len(tree.get("context", {})),
        "controls": len(settings),
        "labels": sum(len(c.get("choices", ())) for c in settings),
        "members": sum(len(c.get("elements", c.get("species", ()))) for c in settings),
        "rules": len(tree.get("constraints", ())) + len(tree.get("safety", ())),
        "safety": len(tree.get("safety", ())),
        "stages": len(stages),
        "executors": len(tree["executors"]),
        "stop": len(tree.get("stop", ())),
        "candidates": len(tree.get("candidates", ())),
        "prices": sum("cost" in s for s in stages.values()),
        "durations": sum("duration" in s for s in stages.values()),
        "budget": len(tree["budget"]),
    }


def _sizes_of(campaign: Campaign) -> dict[str, int]:
    """Return how much of everything a campaign has."""
    domains = [c.domain for c in campaign.space.controls]
    budget = campaign.budget
    ends = (budget.experiments, budget.cost, budget.hours)
    return {
        "objectives": len(campaign.goal.objectives),
        "limits": len(campaign.goal.limits),
        "measured": len(campaign.measured),
        "context": len(campaign.context),
        "controls": len(domains),
        "labels": sum(len(d.options) for d in domains if isinstance(d, Choice)),
        "members": sum(len(d.species) for d in domains if isinstance(d, Composition)),
        "rules": len(campaign.space.constraints),
        "safety": len(campaign.safety),
        "stages": len(campaign.stages),
        "executors": len(campaign.executors),
        "stop": len(campaign.stop),
        "candidates": len(campaign.space.candidates or ()),
        "prices": sum(s.cost > 0 for s in campaign.stages),
        "durations": sum(s.hours > 0 for s in campaign.stages),
        "budget": sum(end is not None for end in ends),
    }


def _answer(tree: dict[str, Any]) -> Campaign | None:
    try:
        return from_document(json.dumps(tree))
    except ConfigurationError:
        return None


@pytest.mark.parametrize("text", [ONE_SHOT, RICH], ids=["one-shot", "rich"])
def test_the_sizes_are_those_of_the_sample(text: str) -> None:
    assert _sizes_of(from_document(json.dumps(_plain(text)))) == _sizes(_plain(text))


@pytest.mark.parametrize("what", EMPTIES)
@pytest.mark.parametrize("text", [ONE_SHOT, RICH], ids=["one-shot", "rich"])
def test_an_emptied_file_is_refused_or_has_all_it_declares(
    text: str, what: str
) -> None:
    tree = _plain(text)
    passed = 0
    for keys in _nodes(tree):
        changed = _emptied(tree, keys, EMPTIES[what])
        campaign = _answer(changed)
        if campaign is not None:
            assert _sizes_of(campaign) == _sizes(changed), keys
            for stage in campaign.stages:
                campaign.executor(stage.executor)
            passed += 1
    assert passed or what not in ("left out", "''")


SAFETY = "safety: [temperature <= 100 when base == K2CO3, alloy.Al <= 0.5]\nbudget"
EMPTY = [
    ("choices: [K2CO3, Cs2CO3]", "choices: []", "9:19", "at least two options"),
    ("elements: [Al, Cu, Ni]", "elements: {}", "10:21", "must name at least two"),
    ("elements: [Al, Cu, Ni]", "elements: []", "10:21", "must name at least two"),
    ("elements: [Al, Cu, Ni]", "species: []", "10:20", "must name at least two"),
    ("{bench: manual}", "{}", "14:12", "write executors: {bench: manual} to do"),
    ("budget: {", "cost: {}\nbudget: {", "13:7", "per_experiment is missing"),
    (
        "budget: {",
        "candidates: {file: none.csv}\nbudget: {",
        "13:13",
        "must have at least one row",
    ),
]


@pytest.mark.parametrize("case", EMPTY, ids=[case[1][:20] for case in EMPTY])
def test_what_is_empty_is_told_and_takes_no_rule_with_it(
    tmp_path: Path, case: tuple[str, str, str, str]
) -> None:
    old, new, place, part = case
    (tmp_path / "none.csv").write_text("temperature,time,base,alloy\n")
    text = changed(changed(ONE_SHOT, ("budget", SAFETY)), (old, new))
    told = {m.place: str(m) for m in mistakes(tmp_path, text)}
    assert list(told) == [f"films.yaml:{place}"]
    assert part in told[f"films.yaml:{place}"]


def _without_one(campaign: Campaign) -> Iterator[tuple[str, Campaign]]:
    """Yield campaigns that each lack something of the file, and what it is."""
    space, goal = campaign.space, campaign.goal
    for at, stage in enumerate(campaign.stages):
        lost = replace(stage, executor="")
        others = (*campaign.stages[:at], lost, *campaign.stages[at + 1 :])
        yield f"stage {stage.name}", replace(campaign, stages=others)
    for c in space.controls:
        left = tuple(x for x in space.controls if x is not c)
        lost_space = replace(space, controls=left, constraints=())
        yield f"control {c.name}", replace(campaign, space=lost_space)
    for r in space.constraints:
        left = tuple(x for x in space.constraints if x is not r)
        kind = "safety rule" if r in campaign.safety else "rule"
        safety = tuple(x for x in campaign.safety if x is not r)
        lost_rule = replace(campaign, space=replace(space, constraints=left))
        yield f"{kind} {r.text!r}", replace(lost_rule, safety=safety)
        if kind == "safety rule":  # still a rule, but not checked before dispatch
            yield f"{kind} {r.text!r}", replace(campaign, safety=safety)
    for o in goal.objectives:
        left = tuple(x for x in goal.objectives if x is not o)
        yield (
            f"objective {o.name}",
            replace(campaign, goal=replace(goal, objectives=left)),
        )
    for limit in goal.limits[:1]:
        yield (
            f"objective {limit.name}",
            replace(campaign, goal=replace(goal, limits=())),
        )
    for v in campaign.context:
        left = tuple(x for x in campaign.context if x is not v)
        yield f"context {v.name}", replace(campaign, context=left)
    yield "measured grain", replace(campaign, measured=campaign.measured[1:])
    yield "executor oven", replace(campaign, executors=campaign.executors[:1])


def test_the_net_catches_what_a_reader_forgot_to_report(tmp_path: Path) -> None:
    found = draft(write(tmp_path, RICH))
    campaign = found.campaign()
    controls = {
        f"{name}.{key}": node
        for name, stage in found.tree.fields["stages"].fields.items()
        for key, node in stage.fields["controls"].fields.items()
    }
    root = Fields(found.tree, "campaign", "campaign", KEYS, Report())
    report = Report()
    report_losses(root, campaign, controls, report)
    assert report.count == 0
    for what, lacking in _without_one(campaign):
        report = Report()
        report_losses(root, lacking, controls, report)
        with pytest.raises(ConfigurationError) as raised:
            report.close()
        told = [m.problem for m in raised.value.mistakes]
        assert f"{what}: cannot be read, and no check says why" in told


def test_the_net_adds_nothing_to_a_mistake_that_was_told(tmp_path: Path) -> None:
    text = changed(ONE_SHOT, ("unit: degC", "unit: degX"), ("bench: manual", "b: {}"))
    told = [m.problem for m in mistakes(tmp_path, text)]
    assert len(told) == 2
    assert not any("no check says why" in problem for problem in told)
