"""A mechanism's data, as one set of parents sees them.

It is fitted on the rows in which its quantity and its measured parents were seen, and
nobody set that quantity. Of every set of parents there is a view for each prior of
noise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from labagent.errors import ModelError
from labagent.world.evidence import Evidence
from labagent.world.exact import ExactGP, squared_exponential
from labagent.world.fitting import LogPosterior, Priors, Range
from labagent.world.network import KNOWN, Candidate
from labagent.world.plain import FEWEST_ROWS, standardisation
from labagent.world.priors import length_priors, noise_priors
from labagent.world.replicates import relative_noise
from labagent.world.routes import Node, ParentSet


def made(evidence: Evidence, quantity: str) -> Tensor:
    """Return (k,) what a quantity's mechanism made, in declared units, in all turns."""
    kin = evidence.kin_of(quantity)
    return torch.cat([evidence.Y[evidence.tells(q), evidence.column(q)] for q in kin])


def scale_of(evidence: Evidence, quantity: str) -> tuple[float, float]:
    """Return mean and standard deviation of a quantity's data, in declared units.

    Of all its turns, where its stage repeats.

    Raises:
        ModelError: It was not measured at least twice.
    """
    y = made(evidence, quantity)
    if len(y) < FEWEST_ROWS:
        raise ModelError(
            f"process network: got {len(y)} results of {quantity}, must have at least "
            f"{FEWEST_ROWS}; record results first"
        )
    return standardisation(y)


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


def noises_of(node: Node, evidence: Evidence) -> Sequence[Range]:
    """Return the priors of noise of a node's mechanism, by what all turns tell."""
    told = [int(evidence.tells(q).sum()) for q in evidence.kin_of(node.name)]
    return noise_priors(sum(told))


def views_of(
    node: Node, sets: Sequence[ParentSet], evidence: Evidence, place: torch.device
) -> list["View"]:
    """Return a node's data as some sets of parents see them, noisy or not.

    Raises:
        ModelError: The quantity was never measured twice together with any of them.
    """
    views = [
        View.of(node, s, evidence, place, noise)
        for s in sets
        for noise in noises_of(node, evidence)
    ]
    views = [v for v in views if int(v.rows.sum()) >= FEWEST_ROWS]
    if not views:
        raise ModelError(
            f"mechanism of {node.name}: was measured together with what it depends on "
            f"less than {FEWEST_ROWS} times; measure it together with "
            f"{', '.join(node.inputs)}"
        )
    return views


@dataclass(frozen=True)
class View:
    """A node's data as one set of parents sees them, and a prior of its noise.

    Attributes:
        node: The quantity.
        parents: The set.
        evidence: The data.
        rows: (n,) those that tell of the mechanism with these parents.
        offset: (p,) least value of each measured parent, standardised.
        span: (p,) its range.
        place: Where processes live.
        noise: Mean and standard deviation of the log noise variance.
        prior: Probability of set and noise, before any data.
    """

    node: Node
    parents: ParentSet
    evidence: Evidence
    rows: Tensor
    offset: Tensor
    span: Tensor
    place: torch.device
    noise: Range
    prior: float

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
        prior = parents.prior / len(noises_of(node, evidence))
        return cls(node, parents, evidence, rows, offset, span, place, noise, prior)

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

    def placed(self, probability: float, gp: ExactGP) -> Candidate:
        """Return a process as this set's candidate.

        Args:
            probability: Of this set of parents, with this noise.
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
