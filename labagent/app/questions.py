"""Questions to a campaign's causal model, as people and programs ask them.

::

    with Agent.open("campaign.yaml", db="labagent.db") as agent:
        why = agent.questions()
        why.do({"anneal.temperature": 700.0})
        why.compare({"anneal.temperature": 650.0}, {"anneal.temperature": 700.0})
        why.counterfactual(7, {"anneal.temperature": 700.0})
        print(why.identify("anneal.temperature", "strength"))
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import final

from labagent.app.telling import settings
from labagent.campaigns import Campaign
from labagent.causes import Identified, Unidentified
from labagent.errors import DataError
from labagent.experiments import ExperimentRecord, Trials
from labagent.loop.asking import Answer, Asked
from labagent.ports import Logbook
from labagent.variables import Intervention


@final
@dataclass(frozen=True)
class Questions:
    """What was known of a campaign when it was asked.

    Attributes:
        campaign: What was asked for.
        trials: What was seen.
        records: The experiments, with the numbers people type.
    """

    campaign: Campaign
    trials: Trials
    records: tuple[ExperimentRecord, ...]

    @classmethod
    def of(cls, campaign: Campaign, logbook: Logbook, row: int) -> "Questions":
        """Return a campaign's data, ready for questions."""
        return cls(campaign, logbook.trials(row), logbook.experiments(row))

    @cached_property
    def asked(self) -> Asked:
        """The data and the likeliest graph.

        Raises:
            ModelError: Less than two experiments have results.
        """
        return Asked.of(self.campaign, self.trials)

    def do(
        self, setting: Intervention, of: Iterable[str] | None = None
    ) -> list[Answer]:
        """Return what would be measured if this were set, whatever else happens.

        Args:
            setting: Variable to value; states may be set too, in thought. What is not
                set comes as it did in the experiments.
            of: Quantities asked for; all that are measured by default.

        Raises:
            DataError: A name is unknown, or a value outside its range.
            ModelError: The experiments cannot tell it; the message says why, and what
                would settle it.
        """
        return self.asked.do(_plain(setting), of)

    def compare(
        self,
        first: Intervention,
        second: Intervention,
        of: Iterable[str] | None = None,
    ) -> list[Answer]:
        """Return by how much expected values change from one setting to another.

        Args:
            first: What would be set first.
            second: What would be set instead.
            of: Quantities asked for; all that are measured by default.

        Raises:
            DataError: A name is unknown, or a value outside its range.
            ModelError: The experiments cannot tell it.
        """
        return self.asked.compare(_plain(first), _plain(second), of)

    def observe(self, setting: Intervention) -> list[Answer]:
        """Return what was seen where these values were seen: mere association.

        Raises:
            DataError: A name is unknown, or a value outside its range.
            ModelError: They were seen less than twice.
        """
        return self.asked.observe(_plain(setting))

    def counterfactual(
        self, number: int, setting: Intervention, of: Iterable[str] | None = None
    ) -> list[Answer]:
        """Return what this very experiment would have shown, had this been set.

        Args:
            number: Number of an experiment with results.
            setting: What would have been set; the rest, scatter included, stays.
            of: Quantities asked for; all that are measured by default.

        Raises:
            DataError: There is no such experiment, or a value is wrong.
            ModelError: The experiments cannot tell it.
        """
        row = self.record(number).id
        if all(t.id != row for t in self.trials.measured):
            raise DataError(
                f"experiment {number}: has no results, must have some to be compared "
                "with"
            )
        return self.asked.counterfactual(row, _plain(setting), of)

    def identify(
        self, treatment: str | Iterable[str], outcome: str
    ) -> Identified | Unidentified:
        """Return the formula by which an effect follows from the data, or why not.

        Args:
            treatment: What would be set: a name or several.
            outcome: What is asked for.

        Raises:
            DataError: A name is unknown.
        """
        names = [treatment] if isinstance(treatment, str) else list(treatment)
        return self.asked.identify(names, outcome)

    def untold(self, names: Iterable[str]) -> dict[str, Unidentified]:
        """Return the quantities whose response to setting these cannot be told."""
        return self.asked.untold(names)

    def reached(self, names: Iterable[str]) -> frozenset[str]:
        """Return what setting these changes, by the likeliest causes."""
        return self.asked.reached(names)

    def record(self, number: int) -> ExperimentRecord:
        """Return an experiment by the number people type.

        Raises:
            DataError: There is none.
        """
        for record in self.records:
            if record.number == number:
                return record
        raise DataError(
            f"experiment {number}: is not in the campaign, must be one that is"
        )


def _plain(setting: object) -> Intervention:
    return settings("setting", setting)


def results_of(trials: Trials, experiment: int) -> Mapping[str, float]:
    """Return what an experiment showed, by its row id; repeats averaged."""
    return next((t.results for t in trials.rows if t.id == experiment), {})
