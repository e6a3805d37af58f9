"""How much each member of the mixture is trusted, from sealed predictions alone."""

import re
from collections.abc import Iterable, Mapping, Sequence

from labagent.experiments import Basis, ExperimentRecord, Prediction
from labagent.ports import DecisionRecord

SPEAKS = 0.05
"""Members of a smaller weight are not named."""

_WIDTH = re.compile(r" x[\d.]+$")
"""How the name of a member ends that stands in the mixture at another width."""


def shares(prediction: Prediction) -> dict[str, float]:
    """Return member to its weight, all its widths together, the largest first."""
    found: dict[str, float] = {}
    for member in prediction.members:
        name = _WIDTH.sub("", member.name)
        found[name] = found.get(name, 0.0) + member.weight
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def in_words(weights: Mapping[str, float]) -> str:
    """Return the members that speak: ``network 71 %, plain-gp 29 %``."""
    return ", ".join(
        f"{name} {100 * weight:.0f} %"
        for name, weight in weights.items()
        if weight >= SPEAKS
    )


def newest(
    records: Iterable[ExperimentRecord],
) -> tuple[int, dict[str, dict[str, float]]] | None:
    """Return the last experiment a model spoke of, and its weights by quantity."""
    for record in sorted(records, key=lambda r: -r.number):
        found = weights(record)
        if found:
            return record.number, found
    return None


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
    edges = found.decision.model.get("edges")
    if not isinstance(edges, Mapping):
        return {}
    return {str(name): float(str(p)) for name, p in edges.items()}


def likely(causes: Mapping[str, float]) -> str:
    """Return uncertain causes and their probabilities, one a line."""
    return "\n".join(f"{name}: {100 * p:.0f} % likely" for name, p in causes.items())
