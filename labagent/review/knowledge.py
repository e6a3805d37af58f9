"""What was known when, folded from the chain alone.

Decisions in the order of what they knew; beside each the results it knew and what had
been sealed before them.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from labagent.experiments import (
    Basis,
    Kind,
    Measurement,
    Member,
    Prediction,
    average_results,
)
from labagent.ports import EventRow

Row = Mapping[str, Any]
Rows = Mapping[int, Row]


@dataclass(frozen=True)
class Seal:
    """A prediction as it was sealed.

    Attributes:
        prediction: Its members, as the chain tells of them.
        mean: Its mean as it was computed then, in its unit.
        std: Its standard deviation as it was computed then, in its unit.
    """

    prediction: Prediction
    mean: float
    std: float


@dataclass(frozen=True)
class Moment:
    """A decision's moment.

    Attributes:
        campaign: Row id of its campaign.
        name: The campaign's name.
        experiments: Row ids of the experiments it proposed.
        seals: Experiment to quantity to what was sealed, of all experiments ever.
        results: Quantity to experiment to result, as known then, of its campaign.
        states_set: Experiments in which somebody had set a state, as was known then.
    """

    campaign: int
    name: str
    experiments: tuple[int, ...]
    seals: Mapping[int, Mapping[str, Seal]]
    results: Mapping[str, Mapping[int, float]]
    states_set: Collection[int]


def moments(events: Iterable[EventRow]) -> Iterator[Moment]:
    """Yield every decision's moment, by what it knew; use each before the next.

    Raises:
        ValueError, TypeError, LookupError: The chain tells of rows we do not know.
    """
    tables = _tables(events)
    names = {i: row["name"] for i, row in tables["campaign"].items()}
    seals = _seals(tables["prediction"])
    children: dict[int, list[int]] = defaultdict(list)
    for experiment, row in sorted(tables["experiment"].items()):
        if row["decision_id"] is not None:
            children[row["decision_id"]].append(experiment)
    results = _Results(tables)
    decisions = tables["decision"].items()
    for decision, row in sorted(decisions, key=lambda x: (x[1]["as_of"], x[0])):
        results.until(row["as_of"])
        campaign = row["campaign_id"]
        yield Moment(
            campaign=campaign,
            name=names[campaign],
            experiments=tuple(children[decision]),
            seals=seals,
            results=results.known[campaign],
            states_set=[i for i, states in results.states_set.items() if states],
        )


def _tables(events: Iterable[EventRow]) -> Mapping[str, dict[int, dict[str, Any]]]:
    """Return table to row id to fields."""
    tables: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    for event in events:
        changes: Any = event.payload["changes"]
        for change in changes:
            rows = tables[change["table"]]
            rows.setdefault(int(change["id"]), {}).update(change["set"])
    return tables


def _seals(rows: Rows) -> dict[int, dict[str, Seal]]:
    found: dict[int, dict[str, Seal]] = defaultdict(dict)
    for row in rows.values():
        members = tuple(Member(**m) for m in row["members"])
        told = Prediction(row["quantity"], row["unit"], members, Basis(row["basis"]))
        seal = Seal(told, row["mean"], row["std"])
        found[row["experiment_id"]][told.quantity] = seal
    return found


_ORDER = ("correction", "regime", "measurement")
"""A correction comes before what its own event says is right."""


class _Results:
    """Results as they come in, and are corrected.

    Attributes:
        known: Campaign to quantity to experiment to result; repeats averaged.
        states_set: Experiment to the states that somebody set in it.
    """

    def __init__(self, tables: Mapping[str, Rows]) -> None:
        self.known: dict[int, dict[str, dict[int, float]]] = defaultdict(
            lambda: defaultdict(dict)
        )
        self.states_set: dict[int, set[str]] = defaultdict(set)
        self._experiments = tables["experiment"]
        self._places = {i: r["experiment_id"] for i, r in tables["step"].items()}
        # experiment and quantity to measurement id to step and measurement
        self._standing: dict[tuple[int, str], dict[int, tuple[int, Measurement]]]
        self._standing = defaultdict(dict)
        self._coming = sorted(
            (
                (row["event_seq"], _ORDER.index(table), row_id, row)
                for table in _ORDER
                for row_id, row in tables[table].items()
            ),
            key=lambda x: x[:3],
            reverse=True,
        )

    def until(self, seq: int) -> None:
        """Go on to what was known after an event."""
        while self._coming and self._coming[-1][0] <= seq:
            _, kind, row_id, row = self._coming.pop()
            if _ORDER[kind] == "regime":
                self._say(row)
            elif _ORDER[kind] == "measurement":
                self._measure(row_id, row)
            else:
                self._correct(row["step_id"], row["quantity"])

    def _say(self, row: Row) -> None:
        """Take in what was said of a variable; of controls it changes nothing here."""
        experiment, variable = row["experiment_id"], row["variable"]
        if variable in self._experiments[experiment]["intervention"]:
            return
        states = self.states_set[experiment]
        if row["was_set"]:
            states.add(variable)
        else:
            states.discard(variable)

    def _measure(self, row_id: int, row: Row) -> None:
        place = self._places[row["step_id"]], row["quantity"]
        self._standing[place][row_id] = row["step_id"], _measurement(row)
        self._count(*place)

    def _correct(self, step: int, quantity: str) -> None:
        standing = self._standing[self._places[step], quantity]
        for row_id in [i for i, (at, _) in standing.items() if at == step]:
            del standing[row_id]
        self._count(self._places[step], quantity)

    def _count(self, experiment: int, quantity: str) -> None:
        standing = self._standing[experiment, quantity]
        found = average_results([standing[i][1] for i in sorted(standing)])
        campaign = self._experiments[experiment]["campaign_id"]
        results = self.known[campaign][quantity]
        if quantity in found:
            results[experiment] = found[quantity]
        else:
            results.pop(experiment, None)


def _measurement(row: Row) -> Measurement:
    return Measurement(
        quantity=row["quantity"],
        value=row["value"],
        quality=row["quality"],
        kind=Kind(row["kind"]),
    )
