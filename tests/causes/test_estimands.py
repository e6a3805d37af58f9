import pytest

from labagent.causes import Estimand, Probability, Product, Quotient, Sum
from labagent.causes.estimands import divide, multiply, sum_over, terms

A, B = Probability(("a",)), Probability(("b",))
A_B = Probability(("a",), ("b",))
B_A = Probability(("b",), ("a",))
AB = Probability(("a", "b"))
DONE = Probability(("a",), ("b",), ("x",), frozenset("xz"))


@pytest.mark.parametrize(
    ("estimand", "text"),
    [
        (DONE, "P(a | do(x), b)"),
        (Product(()), "1"),
        (Sum(("b",), Product((A_B, B))), "sum over b of P(a | b) P(b)"),
        (Product((B, Sum(("b",), B))), "P(b) [sum over b' of P(b')]"),
        (Quotient(Product((A, B)), B_A), "[P(a) P(b)] / P(b | a)"),
    ],
    ids="done one sum prime quotient".split(),
)
def test_formulas_can_be_read(estimand: Estimand, text: str) -> None:
    assert str(estimand) == text


@pytest.mark.parametrize(
    ("estimand", "over", "left"),
    [
        (AB, "b", A),
        (Product((A, B_A)), "b", A),
        (Product((A, B_A)), "ab", Product(())),
        (Product((A_B, B)), "b", Sum(("b",), Product((A_B, B)))),
        (Sum(("b",), Product((A_B, B))), "a", Product(())),
        (Quotient(AB, B), "a", Product(())),
        (Quotient(AB, B), "b", Sum(("b",), Quotient(AB, B))),
        (Product((B, A_B, Probability(("c",)))), "b", None),
    ],
    ids="marginal chain all mixture inner quotient divisor outside".split(),
)
def test_sums_are_done_where_they_can_be(
    estimand: Estimand, over: str, left: Estimand | None
) -> None:
    wanted = left or Product((Probability(("c",)), Sum(("b",), Product((B, A_B)))))
    assert sum_over(estimand, over) == wanted


@pytest.mark.parametrize(
    ("above", "below", "left"),
    [
        (AB, B, A_B),
        (Product((A, B)), B, A),
        (A, A, Product(())),
        (A, B, Quotient(A, B)),
        (AB, Probability(("b",), (), (), frozenset("x")), None),
    ],
    ids="condition cancel one plain other-regime".split(),
)
def test_quotients_are_reduced(
    above: Estimand, below: Estimand, left: Estimand | None
) -> None:
    assert divide(above, below) == (left or Quotient(above, below))


def test_an_inner_name_is_not_the_outer_one() -> None:
    formula = multiply([B_A, Sum(("a",), Product((A, B_A)))])
    assert formula.variables == {"a", "b"}
    assert Sum(("a",), A).variables == frozenset()
    assert terms(formula) == (B_A, A, B_A)
