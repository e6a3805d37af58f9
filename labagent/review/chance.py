"""What chance alone would find, where the number of recipes is known.

Notation: N recipes in all, m of them good enough, k drawn at random without repeats.
The number of good ones among the drawn is hypergeometric, so nothing is simulated.
"""

import math
from bisect import bisect_left
from collections.abc import Callable


def chance_of_one(good: int, of: int, drawn: int) -> float:
    """Return the probability that at least one of k drawn recipes is good.

    It is 1 - C(N - m, k) / C(N, k).

    Args:
        good: m.
        of: N.
        drawn: k, at most N.
    """
    # whole numbers of any size: exact until the one division
    ways = math.comb(of, drawn)
    return (ways - math.comb(of - good, drawn)) / ways


def rank_reached(of: int, drawn: int, chance: float) -> int:
    """Return the rank, 1 is the best, that the best of k random recipes reaches.

    Args:
        of: N.
        drawn: k, from 1 to N.
        chance: With this probability it is of this rank or better.
    """
    return _first(lambda rank: chance_of_one(rank, of, drawn) >= chance, of)


def draws_for(good: int, of: int, chance: float = 0.5) -> int:
    """Return how many random draws find a good recipe with a given probability."""
    return _first(lambda drawn: chance_of_one(good, of, drawn) >= chance, of)


def _first(holds: Callable[[int], bool], most: int) -> int:
    """Return the first number from 1 to ``most`` from which something holds."""
    return 1 + bisect_left(range(1, most), True, key=holds)
