"""The process graph as it is shown: variables in the order of things, and their links.

Plain values without places on a page; :mod:`labagent.review.placing` finds those, and
:mod:`labagent.review.drawing` draws them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from labagent.campaigns import Campaign
from labagent.causes import ProcessGraph
from labagent.review.rows import Row
from labagent.variables import Choice, Composition, Label, Role, Variable

LEFT_OUT = "causes: left out, so everything that comes earlier may matter"
"""Said of a campaign that declares no causes."""

_KINDS = {Choice: "choice", Composition: "composition", Label: "label"}


@dataclass(frozen=True)
class Vertex:
    """One variable of the process.

    Attributes:
        name: Its name in the campaign.
        role: Control, context, state or outcome.
        stage: The stage that sets or measures it; empty for context.
        unit: Its unit; empty for plain numbers and for what is no number.
        kind: What it is instead of a number: a choice, a composition, a label.
        where: The stage, where a drawing has to say it.
    """

    name: str
    role: Role
    stage: str = ""
    unit: str = ""
    kind: str = ""
    where: str = ""

    @property
    def short(self) -> str:
        """The name as it stands in its own stage, without the stage before it."""
        return self.name.removeprefix(f"{self.stage}.")

    @property
    def note(self) -> str:
        """What stands under the name: its unit or kind, and where it is measured."""
        at = f"in {self.where}" if self.where else ""
        return ", ".join(part for part in (self.unit or self.kind, at) if part)


@dataclass(frozen=True)
class Link:
    """What joins two variables.

    Attributes:
        parent: The cause; of a hidden common cause the first of its two effects.
        child: The effect.
        probability: That it is there.
        hidden: Whether a cause that nobody observes is common to both.
    """

    parent: str
    child: str
    probability: float = 1.0
    hidden: bool = False

    @property
    def certain(self) -> bool:
        """Whether it is there without doubt."""
        return self.probability == 1.0

    def __str__(self) -> str:
        """Return the link as the campaign file writes it."""
        doubt = "" if self.certain else f" ? {self.probability:g}"
        return f"{self.parent} {'<->' if self.hidden else '->'} {self.child}{doubt}"


@dataclass(frozen=True)
class Group:
    """Variables that belong together: context, one stage, or the outcomes.

    Attributes:
        title: What stands above them.
        stage: Whether it is a stage.
        vertices: In the order declared; those of a stage are set before measured.
        also: Outcomes that the stage measures, shown among the outcomes.
    """

    title: str
    stage: bool
    vertices: tuple[Vertex, ...]
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Picture:
    """A campaign's process, ready to be drawn.

    Attributes:
        name: The campaign.
        groups: Context, then the stages in order, then outcomes; without empty ones,
            but with every stage.
        graph: What is declared.
    """

    name: str
    groups: tuple[Group, ...]
    graph: ProcessGraph

    @property
    def vertices(self) -> tuple[Vertex, ...]:
        """All variables, in the order of things."""
        return tuple(v for group in self.groups for v in group.vertices)

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the stages, in order."""
        return tuple(group.title for group in self.groups if group.stage)

    @property
    def declared(self) -> bool:
        """Whether any causes are declared; else all of them are to be learned."""
        return bool(self.graph.edges or self.graph.hidden)

    @property
    def links(self) -> tuple[Link, ...]:
        """Declared causes, then hidden ones, in the order declared."""
        edges = (Link(*e.ends, e.probability) for e in self.graph.edges)
        return (*edges, *(Link(a, b, hidden=True) for a, b in self.graph.hidden))

    @property
    def forbidden(self) -> tuple[Link, ...]:
        """Causes that are declared not to be there."""
        return tuple(Link(*e.ends) for e in self.graph.forbidden)


def picture(campaign: Campaign) -> Picture:
    """Return what is to be drawn of a campaign."""
    controls = {v.name: v for v in campaign.space.controls}
    measured = {v.name: v for v in campaign.measured}
    context = tuple(_vertex(v) for v in campaign.context)
    groups = [Group("context", False, context)] if context else []
    for stage in campaign.stages:
        here = [controls[n] for n in stage.controls]
        here += [measured[n] for n in stage.measures if not _is_outcome(measured[n])]
        also = tuple(n for n in stage.measures if _is_outcome(measured[n]))
        vertices = tuple(_vertex(v, stage.name) for v in here)
        groups.append(Group(stage.name, True, vertices, also))
    at = {name: s.name for s in campaign.stages for name in s.measures}
    outcomes = [v for v in campaign.measured if _is_outcome(v)]
    if outcomes:
        shown = [_vertex(v, at.get(v.name, "")) for v in outcomes]
        if len(campaign.stages) > 1:
            shown = [replace(v, where=v.stage) for v in shown]
        groups.append(Group("outcomes", False, tuple(shown)))
    return Picture(campaign.name, tuple(groups), campaign.graph)


def causes_of(shown: Picture) -> Iterator[tuple[str, str]]:
    """Yield each effect and its causes: ``grain_size``, ``time, humidity ?0.7``."""
    for vertex in shown.vertices:
        causes = [link for link in shown.links if link.child == vertex.name]
        words = [_with_doubt(link) for link in causes if not link.hidden]
        if words:
            yield vertex.name, ", ".join(words)


def plain_picture(shown: Picture) -> Row:
    """Return a picture as plain data."""
    return {
        "name": shown.name,
        "declared": shown.declared,
        "stages": list(shown.stages),
        "nodes": [
            {
                "name": v.name,
                "role": v.role.value,
                "stage": v.stage or None,
                "unit": v.unit,
            }
            for v in shown.vertices
        ],
        "edges": [
            {"parent": e.parent, "child": e.child, "probability": e.probability}
            for e in shown.graph.edges
        ],
        "forbidden": [
            {"parent": e.parent, "child": e.child} for e in shown.graph.forbidden
        ],
        "hidden": [list(pair) for pair in shown.graph.hidden],
        "note": "" if shown.declared else LEFT_OUT,
    }


def _vertex(variable: Variable, stage: str = "") -> Vertex:
    kind = _KINDS.get(type(variable.domain), "")
    return Vertex(variable.name, variable.role, stage, variable.unit, kind)


def _is_outcome(variable: Variable) -> bool:
    return variable.role is Role.OUTCOME


def _with_doubt(link: Link) -> str:
    return link.parent + ("" if link.certain else f" ?{link.probability:g}")
