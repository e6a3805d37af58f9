import pytest

from labagent.causes import Counts, Probability, Product, Quotient, Sum, evaluate
from labagent.errors import DataError

NOWHERE = frozenset[str]()
SEEN = Counts(
    {
        NOWHERE: [
            ({"lot": "old", "temper": 0, "grain": "fine"}, 3),
            ({"lot": "old", "temper": 1, "grain": "fine"}, 1),
            ({"lot": "new", "temper": 0, "grain": "fine"}, 1),
            ({"lot": "new", "temper": 0, "grain": "coarse"}, 1),
            ({"lot": "new", "temper": 1, "grain": "coarse"}, 2),
        ],
        frozenset({"temper"}): [({"temper": 2, "grain": "coarse"}, 5)],
    }
)
GRAIN = Probability(("grain",), ("lot", "temper"))
LOT = Probability(("lot",))


def test_counts_of_several_levels_are_adjusted() -> None:
    formula = Sum(("lot",), Product((GRAIN, LOT)))
    at = {"temper": 0, "grain": "fine"}
    assert evaluate(formula, SEEN, at) == pytest.approx(1 * 4 / 8 + 0.5 * 4 / 8)
    assert SEEN.levels("lot") == ("old", "new")
    assert SEEN.levels("temper") == (0, 1, 2)


def test_each_term_is_read_from_its_own_experiments() -> None:
    done = Probability(("grain",), (), ("temper",), frozenset({"temper"}))
    at = {"temper": 2, "grain": "coarse"}
    assert evaluate(done, SEEN, at) == 1.0
    assert evaluate(Quotient(LOT, LOT), SEEN, {"lot": "old"}) == 1.0


def test_what_never_occurred_has_no_probability() -> None:
    at = {"temper": 2, "grain": "fine", "lot": "old"}
    with pytest.raises(DataError, match=r"no experiment with lot = old, temper = 2"):
        evaluate(GRAIN, SEEN, at)
    with pytest.raises(DataError, match="must have some"):
        evaluate(Quotient(LOT, Probability(("lot",))), SEEN, {"lot": "odd"})
