"""Stages that ``repeat``: unrolled into as many stages before anything else is read.

Turn 2 of ``anneal`` is the stage ``anneal_2``, with controls ``anneal_2.temperature``.
What it measures is ``grain_size_2``; what the last turn measures keeps its bare name,
so that goals and later stages speak of the sample as it leaves. Lines of ``causes`` and
rules that use the names of the repeated stage hold in every turn; ``NAME.before`` is
what the turn before left, or set.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from labagent.campaigns import BEFORE, Turn
from labagent.config.fields import amount
from labagent.config.names import unknown_name
from labagent.config.nodes import Node, Report
from labagent.config.trees import (
    NAME,
    QUANTITIES,
    children,
    copied,
    listed,
    refuse_taken,
    rewritten_lists,
    with_fields,
)

MOST = 20
"""Turns of a stage at most: each has its own controls, and a space has its limits."""

_REPEAT = "repeat"


@dataclass(frozen=True)
class _Repeated:
    """A stage that repeats.

    Attributes:
        name: As the file has it.
        controls: Their names, the stage's before them.
        quantities: What it measures, as far as that is declared.
        turns: In order.
    """

    name: str
    controls: tuple[str, ...]
    quantities: tuple[str, ...]
    turns: tuple[Turn, ...]


def unroll(tree: Node, report: Report) -> tuple[Node, Mapping[str, Turn]]:
    """Return the file without repeats, and which stages of it are turns of one.

    Args:
        tree: The file.
        report: Receives what is wrong.
    """
    repeated = _find(tree, report)
    fields = dict(tree.fields)
    if children(tree, "stages"):
        fields["stages"] = with_fields(fields["stages"], _stages(tree, repeated))
    if not repeated:
        return with_fields(tree, fields), {}
    fields = _with_quantities(fields, repeated)
    tree = with_fields(tree, fields)
    rules, causes = ("constraints", "safety"), ("causes", "forbid_causes")
    tree = rewritten_lists(tree, rules, lambda text: _rule(text, repeated))
    tree = rewritten_lists(tree, causes, lambda text: _cause(text, repeated))
    turns = {f"{r.name}_{t.number}": t for r in repeated for t in r.turns}
    return tree, turns


# ------------------------------------------------------------ what repeats


def _find(tree: Node, report: Report) -> list[_Repeated]:
    declared = {name for key in QUANTITIES for name in children(tree, key)}
    found: list[_Repeated] = []
    earlier: list[str] = []
    for name, stage in children(tree, "stages").items():
        measures = [q for q in listed(stage, "measures") if q in declared]
        if _REPEAT in stage.fields:
            reader = _Reader(name, stage.fields[_REPEAT], measures, earlier, report)
            times, start = reader.times(), reader.start(tree)
            known = reader.known(tree)
            controls = [f"{name}.{c}" for c in children(stage, "controls")]
            if times:
                first, *turns = _turns(name, controls, measures, times, start)
                turns = (replace(first, start=known), *turns)
                found.append(_Repeated(name, (*controls,), (*measures,), turns))
        earlier += measures
    for one in found:
        stages = [f"{one.name}_{t.number}" for t in one.turns]
        seen = [t.names[q] for t in one.turns[:-1] for q in one.quantities]
        refuse_taken(tree, ("stages",), stages, f"stage {one.name}", report)
        refuse_taken(tree, QUANTITIES, seen, f"stage {one.name}", report)
    return found


def _turns(
    stage: str,
    controls: Sequence[str],
    quantities: Sequence[str],
    times: int,
    start: Mapping[str, str],
) -> tuple[Turn, ...]:
    found: list[Turn] = []
    before: Mapping[str, str] = start
    for k in range(1, times + 1):
        own = {c: f"{stage}_{k}.{c.partition('.')[2]}" for c in controls}
        seen = {q: q if k == times else f"{q}_{k}" for q in quantities}
        found.append(Turn(stage, k, own | seen, before))
        before = own | seen
    return tuple(found)


@dataclass(frozen=True)
class _Reader:
    """Reads ``repeat:`` of one stage: a number, or ``{times: 3, start: {...}}``."""

    stage: str
    node: Node
    quantities: Sequence[str]
    earlier: Sequence[str]
    report: Report

    def times(self) -> int | None:
        """Return how often; None where that is wrong and reported."""
        node = self.node.fields.get("times", self.node)
        unknown = [k for k in self.node.fields if k not in ("times", "start")]
        for key in unknown:
            problem = unknown_name(
                f"stage {self.stage}: repeat", key, ["times", "start"]
            )
            self.report.add(self.node.fields[key].key, *problem)
        value = node.value
        whole = isinstance(value, int) and not isinstance(value, bool)
        if isinstance(value, int) and whole and 2 <= value <= MOST:  # noqa: PLR2004 once is no repeat
            return value
        self.report.add(
            node.place,
            f"stage {self.stage}: got repeat = {node.shown}",
            f"must be a whole number from 2 to {MOST}, or {{times: 3, start: {{...}}}}",
            "leave repeat out" if value == 1 else "",
        )
        return None

    def start(self, tree: Node) -> dict[str, str]:
        """Return quantity to what it was measured as before the first turn."""
        found: dict[str, str] = {}
        what = f"stage {self.stage}: start"
        given = self.node.fields.get("start")
        if given is not None and not isinstance(given.value, Mapping):
            self.report.add(
                given.place,
                f"{what}: got {given.shown}",
                "must map quantities to values or names, as in {grain: powder}",
            )
        for name, node in children(self.node, "start").items():
            if name not in self.quantities:
                problem = unknown_name(what, name, list(self.quantities))
                self.report.add(node.key, *problem)
            elif _is_amount(node):
                continue
            elif node.value not in self.earlier:
                problem = unknown_name(what, str(node.plain), list(self.earlier))
                self.report.add(node.place, *problem)
            elif _unit(tree, name) != _unit(tree, str(node.value)):
                self.report.add(
                    node.place,
                    f"{what}: got {node.value} in {_unit(tree, str(node.value))!r}, "
                    f"{name} in {_unit(tree, name)!r}",
                    "must have the same unit",
                )
            else:
                found[name] = str(node.value)
        return found

    def known(self, tree: Node) -> dict[str, float]:
        """Return quantity to the value it has before the first turn, in its unit."""
        found: dict[str, float] = {}
        for name, node in children(self.node, "start").items():
            if name in self.quantities and _is_amount(node):
                what = f"stage {self.stage}: start {name}"
                value = amount(node, _unit(tree, name), what, self.report)
                if value is not None:
                    found[name] = value
        return found


def _is_amount(node: Node) -> bool:
    """Return whether a value is a number or begins like one, so that it is no name."""
    if isinstance(node.value, str):
        return node.value[:1] in "+-.0123456789"
    return isinstance(node.value, (int, float))


def _unit(tree: Node, name: str) -> str:
    for key in QUANTITIES:
        unit = tree.inner(key, name).fields.get("unit")
        if name in children(tree, key) and unit is not None:
            return str(unit.plain)
    return ""


# ------------------------------------------------------------ the unrolled file


def _stages(tree: Node, repeated: Sequence[_Repeated]) -> dict[str, Node]:
    by_name = {one.name: one for one in repeated}
    found: dict[str, Node] = {}
    for name, stage in children(tree, "stages").items():
        kept = {k: v for k, v in stage.fields.items() if k != _REPEAT}
        plain = with_fields(stage, kept) if stage.fields else stage
        if name not in by_name:
            found[name] = plain
            continue
        for turn in by_name[name].turns:
            found[f"{name}_{turn.number}"] = copied(
                _measuring(plain, turn), turn.number
            )
    return found


def _measuring(stage: Node, turn: Turn) -> Node:
    """Return a stage that measures what its turn does."""
    measures = stage.fields.get("measures")
    if measures is None or not measures.items:
        return stage
    items = [
        replace(item, value=turn.names.get(str(item.value), item.value))
        for item in measures.items
        # what is declared nowhere is told once
        if turn.number == 1 or item.value in turn.names
    ]
    new = replace(measures, value=tuple(items))
    return with_fields(stage, {**stage.fields, "measures": new})


def _with_quantities(
    fields: dict[str, Node], repeated: Sequence[_Repeated]
) -> dict[str, Node]:
    """Return the sections with what the turns before the last one measure."""
    measured: dict[str, Node] = {}
    turns = {q: one.turns[:-1] for one in repeated for q in one.quantities}
    for key in QUANTITIES:
        entries: Mapping[str, Node] = fields[key].fields if key in fields else {}
        for name, node in entries.items():
            seen = node
            if key == "objectives":
                kept = {k: v for k, v in node.fields.items() if k in _SEEN}
                seen = with_fields(node, kept)
            for turn in turns.get(name, ()):
                measured[turn.names[name]] = copied(seen, turn.number + 1)
            if key == "measured":
                measured[name] = node
    if not measured:
        return fields
    old = fields.get("measured") or next(iter(measured.values()))
    return {**fields, "measured": replace(old, value=measured)}


_SEEN = ("unit", "expect", "noise")
"""What holds of an objective in every turn."""


# ------------------------------------------------------------ lines


def _rule(text: str, repeated: Sequence[_Repeated]) -> list[str]:
    """Return a rule for every turn of every repeated stage it speaks of."""
    lines = [text]
    for one in repeated:
        names = dict.fromkeys(one.controls, "")
        if any(_whose(name, names) for name in NAME.findall(text)):
            each = [[_put(line, turn) for turn in one.turns] for line in lines]
            lines = [line for turns in each for line in turns if line]
    return lines


def _whose(name: str, names: Mapping[str, str]) -> str:
    """Return which of some names is meant, itself or a member of it; empty for none."""
    name = name.removesuffix(BEFORE)
    while name and name not in names:
        name = name.rpartition(".")[0]
    return name


def _put(text: str, turn: Turn) -> str:
    """Return a line with a turn's names; empty where nothing was before it."""
    missing = False

    def put(found: re.Match[str]) -> str:
        nonlocal missing
        name = found.group()
        base = name.removesuffix(BEFORE)
        owner = _whose(base, turn.names)
        if not owner:
            return name
        names = turn.names if base == name else turn.before
        missing = missing or owner not in names
        return names.get(owner, "") + base[len(owner) :]

    line = NAME.sub(put, text)
    return "" if missing else line


def _cause(text: str, repeated: Sequence[_Repeated]) -> list[str]:
    """Return a line of causes for every turn of the stage it speaks of."""
    hidden = "<->" in text
    left, arrow, right = text.partition("<->" if hidden else "->")
    child = NAME.search(right)
    owners = [r for r in repeated if child and child.group() in r.quantities]
    if not arrow or not owners:
        return [_whole(text, repeated)]
    lines: list[str] = []
    for turn in owners[0].turns:
        others = [r for r in repeated if r is not owners[0]]
        parents = [_put(p, turn) for p in left.split(",")]
        kept = ",".join(_whole(p, others) for p in parents if p)
        if kept.strip():
            lines.append(f"{kept}{arrow}{_put(right, turn)}")
    return lines


def _whole(text: str, repeated: Sequence[_Repeated]) -> str:
    """Return a text with each control of a repeated stage as those of all turns."""
    every = {
        c: ", ".join(t.names[c] for t in one.turns)
        for one in repeated
        for c in one.controls
    }
    return NAME.sub(lambda found: every.get(found.group(), found.group()), text)
