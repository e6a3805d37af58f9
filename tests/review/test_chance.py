"""Chance, against counting all ways there are and against SciPy."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from labagent.review.chance import chance_of_one, draws_for, rank_reached


@given(st.data())
def test_chance_of_one_good_is_hypergeometric(data: st.DataObject) -> None:
    of = data.draw(st.integers(1, 2000))
    good = data.draw(st.integers(1, of))
    drawn = data.draw(st.integers(1, of))
    expected = 1 - float(hypergeom.pmf(0, of, good, drawn))
    assert chance_of_one(good, of, drawn) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("chance", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("drawn", [1, 3, 8])
def test_the_rank_reached_is_the_quantile_of_all_draws(
    chance: float, drawn: int
) -> None:
    best = sorted(min(c) for c in combinations(range(1, 9), drawn))
    rank = rank_reached(8, drawn, chance)
    assert sum(b <= rank for b in best) >= chance * len(best) - 1e-9
    assert sum(b < rank for b in best) < chance * len(best)


@given(st.integers(1, 500), st.integers(1, 500), st.floats(0.01, 0.99))
def test_as_many_draws_as_needed_and_no_more(
    good: int, others: int, chance: float
) -> None:
    of = good + others
    drawn = draws_for(good, of, chance)
    assert chance_of_one(good, of, drawn) >= chance
    assert drawn == 1 or chance_of_one(good, of, drawn - 1) < chance
