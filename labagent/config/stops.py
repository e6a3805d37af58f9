"""``stop:`` to stop rules."""

import re
from collections.abc import Mapping

from labagent.campaigns import NoImprovement, Reached, StopRule
from labagent.config.constraints import read_limits
from labagent.config.fields import Fields
from labagent.config.nodes import Node, Report, shortened
from labagent.config.rules import RuleError
from labagent.variables import Variable

_NO_IMPROVEMENT = re.compile(r"no improvement in (\d{1,4}) batch(?:es)?")
_FORMS = "write plqy >= 35, or no improvement in 8 batches"


def read_stops(
    root: Fields, quantities: Mapping[str, Variable], broken: bool, report: Report
) -> tuple[StopRule, ...]:
    """Return when the campaign is done before the budget is.

    Args:
        root: The whole file.
        quantities: Measured quantities by name.
        broken: Whether some quantities are missing there for their own mistakes.
        report: Receives what is wrong.
    """
    node = root.node_of("stop")
    if node is None:
        return ()
    nodes = (node,) if isinstance(node.value, str) else root.items("stop")
    rules: list[StopRule] = []
    for item in nodes:
        rule = _one(item, quantities, broken, report)
        rules += [rule] if rule else []
    return tuple(rules)


def _one(
    node: Node, quantities: Mapping[str, Variable], broken: bool, report: Report
) -> StopRule | None:
    if not isinstance(node.value, str):
        report.add(node.place, f"stop: got {node.shown}", "must be a text", _FORMS)
        return None
    text = " ".join(node.value.split())
    if text == "budget":
        return None  # the budget always stops
    found = _NO_IMPROVEMENT.fullmatch(text)
    if found:
        batches = int(found[1])
        if batches:
            return NoImprovement(text, batches)
        report.add(node.place, f"stop: got {text!r}", "must be at least 1 batch")
        return None
    try:
        return Reached(text, read_limits(text, quantities))
    except RuleError as error:
        if not (broken and "unknown name" in error.problem):
            problem = error.problem.removeprefix("rule: got ")
            report.add(
                node.place,
                f"stop {shortened(text)!r}: got {problem}",
                error.rule,
                error.suggestion or _FORMS,
            )
        return None
