from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labagent.errors import ModelError
from labagent.planning.sampling import count_keys, sample, tidy
from labagent.representations.encoder import SpaceEncoder
from labagent.variables import (
    Composition,
    Constraint,
    Continuous,
    DesignSpace,
    Species,
    Term,
)
from tests.spaces import GRID, SPACES, control, species


@pytest.mark.parametrize("name", SPACES)
def test_samples_keep_every_rule_and_differ(name: str) -> None:
    encoder = SpaceEncoder(SPACES[name])
    points = sample(encoder, 25, seed=0)
    assert len(count_keys(points)) == 25
    assert [v for p in points for v in encoder.space.violations(p)] == []


@pytest.mark.parametrize("name", SPACES)
def test_a_sequence_goes_on_where_it_stopped(name: str) -> None:
    encoder = SpaceEncoder(SPACES[name])
    whole = sample(encoder, 12, seed=5)
    first = sample(encoder, 7, seed=5)
    rest = sample(encoder, 5, seed=5, taken=count_keys(first))
    assert first + rest == whole


def test_a_used_up_grid_gives_what_is_left() -> None:
    encoder = SpaceEncoder(GRID)
    everything = list(GRID.points())
    left = sample(encoder, 9, seed=0, taken=count_keys(everything[:-2]))
    assert count_keys(left) == count_keys(everything[-2:])


def test_candidates_are_the_only_answers() -> None:
    rows = ({"x": 0.1}, {"x": 0.5}, {"x": 0.9})
    space = DesignSpace((control("x", Continuous(0, 1)),), candidates=rows)
    found = sample(SpaceEncoder(space), 5, seed=0)
    assert count_keys(found) == count_keys(rows)


def test_replicates_among_candidates_come_last() -> None:
    rows = ({"x": 0.1}, {"x": 0.9}, {"x": 0.1}, {"x": 0.1})
    space = DesignSpace((control("x", Continuous(0, 1)),), candidates=rows)
    encoder = SpaceEncoder(space)
    found = sample(encoder, 9, seed=0)
    assert count_keys(found[:2]) == count_keys(rows[:2])
    assert count_keys(found) == count_keys(rows)
    again = sample(encoder, 9, seed=0, taken=count_keys(found[:3]))
    assert again == [{"x": 0.1}]
    assert sample(encoder, 1, seed=0, taken=count_keys(found)) == []


def test_an_empty_space_is_told() -> None:
    rule = Constraint("x <= -1", (Term(1, "x"),), -1)
    space = DesignSpace((control("x", Continuous(0, 1)),), (rule,))
    with pytest.raises(ModelError, match="loosen the constraints"):
        sample(SpaceEncoder(space), 1, seed=0)


def test_points_fill_the_space_more_evenly_than_chance() -> None:
    space = DesignSpace((control("x", Continuous(0, 1)),))
    xs = sorted(float(p["x"]) for p in sample(SpaceEncoder(space), 32, 0))  # type: ignore[arg-type]
    gaps = [b - a for a, b in pairwise(xs)]
    assert max(gaps) < 3 / 32  # the largest gap of 32 random points is about 0.12


@given(
    lows=st.lists(st.integers(0, 4), min_size=3, max_size=5),
    at_most=st.integers(2, 5),
    seed=st.integers(0, 99),
)
def test_compositions_with_limits(lows: list[int], at_most: int, seed: int) -> None:
    limits = tuple(Species(f"S{i}", low / 20, 0.7) for i, low in enumerate(lows))
    needed = sum(low > 0 for low in lows)
    domain = Composition(limits, Fraction(1, 20), 1, max(at_most, needed))
    space = DesignSpace((control("c", domain),))
    for point in sample(SpaceEncoder(space), 3, seed):
        value = point["c"]
        assert isinstance(value, Mapping)
        assert sum(value.values()) == pytest.approx(1)
        assert domain.violations(value) == []


def test_the_grid_is_counted_as_it_is_listed() -> None:
    domain = Composition(species("A B C D", 0, 0.5), Fraction(1, 10), 2, 3)
    points = list(domain.points())
    assert domain.size == len(points) == len(count_keys([{"c": p} for p in points]))
    assert [v for p in points for v in domain.violations(p)] == []


@pytest.mark.parametrize(
    ("domain", "value", "wanted"),
    [
        (Continuous(80, 180), 113.238471, 113.24),
        (Continuous(1, 100, log=True), 3.14159265, 3.1416),
        (Continuous(0, 1, step=0.05), 0.1500000001, 0.15),
        (Continuous(0.33333333, 1), 0.33333331, 0.33333333),
    ],
    ids=["linear", "log", "grid", "bound"],
)
def test_numbers_are_tidied_for_people(
    domain: Continuous, value: float, wanted: float
) -> None:
    assert tidy(domain, value) == wanted
