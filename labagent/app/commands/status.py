"""``labagent status``: where a campaign stands."""

from collections.abc import Iterator

from labagent.app.book import Book
from labagent.app.layout import fields
from labagent.app.options import Reference
from labagent.app.overview import aim, limit, wish
from labagent.app.session import Session, with_session
from labagent.app.tasks import Task, tasks
from labagent.app.text import (
    SIGMA,
    amount,
    measured,
    number,
    numbers,
    settings,
    sigmas,
    units_of,
)
from labagent.app.trust import Trust, likely, trusted
from labagent.campaigns import Campaign
from labagent.experiments import ExperimentRecord, StepState
from labagent.ports import Finding
from labagent.review import (
    Calibration,
    Summary,
    history_row,
    plain_calibration,
    summarise,
)
from labagent.review.wording import plural

MOST_BEST = 5
MOST_NEWS = 3
LEVEL = 0.9
"""Level of the interval whose coverage is shown."""


@with_session
def status(session: Session, reference: Reference = None) -> None:
    """Show where a campaign stands: counts, budget, the best, calibration, tasks."""
    session = session.of(reference)
    with session.book() as book:
        records = book.records()
        summary = summarise(book.campaign, records)
        waiting = tasks(book.campaign, records, session)
        news = book.logbook.findings(book.row.id)
        trust = trusted(records, book.logbook.decisions(book.row.id))
    session.answer(
        plain(book, summary, waiting, news) | trust.plain(),
        screen(book, summary, waiting, news, trust),
    )


def plain(
    book: Book, summary: Summary, waiting: list[Task], news: tuple[Finding, ...]
) -> dict[str, object]:
    """Return the status as plain data."""
    budget, used = summary.campaign.budget, summary.spent
    return {
        "campaign": book.row.name,
        "goal": summary.campaign.goal.sentence,
        "goal_version": book.row.goal_version,
        "experiments": {
            "total": summary.total,
            "imported": summary.imported,
            **{state.value: count for state, count in summary.states.items()},
        },
        "budget": {
            "experiments": {"used": used.experiments, "of": budget.experiments},
            "cost": {
                "used": used.cost,
                "of": budget.cost,
                "currency": budget.currency,
            },
            "hours": {"used": used.hours, "of": budget.hours},
        },
        "best": [history_row(r) for r in summary.best],
        "last_improvement": summary.last_advance and summary.last_advance.number,
        "calibration": [plain_calibration(c) for c in summary.calibration],
        "surprises": [
            {"id": s.number, "quantity": s.quantity, "sigmas": s.sigmas}
            for s in summary.surprises
        ],
        "waiting": [t.plain() for t in waiting],
        "findings": [{"kind": f.kind, "text": f.text} for f in news],
    }


def screen(
    book: Book,
    summary: Summary,
    waiting: list[Task],
    news: tuple[Finding, ...],
    trust: Trust,
) -> Iterator[str]:
    """Yield the status as lines for people."""
    campaign = summary.campaign
    yield f"{campaign.name}, goal version {book.row.goal_version}"
    yield fields(
        [
            ("Goal", campaign.goal.sentence),
            ("Find", f"{aim(campaign.goal)}: {_wishes(campaign)}"),
            ("Keep", ", ".join(limit(campaign, x) for x in campaign.goal.limits)),
            ("Experiments", _counts(summary)),
            ("Budget", _budget(summary)),
            ("Best", _best(summary)),
            ("Improved", _improved(summary)),
            ("Calibration", _calibration(summary.calibration[0])),
            ("Surprises", _surprises(summary)),
            ("Trusted", trust.in_words(campaign)),
            ("Uncertain", likely(trust.causes)),
            ("News", "\n".join(f.text for f in news[-MOST_NEWS:])),
            ("To do", "\n".join(t.headline for t in waiting) or "nothing for a person"),
        ]
    )


def _counts(summary: Summary) -> str:
    if not summary.total:
        return "none yet"
    parts = [f"{count} {state.value}" for state, count in summary.states.items()]
    if summary.imported:
        parts = [
            f"{part} ({summary.imported} of them imported)"
            if state is StepState.MEASURED
            else part
            for state, part in zip(summary.states, parts, strict=True)
        ]
    return ", ".join(parts)


def _wishes(campaign: Campaign) -> str:
    return "; ".join(map(wish, campaign.goal.objectives))


def _budget(summary: Summary) -> str:
    budget, used = summary.campaign.budget, summary.spent
    most = budget.experiments
    parts = [
        plural(used.experiments, "experiment")
        if most is None
        else f"{used.experiments} of {plural(most, 'experiment')}"
    ]
    if budget.cost is not None or used.cost:
        of = "" if budget.cost is None else f" of {number(budget.cost)}"
        parts.append(f"{number(used.cost)}{of} {budget.currency}".rstrip())
    if budget.hours is not None or used.hours:
        of = "" if budget.hours is None else f" of {number(budget.hours)}"
        parts.append(f"{number(used.hours)}{of} h")
    return ", ".join(parts)


def _best(summary: Summary) -> str:
    if not summary.best:
        return "none yet that keeps all limits" if summary.measured else "none yet"
    lines = [best_line(summary.campaign, r) for r in summary.best[:MOST_BEST]]
    if len(summary.best) > MOST_BEST:
        lines.append(f"and {len(summary.best) - MOST_BEST} more on the Pareto front")
    return "\n".join(lines)


def best_line(campaign: Campaign, record: ExperimentRecord) -> str:
    """Return number, objectives and settings of one experiment."""
    units = units_of(campaign.space)
    at = settings(record.intervention, units)
    return f"#{record.number}: {objectives(campaign, record)} at {at}"


def objectives(campaign: Campaign, record: ExperimentRecord) -> str:
    """Return the measured objectives of one experiment."""
    return ", ".join(
        f"{o.name} {measured(record.results[o.name], o.unit)}"
        for o in campaign.goal.objectives
    )


def _improved(summary: Summary) -> str:
    advance = summary.last_advance
    return "" if advance is None else f"last by #{advance.number}"


def _calibration(found: Calibration) -> str:
    if found.n == 0:
        early = f" ({found.prior} by the prior)" if found.prior else ""
        return f"no prediction by the model has met its result yet{early}"
    cover = next(c for c in found.coverage if c.level == LEVEL)
    share = f"{amount(100 * cover.low, '', 2)}-{amount(100 * cover.high, 'percent', 2)}"
    return (
        f"90 % intervals held {cover.inside} of {plural(cover.n, 'result')} "
        f"({share} likely); errors {number(found.rmse or 0.0, 2)} {SIGMA} on average, "
        "1 is right"
    )


def _surprises(summary: Summary) -> str:
    found = summary.surprises
    lines = [f"#{s.number} {s.quantity} {sigmas(s.sigmas)}" for s in found[:MOST_NEWS]]
    if len(found) > MOST_NEWS:
        rest = sorted({s.number for s in found[MOST_NEWS:]})
        lines.append(f"and in {numbers(rest)}")
    return ", ".join(lines)
