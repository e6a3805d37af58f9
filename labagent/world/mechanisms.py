"""Fit every mechanism of a process: the network member of the mixture.

A mechanism is fitted on the rows in which its quantity and all its measured inputs were
seen. Its length-scales have log-normal priors: a declared parent's has its mode at
0.2 sqrt(p) for p declared inputs, as the plain process has for all of its inputs; one
that is merely earlier starts out flat, and has to be shown by the data.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from labagent.errors import ModelError
from labagent.world.devices import choose_device
from labagent.world.drawn import DrawnNetwork, draw_network
from labagent.world.evidence import Evidence
from labagent.world.exact import ExactGP
from labagent.world.fitting import Priors, fit_exact
from labagent.world.fitted import Normals
from labagent.world.network import Mechanism, ProcessNetwork, describe
from labagent.world.plain import FEWEST_ROWS, standardisation
from labagent.world.routes import Node

SPREAD = math.sqrt(3.0)
"""Standard deviation of log length-scales of what is taken to matter [Hvarfner2024]."""

FLAT = math.sqrt(2.0)
"""Mean log length-scale, less log(d)/2, of an input not declared."""

FLAT_SPREAD = 1.2
"""Standard deviation of the same."""

NOISE = (-9.0, 3.0)
"""Mean and standard deviation of a mechanism's log noise variance, standardised.

Much of what looks like noise in a dozen rows is a function not yet known, and only that
is worth exploring: noise has to be shown by the data.
"""

QUADRATURE = 256
"""Draws behind a sealed prediction."""


@final
@dataclass(frozen=True)
class FittedNetwork:
    """The process network after the data.

    Attributes:
        quantities: Names, in the order of the network's outputs.
        network: Over standardised values.
        model: Draws of it, for acquisition functions.
        shift: (m,) mean of each quantity's data, in declared units.
        scale: (m,) its standard deviation.
        inputs: Quantity to the names of its mechanism's inputs.
    """

    quantities: tuple[str, ...]
    network: ProcessNetwork
    model: DrawnNetwork
    shift: Tensor
    scale: Tensor
    inputs: Mapping[str, tuple[str, ...]]

    def predict(self, X: Tensor) -> Normals:
        """Return densities of what would be measured at X of shape (k, d)."""
        with torch.no_grad():
            parts = [
                self.network.moments(x.to(self.network.context.device), QUADRATURE)
                for x in X.split(64)
            ]
        mean = torch.cat([p[0] for p in parts]).cpu()
        std = torch.cat([p[1] for p in parts]).cpu().sqrt()
        return Normals(mean=self.shift + self.scale * mean, std=self.scale * std)

    def summary(self) -> Mapping[str, object]:
        """Return hyper-parameters by quantity; those of standardised values."""
        return {
            m.name: describe(m, self.inputs[m.name]) for m in self.network.mechanisms
        }


def fit_network(evidence: Evidence, seed: int, device: str = "cpu") -> FittedNetwork:
    """Fit the network member. A function of the evidence alone.

    Args:
        evidence: The data.
        seed: Of the draws that steer a search.
        device: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        ModelError: A quantity was not measured at least twice.
    """
    place = choose_device(device)
    scales = {q: _scale(evidence, q) for q in evidence.quantities}
    fitted = [_mechanism(node, evidence, scales, place) for node in evidence.nodes]
    order = [node.name for node in evidence.nodes]
    network = ProcessNetwork(
        tuple(mechanism for mechanism, _ in fitted),
        tuple(order.index(q) for q in evidence.quantities),
        evidence.contexts.to(place),
    )
    shift, scale = torch.tensor(
        [scales[q] for q in evidence.quantities], dtype=torch.float64
    ).unbind(dim=-1)
    inputs = {m.name: names for m, names in fitted}
    model = draw_network(network, seed)
    return FittedNetwork(evidence.quantities, network, model, shift, scale, inputs)


def _scale(evidence: Evidence, quantity: str) -> tuple[float, float]:
    _, y, _ = evidence.rows(quantity)
    if len(y) < FEWEST_ROWS:
        raise ModelError(
            f"process network: got {len(y)} results of {quantity}, must have at least "
            f"{FEWEST_ROWS}; record results first"
        )
    return standardisation(y)


def _mechanism(
    node: Node,
    evidence: Evidence,
    scales: Mapping[str, tuple[float, float]],
    place: torch.device,
) -> tuple[Mechanism, tuple[str, ...]]:
    """Return a fitted mechanism and the names of its inputs."""
    order = [n.name for n in evidence.nodes]
    states = [i for i in node.inputs if i in order]
    columns = [c for i in node.inputs for c in evidence.columns.get(i, ())]
    context = [c for i in node.inputs for c in evidence.context_columns.get(i, ())]
    used = _complete(evidence, (node.name, *states))
    seen = _standardised(evidence, states, scales)[used]
    low, span = _range(seen)
    parts = (evidence.X[used][:, columns], (seen - low) / span)
    inputs = torch.cat([*parts, evidence.C[used][:, context]], dim=-1)
    y = _standardised(evidence, [node.name], scales)[used, 0]
    s = evidence.S[used, evidence.column(node.name)] / scales[node.name][1]
    gp = fit_mechanism(
        inputs.to(place),
        y.to(place),
        s.nan_to_num(0.0).square().to(place),
        _declared(node, evidence, states),
    )
    names = (
        *(evidence.features[c] for c in columns),
        *states,
        *(evidence.context_features[c] for c in context),
    )
    seen_nodes = tuple(order.index(i) for i in states)
    where = tuple(columns), seen_nodes, tuple(context)
    return Mechanism(node.name, *where, low.to(place), span.to(place), gp), names


def _complete(evidence: Evidence, quantities: Sequence[str]) -> Tensor:
    """Return (n,) which rows have all of some quantities."""
    columns = [evidence.column(q) for q in quantities]
    return ~evidence.Y[:, columns].isnan().any(dim=-1)


def _standardised(
    evidence: Evidence,
    quantities: Sequence[str],
    scales: Mapping[str, tuple[float, float]],
) -> Tensor:
    """Return standardised values (n, p) of quantities."""
    columns = [evidence.column(q) for q in quantities]
    scaled = evidence.Y.new_tensor([scales[q] for q in quantities]).reshape(-1, 2)
    return (evidence.Y[:, columns] - scaled[:, 0]) / scaled[:, 1]


def _range(seen: Tensor) -> tuple[Tensor, Tensor]:
    """Return least values and ranges (p,) of states seen (n, p); 1 for no range."""
    if not seen.numel():
        return seen.new_zeros(seen.shape[-1]), seen.new_ones(seen.shape[-1])
    low = seen.min(dim=0).values
    span = seen.max(dim=0).values - low
    return low, torch.where(span > 0, span, torch.ones_like(span))


def _declared(node: Node, evidence: Evidence, states: Sequence[str]) -> Tensor:
    """Return which entries of a node's inputs are declared parents (d',)."""
    flags: list[bool] = []
    for groups in (
        evidence.columns,
        dict.fromkeys(states, (0,)),
        evidence.context_columns,
    ):
        for name in node.inputs:
            flags += [name in node.declared] * len(groups.get(name, ()))
    return torch.tensor(flags, dtype=torch.bool)


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


def fit_mechanism(X: Tensor, y: Tensor, known: Tensor, declared: Tensor) -> ExactGP:
    """Return the process of one mechanism.

    Args:
        X: (n, d) inputs.
        y: (n,) standardised values.
        known: (n,) known noise variances, zero where unknown.
        declared: (d,) whether an input is a declared parent.
    """
    priors = length_priors(declared)
    on = Priors(priors.lengths.to(X.device), priors.spread.to(X.device), noise=NOISE)
    return fit_exact(X, y, known, on)
