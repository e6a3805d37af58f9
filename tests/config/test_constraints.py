"""Rules of the campaign file to constraints on controls."""

from pathlib import Path

import pytest

from labagent.config.constraints import Scope, read_rules
from labagent.config.nodes import Report, from_plain
from labagent.variables import (
    Choice,
    Composition,
    Constraint,
    Continuous,
    Integer,
    Intervention,
    Role,
    Species,
    Variable,
)
from tests.config.samples import ONE_SHOT, changed, mistakes


def _control(name: str, low: float, high: float, unit: str = "") -> Variable:
    return Variable(name, Role.CONTROL, Continuous(low, high), unit)


CONTROLS = (
    _control("spin.time", 0, 2, "min"),
    _control("drip.delay", 0, 60, "s"),
    _control("hot", 20, 200, "degC"),
    _control("cold", 200, 400, "kelvin"),
    _control("share", 0, 100, "percent"),
    _control("x", -1, 1),
    Variable("n", Role.CONTROL, Integer(1, 9)),
    Variable("base", Role.CONTROL, Choice(("K2CO3", "2-MeTHF", "salt and oil"))),
    Variable("alloy", Role.CONTROL, Composition((Species("Al"), Species("Cu")))),
)
SETTING: Intervention = {
    "spin.time": 1.0,
    "drip.delay": 50.0,
    "hot": 100.0,
    "cold": 300.0,
    "share": 40.0,
    "x": 0.5,
    "n": 3,
    "base": "K2CO3",
    "alloy": {"Al": 0.25, "Cu": 0.75},
}
NAMES = [c.name for c in CONTROLS]


def _read(text: str) -> tuple[Constraint | None, Report]:
    report = Report()
    scope = Scope(CONTROLS, [*NAMES, "broken"], {"plqy": Role.OUTCOME})
    rules = read_rules([from_plain(text, "rule")], scope, report)
    return (rules[0] if rules else None), report


EXCESS = [
    ("drip.delay <= 40 s", 10),
    ("drip.delay <= 40", 10),
    ("drip.delay >= 1 min", 10),
    ("drip.delay <= spin.time - 5 s", -5),
    ("spin.time >= drip.delay + 20 s", 10 / 60),
    ("2 * drip.delay - 3 * (drip.delay - 10) <= 5", -25),
    ("drip.delay / 2 <= 0.5 min", -5),
    ("hot <= 350 kelvin", 23.15),
    ("hot - cold <= 10 degC", 63.15),
    ("hot - cold <= 10 kelvin", 63.15),
    ("320 kelvin >= hot", 53.15),
    ("share <= 0.35 dimensionless", 5),
    ("share <= 35 %", 5),
    ("alloy.Al + alloy.Cu <= 0.9", 0.1),
    ("alloy.Cu <= 50 percent", 0.25),
    ("drip.delay / spin.time <= 0.5", 20),  # 50 s - 0.5 * 60 s/min * 1 min
    ("drip.delay / spin.time <= 30 s/min", 20),
    ("1 <= alloy.Cu / alloy.Al", -0.5),
    ("n / alloy.Al <= 4", 2),
    ("-x <= +1", -1.5),
    ("drip.delay <= 40 s when n >= 3 and base == K2CO3", 10),
    ("drip.delay <= 40 s when alloy.Al <= 25 percent", 10),
    ("drip.delay <= 40 s when spin.time <= 60 s", 10),
    ("drip.delay <= 40 s when base != 2-MeTHF", 10),
    ("drip.delay <= 40 s when n == 4", None),
    ("drip.delay <= 40 s when base == 2-MeTHF", None),
    ("drip.delay <= 40 s when base == 'salt and oil' and n >= 1", None),
]


@pytest.mark.parametrize(("text", "expected"), EXCESS, ids=[e[0] for e in EXCESS])
def test_a_rule_means_what_it_says(text: str, expected: float | None) -> None:
    rule, report = _read(text)
    report.close()
    assert rule is not None
    excess = rule.excess(SETTING)
    assert excess == pytest.approx(-float("inf") if expected is None else expected)


REFUSED = [
    ("drip.dealy <= 5 s", "did you mean 'drip.delay'?"),
    ("alloy.Zn <= 0.5", "got the unknown name 'alloy.Zn'"),
    ("alloy <= 0.5", "write for example alloy.Al"),
    ("base <= 3", "got base, which is a choice"),
    ("plqy <= 3", "limit what is measured under objectives"),
    ("hot <= 5 min", "got 5 in min beside degC"),
    ("hot <= 5 degX", "got the unit 'degX'"),
    ("hot + drip.delay <= 5", "got drip.delay in s beside degC"),
    ("spin.time + drip.delay <= 5", "must carry a unit"),
    ("hot + cold <= 500 kelvin", "units with different zero points"),
    ("drip.delay * n <= 5", "must be linear"),
    ("drip.delay ^ 2 <= 5", "must be linear"),
    ("5 s / drip.delay <= 5", "must be linear"),
    ("drip.delay / n / n <= 5", "must be linear"),
    ("drip.delay / n + 1 <= 5", "must have a ratio alone on its side"),
    ("drip.delay / n <= n", "must be compared with one number"),
    ("n / x <= 5", "which may be -1"),
    ("drip.delay / hot <= 5", "a ratio in degC"),
    ("drip.delay / n <= 5", "must carry a unit"),
    ("n / 0 <= 5", "a division by zero"),
    ("n - n <= 5", "controls that cancel out"),
    ("1 <= 2", "must be about at least one control"),
    ("n == 5", "leave out a control whose value is settled"),
    ("n < 5", "write <="),
    ("1 <= n <= 5", "write one line for each"),
    ("n", "got no <= or >="),
    ("n <=", "got an unfinished rule"),
    ("(n <= 5", "got a bracket that is not closed"),
    ("n <= 5)", "got ')' after the rule"),
    ("2 n <= 5", "write 2 * n"),
    ("n <= 5; import os", "got ';' after the rule"),
    ("(" * 60 + "n" + ")" * 60 + " <= 5", "must nest at most 20 deep"),
    ("n + " * 200 + "n <= 5", "must be at most 500 long"),
    ("n <= 5 when", "got the condition ''"),
    ("n <= 5 when base = K2CO3", "write == for 'is equal to'"),
    ("n <= 5 when x > 0", "write >="),
    ("n <= 5 when n == 2 or n == 3", "write one line for each case"),
    ("n <= 5 when base == K2CO4", "did you mean 'K2CO3'?"),
    ("n <= 5 when base >= K2CO3", "must be == or != there"),
    ("n <= 5 when x == 0", "which may take any value"),
    ("n ≤ 5", "write <="),
    ("n <= 5 when x ≥ 3", "write >="),
    ("n <= 5,5", "must have a decimal point; write 5.5"),
    ("n <= 5 or x <= 3", "'or', must state one inequality; write one line for each"),
    ("n <= 5 and x <= 3", "write one line for each"),
    ("n <= 5 if x >= 3", "write when"),
    ("n <= 5 when n == K2CO3", "must compare n with a number"),
]


@pytest.mark.parametrize(("text", "part"), REFUSED, ids=[r[0][:40] for r in REFUSED])
def test_what_is_no_linear_rule_is_refused(text: str, part: str) -> None:
    rule, report = _read(text)
    assert rule is None
    assert report.count == 1
    with pytest.raises(Exception, match=r"^rule: ") as raised:
        report.close()
    assert part in str(raised.value)


def test_a_rule_on_a_broken_control_is_left_alone() -> None:
    rule, report = _read("broken <= 5")
    assert rule is None
    assert report.count == 0


# rules, and those that are named, the first by its place
IMPOSSIBLE = [
    ("temperature <= 10 degC", "0"),
    ("alloy.Al >= 0.6, alloy.Cu >= 0.6", "01"),
    ("alloy.Al + alloy.Cu + alloy.Ni <= 0.9", "0"),
    ("time >= 15 min, time <= 900 s when base == K2CO3, time <= 14 min", "02"),
    ("time <= 3, temperature <= 100, temperature >= 120, time >= 2", "12"),
    ("time <= 3, time >= 5, temperature <= 90, temperature >= 95", "01 23"),
    ("time <= 0.1 when base == K2CO3, time <= 0.1 when base != K2CO3", "01"),
    ("time <= 3, temperature <= 10 when base == K2CO3, time >= 5 when base == Cs2CO3, "
     "temperature >= 50", "012"),
    ("temperature <= 10 when time >= 1 min", "0"),
    ("time <= 0.5 when temperature >= 90, time <= 0.5 when temperature <= 95", "01"),
    ("time <= 5 when base == K2CO3 and temperature >= 90, time >= 6, "
     "temperature >= 91, alloy.Al <= -1 when base == Cs2CO3", "0123"),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "which"), IMPOSSIBLE, ids=[r[0] for r in IMPOSSIBLE])
def test_rules_that_leave_nothing_are_named(
    tmp_path: Path, rules: str, which: str
) -> None:
    text = changed(ONE_SHOT, ("temperature <= 130 degC", rules))
    texts = rules.split(", ")
    found = mistakes(tmp_path, text)
    assert len(found) == len(which.split())
    for mistake, named in zip(found, which.split(), strict=True):
        column = 15 + rules.index(texts[int(named[0])])
        assert mistake.place == f"films.yaml:11:{column}"
        assert mistake.problem.startswith(f"rule {texts[int(named[0])]!r}: no setting")
        told = [i for i, rule in enumerate(texts) if f"{rule!r}" in mistake.problem]
        assert told == [int(i) for i in named]


POSSIBLE = [
    "temperature <= 30 when base == K2CO3, time >= 5 when base == Cs2CO3",
    "temperature <= 30 when base == K2CO3, temperature <= 30 when time >= 19",
    "temperature <= 30 when time >= 1 min and base == K2CO3",
    "alloy.Al >= 0.5 when alloy.Cu >= 0.4, alloy.Ni >= 0.7 when alloy.Cu <= 0.39",
]


@pytest.mark.parametrize("rules", POSSIBLE)
def test_rules_that_leave_something_pass(tmp_path: Path, rules: str) -> None:
    assert (
        mistakes(tmp_path, changed(ONE_SHOT, ("temperature <= 130 degC", rules))) == ()
    )
