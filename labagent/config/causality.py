"""``causes:`` and ``forbid_causes:`` to the declared causal graph.

What can be told wrong without any data is told: names, circles, what is set and yet
caused, and effects that come before their causes.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from labagent.campaigns import Stage
from labagent.causes import Cause, ProcessGraph, find_cycle
from labagent.config.arrows import Arrow, read_arrow
from labagent.config.fields import Fields
from labagent.config.names import unknown_name
from labagent.config.nodes import Place, Report
from labagent.config.sequence import against_order
from labagent.variables import Role

MOST_UNCERTAIN = 6
"""Uncertain edges of a file; each combination of them is a graph to be weighed."""

Edges = dict[tuple[str, str], tuple[Cause, Place]]
"""Parent and child to the edge between them, and where it was declared first."""


def read_graph(
    root: Fields, roles: Mapping[str, Role], stages: Sequence[Stage], report: Report
) -> ProcessGraph:
    """Return the declared causes.

    Args:
        root: The whole file.
        roles: Name to role of every variable declared.
        stages: In the order a sample passes them.
        report: Receives what is wrong.
    """
    reader = _GraphReader(roles, stages, report)
    for node in root.items("causes"):
        arrow = read_arrow(node, roles, report)
        if arrow is not None:
            reader.declare(arrow)
    for node in root.items("forbid_causes"):
        arrow = read_arrow(node, roles, report)
        if arrow is not None:
            reader.forbid(arrow)
    reader.check_all()
    return reader.graph


class _GraphReader:
    """Collects one arrow after the other; reports those that cannot be."""

    def __init__(
        self, roles: Mapping[str, Role], stages: Sequence[Stage], report: Report
    ) -> None:
        self._roles = roles
        self._stages = stages
        self._report = report
        self._edges: Edges = {}
        self._forbidden: Edges = {}
        self._hidden: dict[tuple[str, str], Place] = {}

    @property
    def graph(self) -> ProcessGraph:
        return ProcessGraph(
            tuple(edge for edge, _ in self._edges.values()),
            tuple(edge for edge, _ in self._forbidden.values()),
            tuple(self._hidden),
        )

    def declare(self, arrow: Arrow) -> None:
        """Take a line of ``causes:``."""
        if arrow.hidden:
            self._hide(arrow)
            return
        for edge in self._sound(arrow):
            if problem := against_order(edge, self._roles, self._stages):
                self._report.add(arrow.place, *problem)
            else:
                self._add(edge, arrow.place)

    def forbid(self, arrow: Arrow) -> None:
        """Take a line of ``forbid_causes:``."""
        if arrow.hidden or arrow.probability < 1:
            plain = f"write {', '.join(arrow.parents)} -> {arrow.child}"
            self._report.add(
                arrow.place,
                f"forbidden cause: got {arrow.shown}",
                "must be an arrow, and certain",
                "leave it out: a hidden cause is there only where it is declared"
                if arrow.hidden
                else f"{plain}, or leave it out",
            )
            return
        for edge in self._sound(arrow):
            self._forbidden.setdefault(edge.ends, (edge, arrow.place))

    def check_all(self) -> None:
        """Report what only all lines together show."""
        self._check_forbidden()
        self._check_circles()
        self._check_uncertain()

    # ------------------------------------------------------------ one line

    def _add(self, edge: Cause, place: Place) -> None:
        first, where = self._edges.setdefault(edge.ends, (edge, place))
        if first.probability != edge.probability:
            self._report.add(
                place,
                f"cause {_shown(edge)}: got the probability {edge.probability:g} here "
                f"and {first.probability:g} on {where.short}",
                "must have one probability",
                "leave one of them out",
            )

    def _hide(self, arrow: Arrow) -> None:
        what = f"hidden cause {' <-> '.join(arrow.parents)}"
        if not self._known(what, arrow.parents, arrow.place):
            return
        one, other = sorted(arrow.parents, key=list(self._roles).index)
        if one == other:
            self._report.add(
                arrow.place,
                f"{what}: has {one} at both ends",
                "must be common to two variables",
                "name the other one",
            )
            return
        settled = [x for x in (one, other) if self._roles[x] is Role.CONTROL]
        for name in settled:
            self._report.add(
                arrow.place,
                f"{what}: {name} is set, so nothing hidden causes it",
                "must be between what is measured or observed",
                "leave it out",
            )
        if not settled:
            self._hidden.setdefault((one, other), arrow.place)

    def _sound(self, arrow: Arrow) -> Iterator[Cause]:
        """Yield a line's edges that have two ends and lead to what can be caused."""
        for parent in dict.fromkeys(arrow.parents):
            edge = Cause(parent, arrow.child, arrow.probability)
            if self._known("cause", edge.ends, arrow.place) and self._caused(
                edge, arrow.place
            ):
                yield edge

    def _caused(self, edge: Cause, place: Place) -> bool:
        if edge.parent == edge.child:
            self._report.add(
                place,
                f"cause {_shown(edge)}: causes itself",
                "must have two ends",
                f"leave out {edge.parent} on one side",
            )
            return False
        if self._roles[edge.child] is Role.CONTROL:
            self._report.add(
                place,
                f"cause {_shown(edge)}: {edge.child} is set, not caused",
                "must point to something measured or observed",
                "leave it out"
                if self._roles[edge.parent] is Role.CONTROL
                else f"turn it round: {edge.child} -> {edge.parent}",
            )
            return False
        return True

    def _known(self, what: str, names: Sequence[str], place: Place) -> bool:
        unknown = [name for name in names if name not in self._roles]
        for name in unknown:
            problem, rule, advice = unknown_name(what, name, list(self._roles))
            whole, _, member = name.rpartition(".")
            if self._roles.get(whole) is Role.CONTROL:
                advice = f"write {whole}: {member} cannot change without the others"
            self._report.add(place, problem, rule, advice)
        return not unknown

    # ------------------------------------------------------ lines together

    def _check_forbidden(self) -> None:
        for ends, (edge, place) in self._forbidden.items():
            if ends in self._edges:
                declared = self._edges[ends][1].short
                self._report.add(
                    place,
                    f"cause {_shown(edge)}: is forbidden and declared",
                    f"must be one or the other (declared on {declared})",
                    "leave one of them out",
                )

    def _check_circles(self) -> None:
        left = dict(self._edges.values())
        while circle := find_cycle(left):
            ring = {ends: self._edges[ends] for ends in pairwise(circle)}
            edge, place = max(ring.values(), key=lambda pair: pair[1])
            self._report.add(
                place,
                f"causes: got the circle {' -> '.join(circle)}",
                "must not lead back to where they began",
                "leave one of these arrows out, even one with a probability",
            )
            del left[edge]

    def _check_uncertain(self) -> None:
        doubtful = [pair for pair in self._edges.values() if not pair[0].certain]
        if len(doubtful) > MOST_UNCERTAIN:
            edge, place = doubtful[MOST_UNCERTAIN]
            self._report.add(
                place,
                f"cause {_shown(edge)} ? {edge.probability:g}: is the uncertain cause "
                f"number {MOST_UNCERTAIN + 1} of {len(doubtful)}",
                f"must be at most {MOST_UNCERTAIN}, since every combination of them "
                "is weighed",
                "keep the ? where it matters most; leave out the others, or declare "
                "them without",
            )


def _shown(edge: Cause) -> str:
    return f"{edge.parent} -> {edge.child}"
