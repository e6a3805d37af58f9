"""What the database knows, as tensors.

Notation, for this room and those above it:

=======  ===============================================================
n        number of experiments with at least one result
p        number of pending experiments
d        width of an encoded intervention
m        number of quantities (objectives, limits, other measured ones)
q        number of experiments proposed together
X        (n, d) encoded interventions, entries in [0, 1]
Y        (n, m) measured values in declared units, NaN where missing
S        (n, m) standard uncertainties in declared units, NaN where unknown
M        (n, m) mask: whether somebody set the value, so that nothing caused it
c        width of an encoded context
C        (n, c) encoded context, about [-1, 1], 0 where it was not recorded
=======  ===============================================================
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from labagent.campaigns import BEFORE, Campaign, Direction
from labagent.causes import ProcessGraph
from labagent.experiments import Trial, Trials
from labagent.representations.encoder import SpaceEncoder
from labagent.variables import Label, Real, Variable
from labagent.world.routes import ORDER, Node, network, states_before


@dataclass(frozen=True)
class Evidence:
    """Everything a model may learn from.

    Attributes:
        quantities: Names of Y's columns.
        features: Names of X's columns.
        X: (n, d) encoded interventions.
        Y: (n, m) values, NaN where missing.
        S: (n, m) standard uncertainties, NaN where unknown.
        M: (n, m) whether somebody set the value.
        pending: (p, d) encoded interventions without result yet.
        nodes: The measured quantities, causes before effects.
        before: Quantity to the states that may act on it, through others too.
        columns: Control to its columns in X.
        C: (n, c) encoded context.
        context_features: Names of C's columns.
        context_columns: Context variable to its columns in C.
        kin: Quantity to all those it shares a scale with, itself among them, where a
            stage repeats.
        sought: Quantities that are to be as large as can be, or close to a value.
        known: What is known to be so before the first turn of a stage that repeats, as
            inputs are called, to the quantity it is a value of, and the value.
    """

    quantities: tuple[str, ...]
    features: tuple[str, ...]
    X: Tensor
    Y: Tensor
    S: Tensor
    pending: Tensor
    M: Tensor = field(default_factory=lambda: torch.empty(0, 0, dtype=torch.bool))
    nodes: tuple[Node, ...] = ()
    before: Mapping[str, frozenset[str]] = field(default_factory=dict)
    columns: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    C: Tensor = field(default_factory=lambda: torch.empty(0, 0, dtype=torch.float64))
    context_features: tuple[str, ...] = ()
    context_columns: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    kin: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sought: frozenset[str] = frozenset()
    known: Mapping[str, tuple[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.context_features:
            object.__setattr__(self, "C", self.X[:, :0])
        if not self.M.numel():
            nothing = torch.zeros_like(self.Y, dtype=torch.bool)
            object.__setattr__(self, "M", nothing)

    @property
    def contexts(self) -> Tensor:
        """(r, c) contexts to come: those recorded; one neutral row where none was.

        Where things drift they have come as far as they ever did.
        """
        if not (self.context_features and len(self.C)):
            return self.X.new_zeros(1, self.C.shape[-1])
        found = self.C.clone()
        for column in self.context_columns.get(ORDER, ()):
            found[:, column] = self.C[:, column].max()
        return found[:1] if bool((found == found[0]).all()) else found

    @property
    def chained(self) -> bool:
        """Whether any quantity may depend on another one that is measured."""
        return any(set(n.inputs) & set(self.quantities) for n in self.nodes)

    def column(self, quantity: str) -> int:
        """Return a quantity's column in Y."""
        return self.quantities.index(quantity)

    def kin_of(self, quantity: str) -> tuple[str, ...]:
        """Return the quantities it shares a scale with, itself among them."""
        return self.kin.get(quantity, (quantity,))

    def tells(self, quantity: str) -> Tensor:
        """Return (n,) which rows tell of a quantity's own mechanism.

        Those that measured it, where nobody set it.
        """
        j = self.column(quantity)
        return ~self.Y[:, j].isnan() & ~self.M[:, j]

    def tells_recipe(self, quantity: str) -> Tensor:
        """Return (n,) which rows tell what the controls alone make of a quantity.

        Those that measured it, where nobody set it or a state that may act on it.
        """
        touched = [self.column(q) for q in self.before.get(quantity, ())]
        return self.tells(quantity) & ~self.M[:, touched].any(dim=-1)

    def rows(self, quantity: str) -> tuple[Tensor, Tensor, Tensor]:
        """Return X (k, d), y (k, 1), s (k, 1) of the k rows of :meth:`tells_recipe`."""
        j = self.column(quantity)
        seen = self.tells_recipe(quantity)
        return self.X[seen], self.Y[seen, j : j + 1], self.S[seen, j : j + 1]

    def recipes(self) -> "Evidence":
        """Return the rows in which no state was set: what controls alone have made."""
        kept = ~self.M.any(dim=-1)
        return replace(
            self,
            X=self.X[kept],
            Y=self.Y[kept],
            S=self.S[kept],
            M=self.M[kept],
            C=self.C[kept],
        )


def gather(
    campaign: Campaign,
    trials: Trials,
    encoder: SpaceEncoder,
    graphs: Sequence[ProcessGraph] = (),
) -> Evidence:
    """Return a campaign's experiments as tensors on the CPU.

    Args:
        campaign: Says which quantities are measured.
        trials: The experiments.
        encoder: Of the campaign's space.
        graphs: Graphs that uncertain causes leave probable, likeliest first.
    """
    quantities = tuple(v.name for v in campaign.measured)
    measured = trials.measured
    y = [[t.results.get(q, math.nan) for q in quantities] for t in measured]
    noise = {v.name: _noise(v) for v in campaign.measured}
    s = [[t.sigmas.get(q, noise[q]) for q in quantities] for t in measured]
    done = [[q in t.was_set for q in quantities] for t in measured]
    shape = (len(measured), len(quantities))
    C, features, columns = _context(campaign, measured)
    pending = [t.intervention for t in trials.pending if not t.results]
    return Evidence(
        quantities=quantities,
        features=encoder.feature_names,
        X=encoder.encode([t.intervention for t in measured]),
        Y=torch.tensor(y, dtype=torch.float64).reshape(shape),
        S=torch.tensor(s, dtype=torch.float64).reshape(shape),
        pending=encoder.encode(pending),
        M=torch.tensor(done, dtype=torch.bool).reshape(shape),
        nodes=network(campaign, graphs),
        before=states_before(campaign),
        columns={n: tuple(range(s.start, s.stop)) for n, s in encoder.slices.items()},
        C=C,
        context_features=features,
        context_columns=columns,
        kin={q: r.kin for r in campaign.recurrences for q in r.kin},
        sought=_sought(campaign),
        known={
            n: (r.kin[-1], value)
            for r in campaign.recurrences
            for n, value in r.start.items()
            if n == r.quantity + BEFORE
        },
    )


def _noise(variable: Variable) -> float:
    """Return a result's standard uncertainty unless it says so; NaN if unknown."""
    domain = variable.domain
    known = isinstance(domain, Real) and domain.noise
    return known or math.nan


def _sought(campaign: Campaign) -> frozenset[str]:
    """Return what is to be as large as can be, or close to a value."""
    return frozenset(
        o.name
        for o in campaign.goal.objectives
        if o.direction is not Direction.MINIMIZE
    )


def _context(
    campaign: Campaign, measured: Sequence[Trial]
) -> tuple[Tensor, tuple[str, ...], Mapping[str, tuple[int, ...]]]:
    """Return encoded context (n, c), its features, and each variable's columns.

    Numbers are centred and divided by twice their standard deviation, labels one-hot.
    """
    features: list[str] = []
    columns: dict[str, tuple[int, ...]] = {}
    parts: list[Tensor] = []
    for variable in campaign.context:
        seen = [t.context.get(variable.name) for t in measured]
        if isinstance(variable.domain, Label):
            labels = sorted({str(v) for v in seen if v is not None})
            rows = [[float(v == label) for label in labels] for v in seen]
            part = torch.tensor(rows, dtype=torch.float64).reshape(
                len(seen), len(labels)
            )
            names = [f"{variable.name}={label}" for label in labels]
        else:
            part, names = _number(seen), [variable.name]
        start = len(features)
        features += names
        columns[variable.name] = tuple(range(start, start + len(names)))
        parts.append(part)
    if campaign.drift:
        columns[ORDER] = (len(features),)
        features.append(ORDER)
        parts.append(_number([float(t.id) for t in measured]))
    if not parts:
        return torch.zeros(len(measured), 0, dtype=torch.float64), (), {}
    return torch.cat(parts, dim=-1), tuple(features), columns


def _number(seen: Sequence[float | str | None]) -> Tensor:
    """Return (n, 1) scaled numbers, 0 where there is none."""
    raw = [v if isinstance(v, (int, float)) else math.nan for v in seen]
    values = torch.tensor(raw, dtype=torch.float64).reshape(-1, 1)
    known = values[~values.isnan()]
    spread = float(known.std()) if len(known) > 1 else 0.0
    centre = float(known.mean()) if len(known) else 0.0
    return ((values - centre) / (2.0 * spread or 1.0)).nan_to_num(0.0)
