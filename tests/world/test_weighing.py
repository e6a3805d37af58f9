import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labagent.experiments import Member, Prediction
from labagent.weighing import (
    ANCHOR,
    PRIOR,
    WIDTHS,
    Weights,
    begin,
    carried,
    densities,
    entry,
    member_at,
    starting_shares,
    weigh,
)

NAMES = (ANCHOR, f"{ANCHOR} x2", "network", "constant")
START = {NAMES[0]: 0.5, NAMES[1]: 0.3, "network": 1.0, "constant": 1.0}
Round = tuple[float, tuple[Member, ...]]
numbers = st.floats(-50, 50)


@st.composite
def rounds(draw: st.DrawFn, always: str = ANCHOR) -> list[Round]:
    """Return results, each with the densities of those members that were awake."""
    found: list[Round] = []
    for _ in range(draw(st.integers(1, 25))):
        awake = draw(st.sets(st.sampled_from(NAMES))) | {always}
        members = tuple(
            Member(n, 0.0, draw(numbers), draw(st.floats(0.01, 100)))
            for n in sorted(awake)
        )
        found.append((draw(numbers), members))
    return found


def mixture_score(series: Sequence[Round]) -> float:
    """Return the log score of mixtures sealed one after the other, in nats."""
    total = 0.0
    for i, (value, members) in enumerate(series):
        shares = weigh(series[:i], START).shares(m.name for m in members)
        sealed = tuple(Member(m.name, shares[m.name], m.mean, m.std) for m in members)
        total += Prediction("y", "", sealed).log_density(value)
    return total


def score(series: Sequence[Round], name: str) -> float:
    return sum(densities(members, value)[name] for value, members in series)


@given(rounds())
def test_never_more_than_ln_2_behind_the_plain_process(series: list[Round]) -> None:
    behind = score(series, ANCHOR) - mixture_score(series)
    assert behind <= math.log(2) + 1e-9 * len(series)


@given(rounds())
def test_shares_are_positive_and_sum_to_one(series: list[Round]) -> None:
    shares = weigh(series, START).shares(NAMES)
    assert sum(shares.values()) == pytest.approx(1)
    assert min(shares.values()) >= 0


@given(rounds(always="network"), st.floats(-5, 5), st.floats(0.1, 10))
def test_weights_do_not_depend_on_the_unit(
    series: list[Round], shift: float, scale: float
) -> None:
    moved = [
        (
            shift + scale * value,
            tuple(
                Member(m.name, 0.0, shift + scale * m.mean, scale * m.std)
                for m in members
            ),
        )
        for value, members in series
    ]
    before, after = (weigh(s, START).shares(NAMES) for s in (series, moved))
    assert after == pytest.approx(before, abs=1e-6)


def rival(n: int, better: str) -> list[Round]:
    """Return n results at 0 that one of two members had expected."""
    means = {ANCHOR: 3.0, "network": 3.0, better: 0.0}
    members = tuple(Member(name, 0.0, mean, 1.0) for name, mean in means.items())
    return [(0.0, members)] * n


def test_the_better_member_wins_whoever_it_is() -> None:
    for better in ("network", ANCHOR):
        assert weigh(rival(5, better), START).shares(("network", ANCHOR))[better] > 0.99


def test_a_member_comes_back_when_the_world_drifts() -> None:
    drifted = [*rival(60, ANCHOR), *rival(6, "network")]
    assert weigh(drifted, START).shares(("network", ANCHOR))["network"] > 0.5
    without_share = 54 * (3.0**2 / 2)  # nats a plain Bayes mixture would be behind
    assert without_share > 200


def test_who_sleeps_keeps_its_weight_against_the_rest() -> None:
    one = weigh([(0.0, (Member("network", 0.0, 0.0, 1.0),))], START)
    first = begin(START)
    awake, asleep = (
        math.exp(w.inside["constant"] - _log_mass(w)) for w in (one, first)
    )
    assert awake == pytest.approx(asleep)
    assert one.anchor - one.committee == pytest.approx(0.0)


def _log_mass(weights: Weights) -> float:
    return math.log(sum(math.exp(w) for w in weights.inside.values()))


def test_members_known_to_the_history_alone_are_carried() -> None:
    old = [(0.0, (Member("forest", 0.0, 0.0, 1.0), Member(ANCHOR, 0.0, 5.0, 1.0)))]
    weights = weigh(old, START)
    assert set(weights.inside) == {*NAMES, "forest"}
    assert weights.shares(NAMES).keys() == set(NAMES)


@pytest.mark.parametrize("member", [ANCHOR, "network", "4 x of one", "x"])
@pytest.mark.parametrize("width", [*WIDTHS, 0.5])
def test_a_name_says_member_and_width(member: str, width: float) -> None:
    assert member_at(entry(member, width)) == (member, width)


def test_names_say_what_members_start_with() -> None:
    names = ["grid", "grid x2", "grid x4", PRIOR, "grid x3"]
    assert list(starting_shares(names).items()) == [
        ("grid", 0.5),
        ("grid x2", 0.3),
        ("grid x4", 0.2),
        (PRIOR, 2.0),
        ("grid x3", 0.2),  # an unknown width starts with the least
    ]


@given(rounds(), st.integers(0, 25))
def test_weights_may_be_carried_on_from_anywhere(series: list[Round], at: int) -> None:
    first = begin(START, {m.name for _, members in series for m in members})
    halfway = carried(first, series[:at], first.inside)
    assert carried(halfway, series[at:], first.inside) == weigh(series, START)
