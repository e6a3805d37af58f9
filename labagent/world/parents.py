"""Which parents a mechanism has, as far as its data tell.

Every set of parents that a node allows (:attr:`labagent.world.routes.Node.sets`) is a
Gaussian process of its own. Its evidence, with hyper-parameters integrated by Laplace's
method, and its prior make its probability [MacKay1992]_, and a network is followed with
each set as often as it is probable [Hoeting1999]_: what the data cannot tell apart
stays open.

A mechanism is fitted on the rows in which its quantity and its measured parents were
seen, and nobody set that quantity. Its length-scales have log-normal priors: a declared
parent's has its mode at 0.2 sqrt(p) for p declared inputs, as the plain process has for
all of its inputs; one that is merely earlier starts out flat, and has to be shown by
the data.

.. [Hoeting1999] J. A. Hoeting, D. Madigan, A. E. Raftery, C. T. Volinsky. Bayesian
   model averaging: a tutorial. Statistical Science 14(4), 1999.
.. [Hvarfner2024] C. Hvarfner, E. O. Hellsten, L. Nardi. Vanilla Bayesian optimization
   performs great in high dimensions. ICML 2024.
.. [MacKay1992] D. J. C. MacKay. Bayesian interpolation. Neural Computation 4(3), 1992.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from labagent.errors import ModelError
from labagent.world.evidence import Evidence
from labagent.world.exact import ExactGP, squared_exponential
from labagent.world.fitting import (
    FIRST,
    MANY,
    LogPosterior,
    Priors,
    Range,
    laplace,
    most_probable,
    process,
)
from labagent.world.network import KNOWN, Candidate
from labagent.world.plain import FEWEST_ROWS, standardisation
from labagent.world.replicates import relative_noise
from labagent.world.routes import Node, ParentSet

SPREAD = math.sqrt(3.0)
"""Standard deviation of log length-scales of what is taken to matter [Hvarfner2024]."""

FLAT = math.sqrt(2.0)
"""Mean log length-scale, less log(d)/2, of an input not declared."""

FLAT_SPREAD = 1.2
"""Standard deviation of the same."""

NOISES = ((-13.0, 3.0), (-5.0, 2.0))
"""Means and standard deviations of a mechanism's log noise variance, standardised.

It is next to none, or some per cent: much of what looks like noise in a dozen rows is a
function not yet known, and what is known of it is noisy in a laboratory. Each is a
process of its own, as probable before the data. Many rows tell by themselves, from the
second.
"""

LEAST = 0.02
"""Sets of parents of a smaller probability are dropped."""


def length_priors(declared: Tensor) -> Priors:
    """Return the priors of length-scales (d,), given which inputs are declared."""
    d = len(declared)
    count = int(declared.sum()) or d
    matters = declared if bool(declared.any()) else torch.ones_like(declared)
    near = FLAT - SPREAD**2 + 0.5 * math.log(max(count, 1))
    far = FLAT + 0.5 * math.log(max(d, 1))
    middle = torch.where(matters, near, far).to(torch.float64)
    spread = torch.where(matters, SPREAD, FLAT_SPREAD).to(torch.float64)
    return Priors(middle, spread)


def scale_of(evidence: Evidence, quantity: str) -> tuple[float, float]:
    """Return mean and standard deviation of a quantity's data, in declared units.

    Of all its turns, where its stage repeats.

    Raises:
        ModelError: It was not measured at least twice.
    """
    kin = evidence.kin_of(quantity)
    y = torch.cat([evidence.Y[evidence.tells(q), evidence.column(q)] for q in kin])
    if len(y) < FEWEST_ROWS:
        raise ModelError(
            f"process network: got {len(y)} results of {quantity}, must have at least "
            f"{FEWEST_ROWS}; record results first"
        )
    return standardisation(y)


def find_parents(
    node: Node, evidence: Evidence, place: torch.device
) -> tuple[Candidate, ...]:
    """Return the sets of parents that a node's data leave probable, fitted.

    Args:
        node: The quantity and what its parents may be.
        evidence: The data.
        place: Where the processes live.

    Raises:
        ModelError: The quantity was never measured twice together with any of them.
    """
    views = views_of(node, node.sets, evidence, place)
    common = torch.stack([v.rows for v in views]).all(dim=0)
    if int(common.sum()) < FEWEST_ROWS:  # no rows by which to compare sets
        views = _widest(views)
        common = views[0].rows
    return _judge(views, common)


def likelihood(
    node: Node, evidence: Evidence, place: torch.device
) -> tuple[float, ExactGP]:
    """Return the log density of a node's data in their unit, and the process of them.

    Of at most :data:`FIRST` rows, given the parents together with which it was measured
    most often, and the noise that makes them likelier.
    """
    views = _widest(views_of(node, node.sets, evidence, place))
    losses = [view.loss(view.rows).among(FIRST) for view in views]
    _, scale = scale_of(evidence, node.name)
    both = [process(loss, most_probable(loss)) for loss in losses]
    found = max(both, key=lambda gp: gp.evidence)
    return found.evidence - len(found.y) * math.log(scale), found


def at_best(loss: LogPosterior, found: Tensor, seen: int) -> ExactGP:
    """Return the process at its most probable hyper-parameters.

    Args:
        loss: Their posterior density.
        found: Those of some of its rows.
        seen: How many.
    """
    best = found if len(loss.y) <= seen else most_probable(loss, near=found)
    return process(loss, best)


def telling(quantity: str, parents: ParentSet, evidence: Evidence) -> Tensor:
    """Return (n,) which rows tell of a quantity's mechanism with some parents."""
    columns = [evidence.column(q) for q in (quantity, *_measured(parents, evidence))]
    complete = ~evidence.Y[:, columns].isnan().any(dim=-1)
    tells = evidence.tells_recipe if parents.reduced else evidence.tells
    return complete & tells(quantity)


def _measured(parents: ParentSet, evidence: Evidence) -> list[str]:
    return [i for i in parents.inputs if i in evidence.quantities]


def _between(parents: ParentSet, evidence: Evidence) -> list[str]:
    """Return inputs that are states: measured, or known before a stage's first turn."""
    states = {*evidence.quantities, *evidence.known}
    return [i for i in parents.inputs if i in states]


def views_of(
    node: Node, sets: Sequence[ParentSet], evidence: Evidence, place: torch.device
) -> list["View"]:
    """Return a node's data as some sets of parents see them, with little noise or more.

    Raises:
        ModelError: The quantity was never measured twice together with any of them.
    """
    views = [
        View.of(node, s, evidence, place, noise)
        for s in sets
        for noise in noises(evidence)
    ]
    views = [v for v in views if int(v.rows.sum()) >= FEWEST_ROWS]
    if not views:
        raise ModelError(
            f"mechanism of {node.name}: was measured together with what it depends on "
            f"less than {FEWEST_ROWS} times; measure it together with "
            f"{', '.join(node.inputs)}"
        )
    return views


def _widest(views: Sequence["View"]) -> list["View"]:
    """Return the views of the set with most rows, the first of equals."""
    widest = max(views, key=lambda v: int(v.rows.sum())).parents
    return [v for v in views if v.parents is widest]


def _judge(views: Sequence["View"], common: Tensor) -> tuple[Candidate, ...]:
    """Return what is probable by the rows (n,) that all can be judged by."""
    best, logs = weighed([view.loss(common) for view in views], priors_of(views))
    seen = min(int(common.sum()), FIRST)
    return tuple(
        view.candidate(share, theta, seen)
        for view, theta, share in zip(views, best, probable(logs), strict=True)
        if share
    )


def priors_of(views: Sequence["View"]) -> list[float]:
    """Return how probable each view was before any data."""
    return [view.parents.prior / len(noises(view.evidence)) for view in views]


def noises(evidence: Evidence) -> Sequence[Range]:
    """Return the priors of a mechanism's noise that are weighed against each other."""
    return NOISES if len(evidence.X) <= MANY else NOISES[-1:]


def weighed(
    losses: Sequence[LogPosterior], priors: Sequence[float]
) -> tuple[list[Tensor], Tensor]:
    """Return the most probable hyper-parameters, and log prior + evidence (k,).

    Of at most :data:`FIRST` rows.
    """
    few = [loss.among(FIRST) for loss in losses]
    best = [most_probable(loss) for loss in few]
    logs = [
        math.log(prior) + laplace(loss, theta)
        for prior, loss, theta in zip(priors, few, best, strict=True)
    ]
    return best, torch.tensor(logs, dtype=torch.float64)


def probable(logs: Tensor) -> list[float]:
    """Return probabilities of log weights (k,); zero where there is next to none."""
    found = logs.softmax(dim=0)
    kept = torch.where(found >= LEAST, found, torch.zeros_like(found))
    return (kept / kept.sum()).tolist()


@dataclass(frozen=True)
class View:
    """A node's data as one set of parents sees them.

    Attributes:
        node: The quantity.
        parents: The set.
        evidence: The data.
        rows: (n,) those that tell of the mechanism with these parents.
        offset: (p,) least value of each measured parent, standardised.
        span: (p,) its range.
        place: Where processes live.
        noise: Mean and standard deviation of the log noise variance.
    """

    node: Node
    parents: ParentSet
    evidence: Evidence
    rows: Tensor
    offset: Tensor
    span: Tensor
    place: torch.device
    noise: Range

    @classmethod
    def of(
        cls,
        node: Node,
        parents: ParentSet,
        evidence: Evidence,
        place: torch.device,
        noise: Range,
    ) -> "View":
        """Return the data that tell of a node with a set of parents."""
        rows = telling(node.name, parents, evidence)
        seen = _standardised(evidence, _between(parents, evidence))
        offset, span = range_of(seen[rows])
        return cls(node, parents, evidence, rows, offset, span, place, noise)

    @property
    def seen(self) -> Tensor:
        """(k, p) standardised values of measured parents in the rows that tell."""
        return _standardised(self.evidence, self.states)[self.rows]

    @property
    def states(self) -> list[str]:
        """States among the parents."""
        return _between(self.parents, self.evidence)

    def _columns(self, groups: Mapping[str, Sequence[int]]) -> tuple[int, ...]:
        return tuple(c for i in self.parents.inputs for c in groups.get(i, ()))

    @property
    def columns(self) -> tuple[int, ...]:
        """Entries of an encoded intervention."""
        return self._columns(self.evidence.columns)

    @property
    def context(self) -> tuple[int, ...]:
        """Entries of an encoded context."""
        return self._columns(self.evidence.context_columns)

    def loss(self, rows: Tensor) -> LogPosterior:
        """Return the posterior density of hyper-parameters given some rows (n,)."""
        e, name = self.evidence, self.node.name
        seen = (_standardised(e, self.states)[rows] - self.offset) / self.span
        parts = e.X[rows][:, list(self.columns)], seen, e.C[rows][:, list(self.context)]
        _, scale = scale_of(e, name)
        s = e.S[rows, e.column(name)] / scale
        declared, groups = self._lengths()
        priors = length_priors(declared)
        inputs = torch.cat(parts, dim=-1)
        y = _standardised(e, [name])[rows, 0]
        return LogPosterior(
            inputs.to(self.place),
            y.to(self.place),
            s.nan_to_num(0.0).square().to(self.place),
            Priors(
                priors.lengths.to(self.place),
                priors.spread.to(self.place),
                noise=self.noise,
            ),
            squared_exponential,
            relative=relative_noise(inputs, y).to(self.place),
            groups=groups if len(declared) < len(groups) else None,
        )

    def candidate(self, probability: float, found: Tensor, seen: int) -> Candidate:
        """Return the fitted process.

        Args:
            probability: Of this set of parents.
            found: Most probable log hyper-parameters of some rows.
            seen: How many.
        """
        return self.placed(probability, at_best(self.loss(self.rows), found, seen))

    def placed(self, probability: float, gp: ExactGP) -> Candidate:
        """Return a process as this set's candidate.

        Args:
            probability: Of this set of parents.
            gp: Over its inputs.
        """
        order = [n.name for n in self.evidence.nodes]
        return Candidate(
            names=self._names(),
            columns=self.columns,
            states=tuple(order.index(i) if i in order else KNOWN for i in self.states),
            known=_standardised(self.evidence, self.states)[0].to(self.place),
            context=self.context,
            offset=self.offset.to(self.place),
            span=self.span.to(self.place),
            gp=gp,
            probability=probability,
        )

    def _names(self) -> tuple[str, ...]:
        e = self.evidence
        columns = (e.features[c] for c in self.columns)
        context = (e.context_features[c] for c in self.context)
        return (*columns, *self.states, *context)

    def _lengths(self) -> tuple[Tensor, Tensor]:
        """Return which length-scales are of declared parents (g,), and whose (d',).

        Each input has its own, but for the labels of a context variable: lots and
        operators are exchangeable.
        """
        states = dict.fromkeys(self.states, (0,))
        e = self.evidence
        flags: list[bool] = []
        groups: list[int] = []
        for columns in (e.columns, states, e.context_columns):
            for name in self.parents.inputs:
                width = len(columns.get(name, ()))
                own = 1 if columns is e.context_columns and width else width
                groups += [len(flags) + min(k, own - 1) for k in range(width)]
                flags += [name in self.parents.declared] * own
        found = torch.tensor(flags, dtype=torch.bool)
        return found, torch.tensor(groups, dtype=torch.long, device=self.place)


def _standardised(evidence: Evidence, quantities: Sequence[str]) -> Tensor:
    """Return standardised values (n, p) of quantities, or of what is known of them."""
    parts: list[Tensor] = []
    for name in quantities:
        quantity, value = evidence.known.get(name, (name, None))
        y = evidence.Y[:, evidence.column(quantity)]
        shift, scale = scale_of(evidence, quantity)
        y = y if value is None else torch.full_like(y, value)
        parts.append((y - shift) / scale)
    return torch.stack(parts, dim=-1) if parts else evidence.Y[:, :0]


def range_of(seen: Tensor) -> tuple[Tensor, Tensor]:
    """Return least values and ranges (p,) of states seen (n, p); 1 for no range."""
    if not seen.numel():
        return seen.new_zeros(seen.shape[-1]), seen.new_ones(seen.shape[-1])
    low = seen.min(dim=0).values
    span = seen.max(dim=0).values - low
    return low, torch.where(span > 0, span, torch.ones_like(span))
