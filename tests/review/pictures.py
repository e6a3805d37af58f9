"""Process graphs to draw: one of a real campaign, and random ones."""

from pathlib import Path

from hypothesis import strategies as st

from labagent import config
from labagent.causes import Cause, ProcessGraph
from labagent.review.graphs import Group, Picture, Vertex, picture
from labagent.variables import Role

CAMPAIGNS = Path(__file__).resolve().parents[2] / "campaigns"
PEROVSKITE = picture(config.load(CAMPAIGNS / "perovskite.yaml"))
ALLOY = picture(config.load(CAMPAIGNS / "alloy.yaml"))

_NAMES = st.text(st.sampled_from("abW_<&>\"' é\x07"), max_size=12)
_UNITS = st.sampled_from(["", "nm", "kg/m^3/h", "<&>"])


@st.composite
def _vertices(
    draw: st.DrawFn, role: Role, least: int, most: int, stage: str = ""
) -> list[Vertex]:
    names = draw(st.lists(_NAMES, min_size=least, max_size=most))
    head = f"{stage}." if role is Role.CONTROL else f"{stage}{role.value}"
    return [
        Vertex(f"{head}{name}{i}", role, stage, draw(_UNITS))
        for i, name in enumerate(names)
    ]


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    """Return a random process; its links may run any way, even against its order."""
    context = draw(_vertices(Role.CONTEXT, 0, 3))
    groups = [Group("context", False, tuple(context))] if context else []
    for number in range(draw(st.integers(1, 4))):
        stage = f"s{number}"
        inside = draw(_vertices(Role.CONTROL, 0, 4, stage))
        inside += draw(_vertices(Role.STATE, 0, 3, stage))
        groups.append(Group(stage, True, tuple(inside)))
    outcomes = draw(_vertices(Role.OUTCOME, 1, 3))
    groups.append(Group("outcomes", False, tuple(outcomes)))
    names = [v.name for group in groups for v in group.vertices]
    ends = st.tuples(st.sampled_from(names), st.sampled_from(names))
    pairs = draw(st.lists(ends.filter(lambda p: p[0] != p[1]), max_size=20))
    hidden = draw(st.lists(ends.filter(lambda p: p[0] < p[1]), max_size=4))
    doubt = st.sampled_from([1.0, 1.0, 0.25, 0.7])
    edges = tuple(Cause(a, b, draw(doubt)) for a, b in dict.fromkeys(pairs))
    forbidden = (Cause(names[0], names[-1]),) if draw(st.booleans()) else ()
    graph = ProcessGraph(edges, forbidden, tuple(dict.fromkeys(hidden)))
    return Picture("<random & rest>", tuple(groups), graph)
