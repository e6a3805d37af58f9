"""``labagent explain``: why an experiment was proposed."""

from collections.abc import Iterator
from dataclasses import asdict

from labagent.app.book import Book
from labagent.app.commands.show import OneWord, flat, one_id
from labagent.app.layout import fields
from labagent.app.screen import Column, table
from labagent.app.session import Session, split_words, with_session
from labagent.app.text import (
    expected,
    moment,
    number,
    numbers,
    settings,
    units_of,
)
from labagent.app.trust import (
    causes_of,
    depends_on,
    grouped,
    in_causes,
    in_words,
    likely,
    spoken_for,
    steered_by,
    weights,
)
from labagent.errors import DataError
from labagent.experiments import ExperimentRecord
from labagent.ports import DecisionRecord
from labagent.review import Row, iso, plain_intervention, plain_prediction
from labagent.review.wording import plural
from labagent.weighing import ANCHOR, SHARE, counts, starting_shares

_STRATEGIES = {
    "space-filling": "spread evenly over the space, to learn the most of it at first",
    "model": "chosen by the model that was fitted to all earlier results",
}


@with_session
def explain(session: Session, words: OneWord) -> None:
    """Say why an experiment was proposed: acquisition, score, runners-up, model."""
    ids, reference = split_words(words)
    session = session.of(reference)
    with session.book() as book:
        [record] = book.records([one_id(ids)])
        found = _decision(book, record)
        pending = _numbers_of(book, found.decision.pending)
        data = {
            **plain(record, found, pending),
            "weighing": weighing(book, record, found),
        }
        lines = list(screen(book, record, found))
    session.answer(data, lines)


def plain(record: ExperimentRecord, found: DecisionRecord, pending: list[int]) -> Row:
    """Return the reasons as plain data."""
    decision = found.decision
    return {
        "id": record.number,
        "batch": decision.batch,
        "decided_at": iso(found.at),
        "goal_version": found.goal_version,
        "strategy": decision.strategy,
        "acquisition": decision.acquisition,
        "score": record.score,
        "intervention": plain_intervention(record.intervention),
        "prediction": {
            s.prediction.quantity: plain_prediction(s) for s in record.predictions
        },
        "runners_up": [
            {"intervention": plain_intervention(r.intervention), "score": r.score}
            for r in record.runners_up
        ],
        "trained_on": decision.trained_on,
        "pending": pending,
        "seed": decision.seed,
        "as_of_event": decision.as_of,
        "weights": weights(record),
        "steered_by": steered_by(found),
        "uncertain_causes": causes_of(found),
        "depends_on": {
            quantity: [
                {
                    "inputs": list(one.names),
                    "probability": one.probability,
                    "in_every_turn": one.in_every_turn,
                }
                for one in sets
            ]
            for quantity, sets in depends_on(found).items()
        },
        "model": dict(decision.model),
        "versions": dict(decision.versions),
    }


def weighing(book: Book, record: ExperimentRecord, found: DecisionRecord) -> Row:
    """Return all that weights follow from, so that anybody can compute them again.

    ``docs/weights.md`` says how, with the database alone.
    """
    sealed = [s.prediction for s in record.predictions]
    known = book.logbook.trials(book.row.id, found.decision.as_of).measured
    counted = {
        p.quantity: [t.id for t in known if counts(t, p.quantity)] for p in sealed
    }
    numbered = {r.id: r.number for r in book.records()}
    return {
        "anchor": ANCHOR,
        "share": SHARE,
        "start": {
            p.quantity: starting_shares(m.name for m in p.members) for p in sealed
        },
        "results_of": {q: [numbered[i] for i in ids] for q, ids in counted.items()},
        "members": {p.quantity: [asdict(m) for m in p.members] for p in sealed},
    }


def screen(
    book: Book, record: ExperimentRecord, found: DecisionRecord
) -> Iterator[str]:
    """Yield the reasons as lines for people."""
    decision, units = found.decision, units_of(book.campaign.space)
    why = _STRATEGIES.get(decision.strategy, "")
    yield f"Experiment {record.number} of {book.row.name}"
    pending = _numbers_of(book, decision.pending)
    yield fields(
        [
            ("proposed", f"{moment(found.at)}, batch {decision.batch}"),
            ("strategy", f"{decision.strategy}: {why}" if why else decision.strategy),
            ("acquisition", f"{decision.acquisition}, score {number(record.score)}"),
            ("trained on", plural(decision.trained_on, "experiment")),
            ("pending", numbers(pending) or "none was under way"),
            ("seed", str(decision.seed)),
            ("as of", f"event {decision.as_of}, goal version {found.goal_version}"),
            ("set", settings(record.intervention, units)),
            (
                "expected",
                "\n".join(
                    f"{s.prediction.quantity} {expected(s.prediction)}"
                    for s in record.predictions
                ),
            ),
            ("trusted", _trusted(record)),
            ("steered by", steered_by(found)),
            ("uncertain", likely(causes_of(found))),
            ("depends on", in_causes(depends_on(found))),
            ("model", _model(book, record, found)),
            ("versions", ", ".join(f"{k} {v}" for k, v in decision.versions.items())),
        ]
    )
    if record.runners_up:
        yield ""
        yield table(
            [Column("runner-up", share=1), Column("score", right=True)],
            [
                (settings(r.intervention, units), number(r.score))
                for r in record.runners_up
            ],
        )


def _model(book: Book, record: ExperimentRecord, found: DecisionRecord) -> str:
    """Return what spoke of the goal, number by number, and where the rest is."""
    spoke = spoken_for(found.decision.model, weights(record), book.campaign.goal)
    rest = "(all members and quantities: --json)" if found.decision.model else ""
    return "\n".join([*flat(spoke), rest])


def _trusted(record: ExperimentRecord) -> str:
    return grouped({q: in_words(found) for q, found in weights(record).items()})


def _decision(book: Book, record: ExperimentRecord) -> DecisionRecord:
    for found in book.logbook.decisions(book.row.id):
        if record.id in found.experiments:
            return found
    raise DataError(
        f"experiment {record.number}: was not proposed but came from {record.source}; "
        "only proposals can be explained"
    )


def _numbers_of(book: Book, ids: tuple[int, ...]) -> list[int]:
    """Return the numbers people type of row ids."""
    return [r.number for r in book.records() if r.id in ids] if ids else []
