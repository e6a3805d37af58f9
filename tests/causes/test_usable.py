"""The declared graph as far as data can tell it."""

from labagent.causes import Cause, ProcessGraph
from labagent.causes.usable import bypass, project


def graph(*edges: str, hidden: tuple[tuple[str, str], ...] = ()) -> ProcessGraph:
    ends = (e.split(">") for e in edges)
    return ProcessGraph(tuple(Cause(a, b) for a, b in ends), hidden=hidden)


def ends(found: ProcessGraph) -> set[str]:
    return {">".join(e.ends) for e in found.edges}


def test_an_unknown_root_with_one_effect_is_noise() -> None:
    found = project(graph("lot>grain", "heat>grain"), {"heat", "grain"})
    assert ends(found) == {"heat>grain"}
    assert found.hidden == ()


def test_effects_of_an_unknown_root_share_a_hidden_cause() -> None:
    found = project(graph("lot>grain", "lot>y", "grain>y"), {"grain", "y"})
    assert ends(found) == {"grain>y"}
    assert found.hidden == (("grain", "y"),)


def test_causes_reach_through_an_unknown_state() -> None:
    found = project(graph("a>s", "s>y", "s>z"), {"a", "y", "z"})
    assert ends(found) == {"a>y", "a>z"}
    assert found.hidden == (("y", "z"),)


def test_hidden_causes_of_what_is_unknown_pass_on() -> None:
    start = graph("a>s", "s>y", hidden=(("a", "s"),))
    assert project(start, {"a", "y"}).hidden == (("a", "y"),)


def test_what_is_known_stays() -> None:
    start = graph("a>s", "s>y", hidden=(("s", "y"),))
    assert project(start, {"a", "s", "y"}) == start


def test_a_parent_that_was_never_set_is_bypassed() -> None:
    start = graph("a>s", "s>y", "b>y", hidden=(("s", "y"),))
    assert ends(bypass(start, {"a", "b"})) == {"a>s", "a>y", "b>y"}
    assert ends(bypass(start, {"a", "b", "s"})) == ends(start)


def test_bypasses_chain() -> None:
    start = graph("a>s", "s>t", "t>y", hidden=(("s", "y"), ("t", "y")))
    assert ends(bypass(start, {"a"})) == {"a>s", "s>t", "a>y"}
