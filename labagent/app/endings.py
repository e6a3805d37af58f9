"""How the demos end: what was found, what it was worth, what the model can be asked."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, final

from flows.wiring import Runtime
from labagent.app.commands.verify import Checked, checked
from labagent.app.layout import paragraph
from labagent.app.questions import Questions
from labagent.app.screen import heading
from labagent.app.simulated import is_as_shipped, spread
from labagent.app.text import SIGMA, measured, number
from labagent.app.tour import Question, ask, verdict
from labagent.app.trust import Trust, likely, trusted
from labagent.app.worth import (
    best_lines,
    plain_worth,
    prediction_table,
    read_truth,
    spread_lines,
    truth_lines,
)
from labagent.campaigns import Campaign
from labagent.experiments import ExperimentRecord
from labagent.review import Row, surprises
from labagent.review.truth import Comparison, compare
from labagent.review.wording import plural

ALLOY, ROUTE = "alloy.yaml", "calcination.yaml"
MOST_SURPRISES = 3

FEWEST = 3
"""Experiments with results from which questions are asked."""


class Ending(Protocol):
    """What a demo found."""

    def plain(self) -> Row:
        """Return it as plain data."""
        ...

    def screen(self) -> Iterator[str]:
        """Yield it as lines for people."""
        ...


@final
@dataclass(frozen=True)
class AlloyEnding:
    """How the search among alloys ends.

    Attributes:
        campaign: What was asked for.
        records: Its experiments.
        worth: What was found beside the truth; None where that is not known.
    """

    campaign: Campaign
    records: Sequence[ExperimentRecord]
    worth: Comparison | None

    @classmethod
    def of(cls, runtime: Runtime) -> "AlloyEnding":
        """Compare with the truth of every alloy."""
        campaign = runtime.campaign
        records = runtime.logbook.experiments(runtime.campaign_id)
        known = is_as_shipped(campaign, ALLOY) and any(r.results for r in records)
        worth = compare(campaign, records, read_truth(campaign)) if known else None
        return cls(campaign, records, worth)

    def plain(self) -> Row:
        """Return it as plain data."""
        return plain_worth(self.campaign, self.records, self.worth)

    def screen(self) -> Iterator[str]:
        """Yield it as lines for people."""
        yield ""
        yield from best_lines(self.campaign, self.records)
        yield ""
        yield prediction_table(self.records)
        yield ""
        if self.worth is None:
            yield f"{ALLOY} asks something else, or has no results: no truth is known."
        else:
            yield from truth_lines(self.campaign, self.worth)


@final
@dataclass(frozen=True)
class RouteEnding:
    """How the search among recipes of the calcination route ends.

    Attributes:
        campaign: What was asked for.
        records: Its experiments.
        worth: What was found beside space-filling; None where that is not known.
        trust: Who was trusted at the end.
        asked: Questions with their answers; none where there is nothing to compare.
        checked: What ``labagent verify`` says.
    """

    campaign: Campaign
    records: Sequence[ExperimentRecord]
    worth: Comparison | None
    trust: Trust
    asked: Sequence[Question]
    checked: Checked

    @classmethod
    def of(cls, runtime: Runtime) -> "RouteEnding":
        """Compare, ask, and check."""
        campaign, row = runtime.campaign, runtime.campaign_id
        questions = Questions.of(campaign, runtime.logbook, row)
        records = questions.records
        enough = sum(bool(r.results) for r in records) >= FEWEST
        known = enough and is_as_shipped(campaign, ROUTE)
        return cls(
            campaign=campaign,
            records=records,
            worth=compare(campaign, records, spread(campaign)) if known else None,
            trust=trusted(records, runtime.logbook.decisions(row)),
            asked=ask(questions) if known else (),
            checked=checked(runtime.logbook),
        )

    def plain(self) -> Row:
        """Return it as plain data."""
        asked = dict(zip(_TITLES, self.asked, strict=False))
        return {
            **plain_worth(self.campaign, self.records, self.worth),
            "surprises": [
                {"id": s.number, "quantity": s.quantity, "sigmas": s.sigmas}
                for s in surprises(self.records)
            ],
            "trusted": self.trust.plain(),
            "asked": {title: question.plain() for title, question in asked.items()},
            "verify": self.checked.plain(),
        }

    def screen(self) -> Iterator[str]:
        """Yield it as lines for people."""
        yield from self._found()
        yield from self._expected()
        yield from self._trusted()
        for title, question in zip(_TITLES.values(), self.asked, strict=False):
            yield from heading(title)
            yield from question.screen()
        if self.asked:
            yield paragraph(verdict(self.asked))
        yield from heading("Checked: was anything changed behind the program's back?")
        yield from self.checked.screen()

    def _found(self) -> Iterator[str]:
        yield from heading("Found")
        goal = self.campaign.goal
        names = [x.name for x in (*goal.objectives, *goal.limits)]
        yield from best_lines(self.campaign, self.records, names)
        yield ""
        if self.worth is None:
            yield (
                f"{ROUTE} asks something else, or has too few results: nothing to "
                "compare with."
            )
        else:
            yield from spread_lines(self.campaign, self.worth)

    def _expected(self) -> Iterator[str]:
        yield from heading("Expected before, measured after")
        sealed = plural(sum(len(r.predictions) for r in self.records), "prediction")
        title = f"{sealed} sealed before dispatch; those of models against results:"
        yield prediction_table(self.records, title)
        found = surprises(self.records)
        if found:
            count = plural(len(found), "surprise")
            yield f"{count} of 3 {SIGMA} and more, the largest:"
        for s in found[:MOST_SURPRISES]:
            yield (
                f"  #{s.number} {s.quantity} was {measured(s.value, s.unit)}, expected "
                f"{number(s.mean, 3)} ± {number(s.std, 2)}"
            )

    def _trusted(self) -> Iterator[str]:
        yield from heading("Trusted: weights by what each member had predicted")
        yield self.trust.in_words(self.campaign)
        if self.trust.causes:
            yield "What the data say of the uncertain causes:"
            yield from (f"  {line}" for line in likely(self.trust.causes).split("\n"))


_TITLES = {
    "do": "Asked: what would a change do?",
    "counterfactual": "Asked: what would this very sample have been?",
}


ENDINGS: Mapping[str, Callable[[Runtime], Ending]] = {
    ALLOY: AlloyEnding.of,
    ROUTE: RouteEnding.of,
}
"""Example file to how its demo ends."""


def ending(name: str, runtime: Runtime) -> Ending:
    """Return how the demo of an example ends."""
    return ENDINGS[name](runtime)
