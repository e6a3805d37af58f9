"""A campaign file as far as it could be read, for those who check the rest of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from labagent.campaigns import Campaign
from labagent.config.nodes import Node, Report
from labagent.errors import Mistake


@dataclass(frozen=True)
class Draft:
    """What a file says, and all that was found wrong with it so far.

    The settings of executors belong to the adapters, which the core does not know:
    whoever does adds what they say, so that all mistakes come at once and with places.

    Attributes:
        sketch: The campaign without what is wrong; good for further checks, and for
            nothing else before :meth:`campaign` has let it pass.
        whole: Whether all variables, stages and executors of the file are in it.
        tree: The file.
        report: The mistakes.
    """

    sketch: Campaign
    whole: bool
    tree: Node
    report: Report

    def add(
        self, keys: Sequence[str], problem: str, rule: str, suggestion: str = ""
    ) -> None:
        """Note a mistake that was found elsewhere.

        Args:
            keys: What leads to the wrong value, such as ``executors, oven, file``.
                Where a key is missing, the mapping that lacks it is the place.
            problem: What was found, with its value.
            rule: What would have been right.
            suggestion: What to type instead.
        """
        place = self.tree.inner(*keys).place
        self.report.add(place, problem, rule, suggestion)

    def located(self, mistakes: Iterable[Mistake]) -> tuple[Mistake, ...]:
        """Return mistakes whose place is a path of keys with a place in the file.

        Args:
            mistakes: Places such as ``executors.oven.adapter``; others stay.
        """
        found: list[Mistake] = []
        for m in mistakes:
            keys = m.place.split(".")
            known = keys[0] in self.tree.fields
            place = str(self.tree.inner(*keys).place) if known else m.place
            problem = f"{' '.join(keys[:2])}: {m.problem}" if known else m.problem
            found.append(Mistake(place, problem, m.rule, m.suggestion))
        return tuple(found)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is allowed and perhaps not meant, each with its place."""
        return self.report.notes

    def campaign(self) -> Campaign:
        """Return the campaign, or raise all that is wrong with it.

        Raises:
            ConfigurationError: All mistakes, in the order of the file.
        """
        self.report.close()
        return self.sketch
