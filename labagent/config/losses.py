"""The safety net: what a file declares is in the campaign, or is a mistake.

Every reader reports why it returns nothing. Where one forgets to, a control or a safety
rule would vanish from the campaign unseen; here it becomes a mistake of its own.
"""

from collections.abc import Collection, Iterable, Mapping

from labagent.campaigns import Campaign
from labagent.config.fields import Fields
from labagent.config.nodes import Node, Report, shortened


def report_losses(
    root: Fields, campaign: Campaign, controls: Mapping[str, Node], report: Report
) -> None:
    """Report what the file declares, the campaign lacks, and no mistake explains.

    Args:
        root: The whole file.
        campaign: What was made of it.
        controls: Settings of all controls by name.
        report: Holds the mistakes so far, receives the new ones.
    """
    measured = {v.name for v in campaign.measured}
    wanted = {o.name for o in campaign.goal.objectives}
    wanted |= {limit.name for limit in campaign.goal.limits}
    stages = {s.name for s in campaign.stages if s.executor}
    named = [
        ("control", controls, campaign.space.names),
        ("objective", root.entries("objectives"), measured & wanted),
        ("measured", root.entries("measured"), measured),
        ("context", root.entries("context"), {v.name for v in campaign.context}),
        ("executor", root.entries("executors"), {e.name for e in campaign.executors}),
        ("stage", root.entries("stages"), stages),
    ]
    for what, declared, built in named:
        _names(what, declared, built, report)
    if not controls or len(campaign.space.controls) < len(controls):
        return  # a rule on a broken control is not wrong as well
    rules = {rule.text for rule in campaign.space.constraints}
    _texts("rule", root.list_of("constraints"), rules, report)
    safety = {rule.text for rule in campaign.safety}
    _texts("safety rule", root.list_of("safety"), rules & safety, report)


def _names(
    what: str, declared: Mapping[str, Node], built: Collection[str], report: Report
) -> None:
    for name, node in declared.items():
        if name not in built:
            _lose(f"{what} {name}", node, report)


def _texts(
    what: str, declared: Iterable[Node], built: Collection[str], report: Report
) -> None:
    for node in declared:
        text = one_line(node)
        if text not in built:
            _lose(f"{what} {shortened(text)!r}", node, report)


def one_line(node: Node) -> str:
    """Return a text as rules keep it: one space between words."""
    value = node.value
    return " ".join(value.split()) if isinstance(value, str) else node.shown


def _lose(what: str, node: Node, report: Report) -> None:
    if not report.speaks_of(node.places):
        report.add(
            node.key,
            f"{what}: cannot be read, and no check says why",
            "must be understood or refused",
            "write it as docs/campaign-file.md does, and tell the makers of labagent",
        )
