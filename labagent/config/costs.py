"""``budget:`` and money: what a campaign may use up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labagent.campaigns import Budget, Stage
from labagent.config.fields import Fields, duration, price
from labagent.config.nodes import Node, Place, Report

_BUDGET_KEYS = ("experiments", "cost", "hours")


@dataclass
class Money:
    """The campaign's only currency, and where it was first written."""

    report: Report
    currency: str = ""
    first: Place | None = None

    def read(self, node: Node, what: str) -> float | None:
        """Return an amount in the campaign's currency, or None where wrong."""
        found = price(node, what, self.report)
        if found is None:
            return None
        amount, currency = found
        if self.first is None:
            self.currency, self.first = currency, node.place
        if currency != self.currency:
            self.report.add(
                node.place,
                f"{what}: got {node.shown}",
                f"must be in {self.currency} like the one on {self.first.short}",
            )
            return None
        return amount


def read_budget(root: Fields, money: Money, report: Report) -> Budget:
    """Return what may be used up.

    Args:
        root: The whole file.
        money: The campaign's currency.
        report: Receives what is wrong.
    """
    node = root.node_of("budget")
    if node is None:
        root.missing(
            "budget",
            "must say when to stop at the latest",
            "write budget: {experiments: 30}",
        )
        return Budget()
    fields = Fields(node, "budget", "budget", _BUDGET_KEYS, report)
    if isinstance(node.value, Mapping) and not any(
        key in fields for key in (*_BUDGET_KEYS, "days")
    ):
        fields.missing("experiments", "must be given, or cost, or hours")
    cost = fields.node_of("cost")
    return Budget(
        fields.whole("experiments", 1),
        money.read(cost, "budget: cost") if cost else None,
        _hours(fields, report),
        money.currency,
    )


def _hours(fields: Fields, report: Report) -> float | None:
    node = fields.node_of("hours")
    if node is None:
        return None
    if isinstance(node.value, str):
        return duration(node, "hour", "budget: hours", report)
    hours = fields.number("hours")
    if hours is not None and hours <= 0:
        fields.wrong("hours", "must be above zero")
        return None
    return hours


def affordable(budget: Budget, stages: Sequence[Stage]) -> int | None:
    """Return how many experiments the budget pays for; None where it has no end.

    Args:
        budget: What may be used up.
        stages: Whose cost and hours add up to one experiment's.
    """
    cost = sum(stage.cost for stage in stages)
    hours = sum(stage.hours for stage in stages)
    ends = [
        None if budget.experiments is None else budget.experiments,
        int(budget.cost / cost + 1e-9) if budget.cost is not None and cost else None,
        int(budget.hours / hours + 1e-9) if budget.hours and hours else None,
    ]
    known = [end for end in ends if end is not None]
    return min(known) if known else None


def check_budget(
    root: Fields, budget: Budget, stages: Sequence[Stage], report: Report
) -> None:
    """Check that the budget is in terms of something the stages use up.

    Args:
        root: The whole file.
        budget: What may be used up.
        stages: With cost and hours.
        report: Receives what is wrong.
    """
    place = root.place_of("budget")
    rows = (
        ("cost", budget.cost, any(s.cost > 0 for s in stages), "cost: 12 EUR"),
        ("hours", budget.hours, any(s.hours > 0 for s in stages), "duration: 20 min"),
    )
    for key, limit, used, example in rows:
        if limit is not None and not used:
            report.add(
                place,
                f"budget: got {key}, but no stage says its {example.partition(':')[0]}",
                "must be in terms of something experiments use up",
                f"write {example} "
                + ("in the stages" if "stages" in root else "in the file"),
            )
    if affordable(budget, stages) == 0:
        report.add(
            place,
            "budget: got less than one experiment uses up",
            "must pay for at least one experiment",
        )
