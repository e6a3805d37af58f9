"""When a campaign is done."""

import math
from collections.abc import Sequence

from labagent.campaigns import Campaign, NoImprovement, Reached
from labagent.experiments import Trial, Trials


def budget_left(campaign: Campaign, trials: Trials) -> float:
    """Return how many more experiments the budget pays for; infinity where unlimited.

    What was begun counts, whatever became of it, and so does what still may be;
    imported experiments, and what was rejected or cancelled in time, do not. Money and
    hours are those the stages declare.
    """
    used = campaign.spending(t.used for t in trials.rows if t.batch is not None)
    budget = campaign.budget
    limits = [math.inf]
    if budget.experiments is not None:
        limits.append(budget.experiments - used.experiments)
    for total, spent, each in (
        (budget.cost, used.cost, campaign.cost_per_experiment),
        (budget.hours, used.hours, campaign.hours_per_experiment),
    ):
        if total is not None and each > 0:
            limits.append(math.floor((total - spent) / each + 1e-9))
    return max(min(limits), 0)


def stop_reason(campaign: Campaign, trials: Trials) -> str | None:
    """Return why the campaign should stop now, in words, or None.

    The budget is not a reason here: see :func:`budget_left`. Experiments in which a
    state was set tell of no recipe and reach nothing.
    """
    for rule in campaign.stop:
        match rule:
            case Reached():
                for trial in _made(trials.measured):
                    if all(
                        c.name in trial.results and c.holds(trial.results[c.name])
                        for c in rule.limits
                    ):
                        return f"reached: {rule.text}"
            case NoImprovement():
                if _stale_batches(campaign, trials) >= rule.batches:
                    return rule.text
    return None


def _made(trials: Sequence[Trial]) -> list[Trial]:
    """Return those whose results their interventions alone have made."""
    return [t for t in trials if not t.was_set]


def _stale_batches(campaign: Campaign, trials: Trials) -> int:
    """Return how many of the last finished batches improved no objective.

    A batch improves where one of its experiments keeps the limits and beats all earlier
    ones in the weighted utility, or, without weights, in any objective.
    """
    batches: dict[int, list[Trial]] = {}
    earlier = [t for t in _made(trials.measured) if t.batch is None]
    for trial in trials.rows:
        if trial.batch is not None:
            batches.setdefault(trial.batch, []).append(trial)
    stale = 0
    for number in sorted(batches):
        if any(t.open for t in batches[number]):
            break
        done = _made([t for t in batches[number] if t.results])
        stale = 0 if _improves(campaign, earlier, done) else stale + 1
        earlier += done
    return stale


def _improves(campaign: Campaign, earlier: list[Trial], new: list[Trial]) -> bool:
    goal = campaign.goal

    def best(trials: list[Trial], name: str) -> float:
        objective = next(o for o in goal.objectives if o.name == name)
        return max(
            (
                objective.utility(t.results[name])
                for t in trials
                if name in t.results
                and all(
                    c.name in t.results and c.holds(t.results[c.name])
                    for c in goal.limits
                )
            ),
            default=-math.inf,
        )

    return any(best(new, o.name) > best(earlier, o.name) for o in goal.objectives)
