"""How much each member of the mixture is trusted, from sealed predictions alone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from labagent.campaigns import Campaign, Goal
from labagent.experiments import Basis, ExperimentRecord, Prediction
from labagent.ports import DecisionRecord
from labagent.review import Row
from labagent.weighing import member_at

SPEAKS = 0.05
"""Members and inputs of a smaller weight are not named."""

MANY = 6
"""Inputs that are still listed where they are all there are."""

_EDGES = "edges"  # a decision's model keeps uncertain causes under this name
_STEERING = "steering"  # and the member a search followed under this one


def shares(prediction: Prediction) -> dict[str, float]:
    """Return member to its weight, all its widths together, the largest first."""
    found: dict[str, float] = {}
    for member in prediction.members:
        name, _ = member_at(member.name)
        found[name] = found.get(name, 0.0) + member.weight
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def in_words(weights: Mapping[str, float]) -> str:
    """Return the members that speak: ``network 71 %, plain-gp 29 %``."""
    return ", ".join(
        f"{name} {100 * weight:.0f} %"
        for name, weight in weights.items()
        if weight >= SPEAKS
    )


@dataclass(frozen=True)
class Trust:
    """What was trusted when a model last spoke.

    Attributes:
        experiment: Number of the experiment it spoke of; None before it did.
        weights: Quantity to the weights of the members.
        causes: Uncertain causes and their probabilities at the last decision.
    """

    experiment: int | None
    weights: Mapping[str, Mapping[str, float]]
    causes: Mapping[str, float]

    def plain(self) -> Row:
        """Return it as plain data."""
        return {
            "weights": {q: dict(w) for q, w in self.weights.items()},
            "weights_of": self.experiment,
            "uncertain_causes": dict(self.causes),
        }

    def in_words(self, campaign: Campaign) -> str:
        """Return the members that speak of the goal's quantities, one a line."""
        goal = campaign.goal
        names = dict.fromkeys(x.name for x in (*goal.objectives, *goal.limits))
        spoken = [name for name in names if name in self.weights]
        lines = [f"{name}: {in_words(self.weights[name])}" for name in spoken]
        when = [f"(when #{self.experiment} was proposed)"] if lines else []
        return "\n".join([*lines, *when])


def trusted(
    records: Iterable[ExperimentRecord], decisions: Sequence[DecisionRecord]
) -> Trust:
    """Return what was trusted when a model last spoke."""
    causes = uncertain(decisions)
    for record in sorted(records, key=lambda r: -r.number):
        if found := weights(record):
            return Trust(record.number, found, causes)
    return Trust(None, {}, causes)


def weights(record: ExperimentRecord) -> dict[str, dict[str, float]]:
    """Return quantity to the weights its prediction was sealed with."""
    sealed = [s.prediction for s in record.predictions]
    return {p.quantity: shares(p) for p in sealed if p.basis is Basis.MODEL}


def uncertain(decisions: Sequence[DecisionRecord]) -> dict[str, float]:
    """Return uncertain causes and their probabilities at the last decision."""
    for found in reversed(decisions):
        if edges := causes_of(found):
            return edges
    return {}


def causes_of(found: DecisionRecord) -> dict[str, float]:
    """Return uncertain causes and their probabilities when a decision was made."""
    edges = found.decision.model.get(_EDGES)
    if not isinstance(edges, Mapping):
        return {}
    return {str(name): float(str(p)) for name, p in edges.items()}


def steered_by(found: DecisionRecord) -> str:
    """Return the member that a decision's search followed; empty where none did."""
    return str(found.decision.model.get(_STEERING, ""))


class Inputs(NamedTuple):
    """What a quantity may depend on.

    Attributes:
        names: Of the inputs.
        probability: That it does, on these alone.
        in_every_turn: Whether by one law in all turns of a stage that repeats.
    """

    names: tuple[str, ...]
    probability: float
    in_every_turn: bool = False


def depends_on(found: DecisionRecord) -> dict[str, list[Inputs]]:
    """Return what each quantity depends on by the network, as a decision saw it.

    Quantity to what it may depend on, likeliest first; empty without a network.
    """
    network: Any = found.decision.model.get("network") or {}
    told: dict[str, list[Inputs]] = {}
    for quantity, mechanism in network.items():
        shares: dict[tuple[tuple[str, ...], bool], float] = {}
        for one in mechanism.get("parents", ()):  # older decisions name none
            key = tuple(one["lengthscales"]), bool(one.get("in_every_turn"))
            shares[key] = shares.get(key, 0.0) + float(one["probability"])
        likely = sorted(shares.items(), key=lambda pair: -pair[1])
        if likely:
            told[quantity] = [Inputs(names, p, all_) for (names, all_), p in likely]
    return told


def in_causes(found: Mapping[str, Sequence[Inputs]]) -> str:
    """Return what each quantity depends on, likeliest first."""
    return grouped({q: "; or ".join(_told(sets)) for q, sets in found.items()})


def grouped(told: Mapping[str, str]) -> str:
    """Return what is told of each quantity, one a line; if it is the same, on one."""
    alike: dict[str, list[str]] = {}
    for quantity, text in told.items():
        alike.setdefault(text, []).append(quantity)
    return "\n".join(f"{', '.join(qs)}: {text}" for text, qs in alike.items())


def _told(sets: Sequence[Inputs]) -> Iterator[str]:
    """Yield the sets that speak; a label is one input, a long list has a short name."""
    everything = {name for one in sets for name in one.names}
    for names, share, in_every_turn in sets:
        if share >= SPEAKS:
            whole = {*names} == everything and len(names) > MANY
            inputs = dict.fromkeys(name.partition("=")[0] for name in names)
            text = "everything earlier" if whole else ", ".join(inputs)
            law = "one law for all turns, " if in_every_turn else ""
            yield f"{text} ({law}{100 * share:.0f} %)"


def spoken_for(
    model: Mapping[str, Any], weights: Mapping[str, Mapping[str, float]], goal: Goal
) -> dict[str, dict[str, object]]:
    """Return the part of a decision's model that spoke of what is wanted.

    Member to quantity to its summary: quantities of the goal, members that speak.
    """
    found: dict[str, dict[str, object]] = {}
    for quantity in dict.fromkeys(x.name for x in (*goal.objectives, *goal.limits)):
        for member, weight in weights.get(quantity, {}).items():
            told = (model.get(member) or {}).get(quantity)
            if weight >= SPEAKS and told is not None:
                found.setdefault(member, {})[quantity] = told
    return found


def likely(causes: Mapping[str, float]) -> str:
    """Return uncertain causes and their probabilities, one a line."""
    return "\n".join(f"{name}: {100 * p:.0f} % likely" for name, p in causes.items())
