from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labagent.causes import (
    Cause,
    Effect,
    Identified,
    Method,
    ProcessGraph,
    Sources,
    Unidentified,
    effect,
    evaluate,
    identify,
    mix,
)
from labagent.causes.factors import Obstacle, set_given, solve
from labagent.causes.mixed import MixedGraph, Names
from labagent.errors import DataError
from tests.causes.worlds import (
    World,
    draw_graph,
    draw_sets,
    make_world,
    process,
    settings,
    sources,
)

SEEDS = st.integers(0, 2**32 - 1)
NAPKIN = process("w>r r>x x>y", "w~x", "w~y")
TOGETHER = process("x1>z z>x2 x1>x2 x2>y x1>y", "z~y", "x1~z")


def check(world: World, found: Identified, at_hand: Sources, random: Random) -> None:
    """The formula must give the truth for all values, whatever the arbitrary ones."""
    counts = world.counts(at_hand)
    for at in settings(found.effect.variables):
        anyhow = {name: random.randint(0, 1) for name in found.arbitrary}
        value = evaluate(found.estimand, counts, at | anyhow)
        assert value == pytest.approx(world.truth(found.effect, at)), str(found)


def draw(seed: int) -> tuple[World, Effect, Sources, Random]:
    """Draw a process, an effect, and what was recorded and set."""
    random = Random(seed)  # noqa: S311  # not for secrets
    names = frozenset("abcde"[: random.randint(3, 5)])
    world = make_world(draw_graph(random, len(names)), random, names)
    asked = draw_effect(random, world, names)
    named = mix(world.graph).vertices - asked.outcome - asked.given
    lost = frozenset(n for n in sorted(named) if random.random() < 0.1)
    regimes = [draw_sets(random, names, random.choice([0, 0, 1, 2]))[0] for _ in "ab"]
    settable = frozenset(random.sample(sorted(names), 2))
    at_hand = Sources(
        names - lost, tuple(regimes[: random.choice([1, 1, 2])]), settable
    )
    return world, asked, at_hand, random


def draw_effect(random: Random, world: World, names: Names) -> Effect:
    """Draw what to ask, mostly something that has an effect."""
    graph = mix(world.graph, names)
    (y,) = draw_sets(random, names, 1)
    causes = graph.ancestors(y) - y
    few = causes if causes and random.random() < 0.9 else names - y
    (x,) = draw_sets(random, few, random.choice([1, 1, 2]))
    (w,) = draw_sets(random, names - x - y, random.choice([0, 0, 1]))
    return Effect(x, y, w)


@given(SEEDS)
def test_what_is_identified_is_true(seed: int) -> None:
    world, asked, at_hand, random = draw(seed)
    found = identify(world.graph, asked, at_hand)
    if isinstance(found, Identified):
        check(world, found, at_hand, random)
        assert found.regimes <= set(at_hand.regimes)


@given(SEEDS)
def test_the_general_formula_is_true_where_a_plainer_one_is_taken(seed: int) -> None:
    world, asked, at_hand, random = draw(seed)
    found = identify(world.graph, asked, at_hand)
    if isinstance(found, Identified):
        graph = mix(world.graph, at_hand.variables)
        general = solve(graph, set_given(graph, asked), at_hand)
        assert not isinstance(general, Obstacle)
        check(world, replace(found, estimand=general), at_hand, random)


@given(SEEDS)
def test_every_remedy_settles_it(seed: int) -> None:
    world, asked, at_hand, random = draw(seed)
    found = identify(world.graph, asked, at_hand)
    for remedy in found.remedies if isinstance(found, Unidentified) else ():
        better = at_hand.measure_more(remedy.measure)
        better = better.set_more(remedy.do) if remedy.do else better
        more = Effect(asked.treatment | remedy.hold, asked.outcome, asked.given)
        told = identify(world.graph, more, better)
        assert isinstance(told, Identified), str(remedy)
        check(world, told, better, random)


def test_the_drawn_cases_are_of_every_kind() -> None:
    kinds: Counter[str] = Counter()
    for seed in range(600):
        world, asked, at_hand, _ = draw(seed)
        found = identify(world.graph, asked, at_hand)
        kinds[found.method if isinstance(found, Identified) else "unidentified"] += 1
        kinds["set"] += isinstance(found, Identified) and any(found.regimes)
    assert min(kinds[kind] for kind in [*Method, "unidentified", "set"]) > 0, kinds


@given(SEEDS)
def test_one_kind_of_experiment_tells_all_but_hedges(seed: int) -> None:
    random = Random(seed)  # noqa: S311  # not for secrets
    names = frozenset("abcde"[: random.randint(2, 5)])
    graph = draw_graph(random, len(names))
    y, x, done = draw_sets(random, names, 1, random.randint(1, 2), 0)
    if seed % 2:
        done = x & frozenset(sorted(x)[:1])
    found = identify(graph, Effect(x, y), Sources(names, (done,)))
    seen = mix(graph, names).cut_into(done)
    assert isinstance(found, Unidentified) == has_hedge(seen, x - done, y, done)


def has_hedge(graph: MixedGraph, x: Names, y: Names, done: Names) -> bool:
    """Look at all pairs of sets, as theorem 4 of Shpitser and Pearl (2006) says."""
    causes = graph.keep(graph.vertices - x).ancestors(y) - done
    free = graph.keep(graph.vertices - done)
    tied = [
        frozenset(some)
        for size in range(1, len(free.vertices) + 1)
        for some in combinations(sorted(free.vertices), size)
        if len(free.keep(frozenset(some)).districts()) == 1
    ]
    return any(
        inner < outer
        and inner <= causes
        and outer & x
        and free.keep(outer).ancestors(inner) == outer
        for inner in tied
        for outer in tied
    )


@pytest.mark.parametrize(
    ("graph", "asked", "measured", "formula"),
    [
        (process("x>y"), effect("x", "y"), "x y", "P(y | x)"),
        (process("x>y"), effect("y", "x"), "x y", "P(x)"),
        (
            process("z>x z>y x>y"),
            effect("x", "y"),
            "x y z",
            "sum over z of P(y | x, z) P(z)",
        ),
        (process("x>y x>z y>z"), effect("x", "y"), "x y z", "P(y | x)"),
        (process("x>y", "x~z", "z~y"), effect("x", "y"), "x y z", "P(y | x)"),
        (process("u>x u>z v>z v>y x>y"), effect("x", "y"), "x y z", "P(y | x)"),
        (
            process("x>m m>y", "x~y"),
            effect("x", "y"),
            "x y m",
            "sum over m of P(m | x) [sum over x' of P(y | m, x') P(x')]",
        ),
        (
            process("a>b b>c c>d", "b~d"),
            effect("c", "d"),
            "a b c d",
            "sum over b of P(d | b, c) P(b)",
        ),
        (
            NAPKIN,
            effect("x", "y"),
            "w r x y",
            "[sum over w of P(w) P(x | r, w) P(y | r, w, x)]"
            " / [sum over w of P(w) P(x | r, w)]",
        ),
        (
            TOGETHER,
            effect(["x1", "x2"], "y"),
            "x1 x2 z y",
            "sum over z of P(z | x1) P(y | x1, x2, z)",
        ),
        (process("x>y w>y"), effect("x", "y", ["w"]), "x y w", "P(y | w, x)"),
        (process("x>w w>y", "x~w"), effect("x", "y", ["w"]), "x y w", "P(y | w)"),
    ],
    ids="child parent back-door collider m-bias m-latent front-door verma napkin "
    "sequence condition screen".split(),
)
def test_textbook_effects_have_their_formula(
    graph: ProcessGraph, asked: Effect, measured: str, formula: str
) -> None:
    found = identify(graph, asked, sources(measured))
    assert isinstance(found, Identified)
    assert str(found.estimand) == formula
    random = Random(0)  # noqa: S311  # not for secrets
    check(make_world(graph, random), found, sources(measured), random)


@pytest.mark.parametrize(
    ("graph", "asked", "at_hand", "formula"),
    [
        (process("x>y", "x~y"), effect("x", "y"), ["x"], "P(y | do(x))"),
        (process("c>x x>y", "x~y"), effect("x", "y"), ["c", "c x"], "P(y | do(x))"),
        (
            TOGETHER,
            effect(["x1", "x2"], "y"),
            ["x1"],
            "sum over z of P(y | do(x1), x2, z) P(z | do(x1))",
        ),
        (
            process("x1>x2 x2>y", "x1~x2", "x2~y", "x1~y"),
            effect("x1", "y"),
            ["x1 x2", "x1"],
            "P(y | do(x1))",
        ),
        (
            process("x>m m>y", "x~m", "x~y", "m~y"),
            effect("x", "y"),
            ["m", ""],
            "",
        ),
        (
            process("x1>z x2>z z>y x2>y", "x1~z", "x2~y"),
            effect(["x1", "x2"], "y"),
            ["x1", "x2"],
            "sum over z of P(z | do(x1), x2) P(y | do(x2), z)",
        ),
    ],
    ids="bow irrelevant sequence smallest unhelpful two-sources".split(),
)
def test_experiments_stand_in_for_others(
    graph: ProcessGraph, asked: Effect, at_hand: list[str], formula: str
) -> None:
    names = " ".join(sorted(mix(graph).vertices))
    found = identify(graph, asked, sources(names, *at_hand))
    assert isinstance(found, Identified) == bool(formula), str(found)
    if isinstance(found, Identified):
        assert str(found.estimand) == formula
        random = Random(0)  # noqa: S311  # not for secrets
        check(make_world(graph, random), found, sources(names, *at_hand), random)


@pytest.mark.parametrize(
    ("graph", "at_hand", "said"),
    [
        (
            process("x>y", "x~y"),
            sources("x y", settable="x"),
            "x <-> y stays open: nobody observes the common cause; "
            "set x at will, and nothing else",
        ),
        (
            process("z>x x>y", "x~y"),
            sources("x y z", settable="z"),
            "x <-> y stays open: nobody observes the common cause; "
            "no experiment with one or two changes would settle it",
        ),
        (
            process("lot>x lot>grain x>grain grain>y"),
            sources("x grain y"),
            "x <- lot -> grain -> y stays open: lot is never measured; measure lot",
        ),
        (
            process("c>x lot>x lot>y x>y"),
            sources("x y", "c", settable="x"),
            "x <- lot -> y stays open where c was set: lot is never measured; "
            "set c and x at will, and nothing else; or set x at will, and nothing "
            "else; or measure lot",
        ),
        (
            process("c>y x>y"),
            sources("y", "c x"),
            "c was set in every experiment, so what c would be if left alone under "
            "do(x) was never seen; ask for the effect at set values of c; "
            "or set x at will, and nothing else",
        ),
        (
            process("x>y"),
            sources("x", settable="x"),
            "y is not measured; measure y",
        ),
        (
            process("x>y"),
            sources("y", settable="x"),
            "x was never set and never measured; set x at will, and nothing else; "
            "or measure x",
        ),
        (
            process("x>y"),
            Sources(frozenset("xy"), (), frozenset("x")),
            "there are no experiments; set x at will, and nothing else",
        ),
        (
            process("a>y x>y", "x~a", "a~y"),
            sources("x y a", settable="a x"),
            "x <-> a <-> y stays open: nobody observes the common cause; "
            "set x at will, and nothing else",
        ),
        (
            process("u>x v>x u>y v>y x>y"),
            sources("x y"),
            "x <- u -> y stays open: u is never measured; measure u and v",
        ),
        (
            ProcessGraph(),
            sources("x y", settable="x"),
            "no causes are declared, and no experiment set just the treatment; "
            "set x at will, and nothing else",
        ),
    ],
    ids="bow instrument lot-grain lot-set always-set unmeasured unknown nothing chain "
    "pair undeclared".split(),
)
def test_unidentified_effects_say_why_and_what_would_help(
    graph: ProcessGraph, at_hand: Sources, said: str
) -> None:
    found = identify(graph, effect("x", "y"), at_hand)
    assert isinstance(found, Unidentified)
    assert str(found) == f"P(y | do(x)) cannot be told: {said}"


def test_without_declared_causes_only_what_was_done_is_known() -> None:
    at_hand = sources("x y z", "x", "x z", "")
    for asked in (effect("x", "y"), effect(["x", "z"], "y"), effect("x", "y", ["z"])):
        found = identify(ProcessGraph(), asked, at_hand)
        assert isinstance(found, Identified)
        assert str(found.estimand) == str(asked)
    assert isinstance(identify(ProcessGraph(), effect("z", "y"), at_hand), Unidentified)


def test_uncertain_edges_count_as_edges() -> None:
    graph = ProcessGraph((Cause("x", "y"), Cause("z", "x", 0.1), Cause("z", "y", 0.1)))
    found = identify(graph, effect("x", "y"), sources("x y z"))
    assert isinstance(found, Identified)
    assert found.adjustment == {"z"}


def test_an_identified_effect_says_what_it_needs() -> None:
    found = identify(NAPKIN, effect("x", "y"), sources("w r x y"))
    assert isinstance(found, Identified)
    assert found.arbitrary == {"r"}
    assert found.regimes == {frozenset()}
    assert str(found).endswith(", for any r (ID algorithm)")
    found = identify(process("x>m m>y", "x~y"), effect("x", "y"), sources("x m y"))
    assert isinstance(found, Identified)
    assert (found.method, found.mediators) == (Method.FRONT_DOOR, {"m"})


@pytest.mark.parametrize(
    ("ask", "match"),
    [
        (lambda: effect("x", []), "got no outcome, must have one"),
        (lambda: effect("x", ["x", "y"]), "got x more than once"),
        (lambda: effect("x", "y", ["y"]), "got y more than once"),
        (
            lambda: identify(process("x>y"), effect("temp", "y"), sources("x y")),
            r"got temp, must be variables .* choose from x and y",
        ),
        (
            lambda: identify(process("x>y y>x"), effect("x", "y"), sources("x y")),
            "got the cycle",
        ),
    ],
    ids="nothing twice given unknown cycle".split(),
)
def test_nonsense_is_refused(ask: Callable[[], object], match: str) -> None:
    with pytest.raises(DataError, match=match):
        ask()
