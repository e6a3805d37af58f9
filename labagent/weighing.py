"""Weights of a mixture's members, from what they sealed before each result.

There are two experts. The *anchor* is the plain Gaussian process. The *committee* is
everything, the anchor included; inside it weights are prequential [Dawid1984]_ with
fixed share [Herbster1998]_: after each result every member gives up a small part of its
weight to the starting weights, so that a member can come back when the world drifts.
Members that did not predict a result sleep through it [Freund1997]_. Between the two
experts weights are plain Bayes, one half each at the start, so that for experiments
proposed one at a time

    sum_t log p(y_t)  >=  sum_t log p_anchor(y_t) - ln 2

whatever happens: p = (1/2) prod p_anchor + (1/2) prod p_committee, an identity.

Everything here follows from rows: the names of a sealed prediction's members say what
they started with, the densities sealed before and the results known then say the rest.
``docs/weights.md`` does it without this program.

.. [Dawid1984] A. P. Dawid. Statistical theory: the prequential approach. JRSS A 147(2),
   1984.
.. [Freund1997] Y. Freund, R. Schapire, Y. Singer, M. Warmuth. Using and combining
   predictors that specialize. STOC 1997.
.. [Herbster1998] M. Herbster, M. Warmuth. Tracking the best expert. Machine Learning
   32, 1998.
"""

import math
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from labagent.experiments import Member, Trial, Trials

ANCHOR = "plain-gp"
"""The member that is never far behind."""

PRIOR = "prior"
"""Name of the member that stands for the campaign file."""

SHARE = 0.02
"""Part of its weight every committee member gives up after each result."""

WIDTHS: Mapping[float, float] = {1.0: 0.5, 2.0: 0.3, 4.0: 0.2}
"""Multiple of the standard deviation to its share of a member's starting weight."""

DECLARED = 2.0
"""Starting weight of a declared expectation, relative to a member's."""

_ENTRY = re.compile(r"(?P<member>.+?)(?: x(?P<width>\d+(?:\.\d+)?))?")


def entry(member: str, width: float) -> str:
    """Return how a sealed prediction names a member at a width."""
    return member if width == 1.0 else f"{member} x{width:g}"


def member_at(name: str) -> tuple[str, float]:
    """Return the member and the width that an entry's name stands for."""
    found = _ENTRY.fullmatch(name)
    if found is None:
        return name, 1.0
    return found["member"], float(found["width"] or 1.0)


def starting_shares(names: Iterable[str]) -> dict[str, float]:
    """Return the share of the committee that each entry of a prediction starts with.

    Args:
        names: Of all its entries, as they are sealed.
    """
    least = min(WIDTHS.values())
    return {
        name: DECLARED if name == PRIOR else WIDTHS.get(member_at(name)[1], least)
        for name in names
    }


@dataclass(frozen=True)
class Weights:
    """How much each expert is trusted.

    Attributes:
        anchor: Log weight of the anchor as an expert of its own.
        committee: Log weight of the committee.
        inside: Committee member to its log weight there.
    """

    anchor: float
    committee: float
    inside: Mapping[str, float]

    def shares(self, awake: Iterable[str]) -> dict[str, float]:
        """Return the weight of every member that predicts now; they sum to one."""
        inside = _normalised({n: self.inside[n] for n in awake})
        if ANCHOR not in inside:
            return {n: math.exp(w) for n, w in inside.items()}
        top = _log_sum((self.anchor, self.committee))
        anchor, committee = self.anchor - top, self.committee - top
        shares = {n: math.exp(committee + w) for n, w in inside.items()}
        shares[ANCHOR] += math.exp(anchor)
        return shares

    def after(
        self, densities: Mapping[str, float], start: Mapping[str, float]
    ) -> "Weights":
        """Return the weights after a result.

        Args:
            densities: Log density each awake member gave it.
            start: Log starting weight of every member.
        """
        awake = _normalised({n: self.inside[n] for n in densities})
        mass = _log_sum([self.inside[n] for n in densities])
        joint = {n: awake[n] + densities[n] for n in densities}
        together = _log_sum(joint.values())
        inside = {
            n: (mass + joint[n] - together if n in joint else w)
            for n, w in self.inside.items()
        }
        shared = {
            n: _log_sum((w + math.log1p(-SHARE), start[n] + math.log(SHARE)))
            for n, w in inside.items()
        }
        return Weights(
            self.anchor + densities.get(ANCHOR, together),
            self.committee + together,
            shared,
        )


def begin(start: Mapping[str, float], others: Iterable[str] = ()) -> Weights:
    """Return the weights before any result.

    Args:
        start: Member to its share of the committee; positive, any sum.
        others: Members that spoke before and do not now; they start with the least.
    """
    least = min(start.values(), default=1.0)
    everyone = {**start, **dict.fromkeys(sorted({*others} - {*start}), least)}
    logs = {n: math.log(w) for n, w in everyone.items()}
    return Weights(math.log(0.5), math.log(0.5), _normalised(logs))


Result = tuple[float, Sequence[Member]]
"""What was measured, and the densities sealed before it."""


def weigh(history: Iterable[Result], start: Mapping[str, float]) -> Weights:
    """Return the weights after a series of results.

    Args:
        history: Results of one quantity, oldest first.
        start: Member to its share of the committee; members that only the history
            knows start with the least of these.
    """
    results = list(history)
    first = begin(start, {m.name for _, members in results for m in members})
    return carried(first, results, first.inside)


def carried(
    weights: Weights, results: Iterable[Result], start: Mapping[str, float]
) -> Weights:
    """Return weights after some more results.

    Args:
        weights: Before them.
        results: Oldest first.
        start: Log starting weight of every member.
    """
    for value, members in results:
        if members:
            weights = weights.after(densities(members, value), start)
    return weights


def densities(members: Sequence[Member], value: float) -> dict[str, float]:
    """Return member to the log of its density at a value, in nats per unit."""
    return {
        m.name: -0.5 * ((value - m.mean) / m.std) ** 2
        - math.log(m.std * math.sqrt(2 * math.pi))
        for m in members
    }


def counts(trial: Trial, quantity: str) -> bool:
    """Return whether weights follow from this result of a quantity.

    Predictions are of what an intervention gives; where a state was set besides, they
    were not put to the test.
    """
    told = quantity in trial.results and trial.sealed.get(quantity)
    return bool(told) and not trial.was_set


def likelihood_of_means(
    history: Iterable[Result], names: Sequence[str]
) -> dict[str, float]:
    """Return how likely results are by members' means alone, in nats.

    With normal errors of the likeliest scatter that is -n/2 log of the mean squared
    error, but for a constant. Over the n results that all of them predicted.

    Args:
        history: Results and the densities sealed before them.
        names: Of entries of a prediction.
    """
    errors: dict[str, list[float]] = {name: [] for name in names}
    for value, members in history:
        means = {m.name: m.mean for m in members}
        if means.keys() >= errors.keys():
            for name, found in errors.items():
                found.append((value - means[name]) ** 2)
    least = sys.float_info.min
    return {
        name: -0.5 * len(e) * math.log(max(sum(e) / len(e), least)) if e else 0.0
        for name, e in errors.items()
    }


def sealed_history(trials: Trials, quantity: str) -> list[Result]:
    """Return the results of a quantity with what was sealed before, oldest first."""
    return [
        (t.results[quantity], t.sealed[quantity])
        for t in trials.measured
        if counts(t, quantity)
    ]


def _log_sum(logs: Iterable[float]) -> float:
    values = list(logs)
    top = max(values)
    return top + math.log(sum(math.exp(v - top) for v in values))


def _normalised(logs: Mapping[str, float]) -> dict[str, float]:
    total = _log_sum(logs.values())
    return {n: w - total for n, w in logs.items()}
