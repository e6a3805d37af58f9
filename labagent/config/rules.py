"""A small language for rules: ``a + 2 * b <= c - 5 s when base == K2CO3``.

::

    rule      = sum ("<=" | ">=") sum [ "when" condition { "and" condition } ]
    sum       = product { ("+" | "-") product }
    product   = factor { ("*" | "/") factor }
    factor    = ["-" | "+"] ( number [ unit ] | name | "(" sum ")" )
    condition = name ("<=" | ">=" | "==" | "!=") value

A unit directly follows its number. The parser knows names, not what they mean: it
returns sums of names and amounts, and refuses what no linear rule can say.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from labagent.config.numerals import rewritten

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)
    | (?P<quoted>"[^"]*"|'[^']*')
    | (?P<name>[^\W\d][\w°]*(?:\.[^\W\d]\w*)*|[°%]\w*)
    | (?P<op><=|>=|==|!=|\*\*|[-+*/()<>=^])
    | (?P<other>\S)
    )""",
    re.VERBOSE,
)
_RELATIONS = ("<=", ">=")
_STRANGE = {
    "and": "write one line for each",
    "or": "write one line for each",
    "if": "write when",
    "where": "write when",
}
_SIGNS = {"≤": "<=", "⩽": "<=", "≥": ">=", "⩾": ">=", "≠": "!="}
_LONGEST = 500  # characters of a rule
_DEEPEST = 20  # brackets within brackets
_CHAINS = "must state one inequality"


class RuleError(Exception):
    """What is wrong with a rule: problem, what must be, what to write instead."""

    def __init__(self, problem: str, rule: str, suggestion: str = "") -> None:
        self.problem, self.rule, self.suggestion = problem, rule, suggestion
        super().__init__(problem)


@dataclass(frozen=True)
class Token:
    """A piece of a rule and where it stands in the text."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Amount:
    """A number with its unit as written; None where none was written."""

    value: float
    unit: str | None = None


@dataclass
class Sum:
    """Sum of coefficients times names, and of amounts; perhaps over one name.

    Attributes:
        terms: Name to coefficient.
        amounts: Constants.
        under: The name everything is divided by, or None.
    """

    terms: dict[str, float] = field(default_factory=dict[str, float])
    amounts: list[Amount] = field(default_factory=list[Amount])
    under: str | None = None

    @property
    def number(self) -> float | None:
        """The value of a plain number without unit; None for anything else."""
        if self.terms or len(self.amounts) != 1 or self.amounts[0].unit is not None:
            return None
        return self.amounts[0].value

    def scaled(self, factor: float) -> "Sum":
        """Return the sum times a number."""
        return Sum(
            {name: factor * c for name, c in self.terms.items()},
            [Amount(factor * a.value, a.unit) for a in self.amounts],
            self.under,
        )

    def plus(self, other: "Sum") -> "Sum":
        """Return the sum of both."""
        if self.under or other.under:
            raise RuleError(
                "a ratio in a sum",
                "must have a ratio alone on its side",
                "write a / b <= 2",
            )
        terms = dict(self.terms)
        for name, c in other.terms.items():
            terms[name] = terms.get(name, 0.0) + c
        return Sum(terms, [*self.amounts, *other.amounts])

    def over(self, other: "Sum") -> "Sum":
        """Return the quotient: by a number, or by one name."""
        if other.number is not None:
            if other.number == 0:
                raise RuleError("a division by zero", "must divide by another number")
            return self.scaled(1 / other.number)
        single = len(other.terms) == 1 and not other.amounts and not other.under
        if not single or self.under or self.amounts or not self.terms:
            raise _not_linear()
        (name, coefficient), *_ = other.terms.items()
        if coefficient == 0:
            raise RuleError("a division by zero", "must divide by another number")
        return Sum(self.scaled(1 / coefficient).terms, [], name)


@dataclass(frozen=True)
class When:
    """One condition as written: its value is still text."""

    name: str
    relation: str
    value: str
    quoted: bool = False


@dataclass(frozen=True)
class Rule:
    """``left <= right`` (or >=) where all conditions hold."""

    left: Sum
    relation: str
    right: Sum
    when: tuple[When, ...] = ()


def _not_linear() -> RuleError:
    return RuleError(
        "a product or quotient of controls",
        "must be linear: numbers times controls, or one ratio a / b with a number",
    )


def tokens_of(text: str) -> list[Token]:
    """Return the pieces of a rule."""
    if len(text) > _LONGEST:
        raise RuleError(f"{len(text)} characters", f"must be at most {_LONGEST} long")
    found: list[Token] = []
    for match in _TOKEN.finditer(text.rstrip()):
        kind = match.lastgroup or "other"
        found.append(Token(kind, match[kind], match.start(kind), match.end(kind)))
    return found


def parse_rule(text: str, names: Collection[str]) -> Rule:
    """Return what a rule says.

    Args:
        text: Such as ``a <= 5 s``.
        names: Known names; they end a unit (``5 s / a``).

    Raises:
        RuleError: The text is no rule.
    """
    tokens = tokens_of(text)
    at = _first_word(tokens, "when")
    head = tokens if at is None else tokens[:at]
    for word, better in _STRANGE.items():
        if word not in names and _first_word(head, word) is not None:
            raise RuleError(f"{word!r}", _CHAINS, better)
    when = () if at is None else _conditions(text, tokens[at + 1 :])
    parser = _Parser(text, head, names)
    left = parser.sum()
    relation = parser.relation()
    right = parser.sum()
    parser.end()
    return Rule(left, relation, right, when)


def parse_conditions(text: str) -> tuple[When, ...]:
    """Return conditions joined by ``and``.

    Raises:
        RuleError: The text is not that.
    """
    return _conditions(text, tokens_of(text))


def _first_word(tokens: Sequence[Token], word: str) -> int | None:
    for i, token in enumerate(tokens):
        if token.kind == "name" and token.text == word:
            return i
    return None


def _conditions(text: str, tokens: Sequence[Token]) -> tuple[When, ...]:
    if _first_word(tokens, "or") is not None:
        raise RuleError("'or'", "must join with and", "write one line for each case")
    found: list[When] = []
    rest = list(tokens)
    while True:
        at = _first_word(rest, "and")
        found.append(_condition(text, rest if at is None else rest[:at]))
        if at is None:
            return tuple(found)
        rest = rest[at + 1 :]


def _condition(text: str, tokens: Sequence[Token]) -> When:
    shown = text[tokens[0].start : tokens[-1].end] if tokens else ""
    form = "must read like: name <= value"
    if len(tokens) < 3 or tokens[0].kind != "name":  # noqa: PLR2004 name, relation, value
        raise RuleError(f"the condition {shown!r}", form)
    relation = tokens[1].text
    if relation in _SIGNS:
        raise RuleError(f"the condition {shown!r}", form, _spelled(relation))
    if relation == "=":
        raise RuleError(f"the condition {shown!r}", form, "write == for 'is equal to'")
    if relation in ("<", ">"):
        raise RuleError(f"the condition {shown!r}", form, f"write {relation}=")
    if relation not in ("<=", ">=", "==", "!="):
        raise RuleError(f"the condition {shown!r}", form)
    if len(tokens) == 3 and tokens[2].kind == "quoted":  # noqa: PLR2004 name, relation, value
        return When(tokens[0].text, relation, tokens[2].text[1:-1], quoted=True)
    value = text[tokens[2].start : tokens[-1].end]
    return When(tokens[0].text, relation, value)


def _spelled(sign: str) -> str:
    """Return how to type a sign that keyboards lack."""
    return f"write {_SIGNS[sign]}" if sign in _SIGNS else ""


class _Parser:
    """Recursive descent over the tokens before ``when``."""

    def __init__(
        self, text: str, tokens: Sequence[Token], names: Collection[str]
    ) -> None:
        self._text = text
        self._tokens = tokens
        self._names = names
        self._at = 0
        self._depth = 0

    def sum(self) -> Sum:
        total = self._product()
        while self._sees("+", "-"):
            sign = 1.0 if self._take().text == "+" else -1.0
            total = total.plus(self._product().scaled(sign))
        return total

    def relation(self) -> str:
        token = self._peek()
        if token is None:
            raise RuleError("no <= or >=", _CHAINS, "write for example a <= b")
        if token.text in _RELATIONS:
            return self._take().text
        if token.text in ("==", "=", "!="):
            raise RuleError(
                f"{token.text!r}",
                "must be an inequality, <= or >=",
                "leave out a control whose value is settled; == may follow when",
            )
        if token.text in ("<", ">"):
            raise RuleError(
                f"{token.text!r}", "must be <= or >=", f"write {token.text}="
            )
        raise RuleError(
            f"{token.text!r} where <= or >= should be", _CHAINS, _spelled(token.text)
        )

    def end(self) -> None:
        token = self._peek()
        if token is None:
            return
        if token.text in (*_RELATIONS, "==", "<", ">"):
            raise RuleError("two comparisons", _CHAINS, "write one line for each")
        self._decimal_comma(token)
        raise RuleError(f"{token.text!r} after the rule", _CHAINS)

    def _decimal_comma(self, token: Token) -> None:
        """Refuse 100,5 with what to write instead."""
        after = self._peek(1)
        before = self._tokens[self._at - 1] if self._at else token
        if token.text == "," and after and before.kind == after.kind == "number":
            number = f"{before.text},{after.text}"
            raise RuleError(
                f"{number!r}", "must have a decimal point", rewritten(number)
            )

    def _product(self) -> Sum:
        left = self._factor()
        while self._sees("*", "/"):
            divide = self._take().text == "/"
            right = self._factor()
            left = left.over(right) if divide else _times(left, right)
        if self._sees("^", "**"):
            raise _not_linear()
        return left

    def _factor(self) -> Sum:
        token = self._take()
        if token.text in ("-", "+"):
            return self._deeper(self._factor).scaled(-1.0 if token.text == "-" else 1.0)
        if token.text == "(":
            inner = self._deeper(self.sum)
            if not self._sees(")"):
                raise RuleError(
                    "a bracket that is not closed", "must close it", "add )"
                )
            self._take()
            return inner
        if token.kind == "number":
            return Sum(amounts=[Amount(float(token.text), self._unit(token))])
        if token.kind == "name":
            return Sum({token.text: 1.0})
        raise RuleError(f"{token.text!r}", "must have a name or a number there")

    def _deeper(self, parse: Callable[[], Sum]) -> Sum:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise RuleError("too many brackets", f"must nest at most {_DEEPEST} deep")
        inner = parse()
        self._depth -= 1
        return inner

    def _unit(self, number: Token) -> str | None:
        """Take the unit that follows a number; None where there is none."""
        first = self._peek()
        if first is None or first.kind != "name":
            return None
        if first.text in self._names:
            raise RuleError(
                f"{number.text} {first.text}",
                "must say what joins them",
                f"write {number.text} * {first.text}",
            )
        last = self._take()
        while self._goes_on():
            self._take()
            last = self._take()
            if last.text == "-":
                last = self._take()
        return self._text[first.start : last.end]

    def _goes_on(self) -> bool:
        """Whether the next two tokens belong to a unit: ``/ m``, ``^ 3``."""
        op, after = self._peek(), self._peek(1)
        if op is None or after is None:
            return False
        if op.text in ("^", "**"):
            return after.kind == "number" or after.text == "-"
        return (
            op.text in ("*", "/")
            and after.kind == "name"
            and after.text not in self._names
        )

    def _peek(self, ahead: int = 0) -> Token | None:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else None

    def _sees(self, *texts: str) -> bool:
        token = self._peek()
        return token is not None and token.kind == "op" and token.text in texts

    def _take(self) -> Token:
        token = self._peek()
        if token is None:
            raise RuleError("an unfinished rule", "must have a name or a number there")
        self._at += 1
        return token


def _times(left: Sum, right: Sum) -> Sum:
    if left.number is not None:
        return right.scaled(left.number)
    if right.number is not None:
        return left.scaled(right.number)
    raise _not_linear()
