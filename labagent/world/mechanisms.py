"""Fit every mechanism of a process: the network member of the mixture.

A mechanism is fitted on the rows in which its quantity and all its measured inputs were
seen, and nobody set that quantity. Its length-scales have log-normal priors: a declared
parent's has its mode at 0.2 sqrt(p) for p declared inputs, as the plain process has for
all of its inputs; one that is merely earlier starts out flat, and has to be shown by
the data.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor

from labagent.errors import ModelError
from labagent.world.devices import choose_device
from labagent.world.drawn import DrawnNetwork, draw_network
from labagent.world.evidence import Evidence
from labagent.world.exact import ExactGP
from labagent.world.fitted import Normals
from labagent.world.fitting import Priors, fit_exact
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
        logs: Quantities whose log is modelled; shift and scale are the log's.
    """

    quantities: tuple[str, ...]
    network: ProcessNetwork
    model: DrawnNetwork
    shift: Tensor
    scale: Tensor
    inputs: Mapping[str, tuple[str, ...]]
    logs: frozenset[str] = frozenset()

    def predict(self, X: Tensor) -> Normals:
        """Return densities of what would be measured at X of shape (k, d).

        Of a quantity modelled by its log: the normal density through the 16 % and 84 %
        quantiles.
        """
        with torch.no_grad():
            parts = [
                self.network.moments(x.to(self.network.context.device), QUADRATURE)
                for x in X.split(64)
            ]
        mean = self.shift + self.scale * torch.cat([p[0] for p in parts]).cpu()
        std = self.scale * torch.cat([p[1] for p in parts]).cpu().sqrt()
        for j, quantity in enumerate(self.quantities):
            if quantity in self.logs:
                low, high = (
                    (mean[:, j] - std[:, j]).exp(),
                    (mean[:, j] + std[:, j]).exp(),
                )
                mean[:, j], std[:, j] = (low + high) / 2, (high - low) / 2
        return Normals(mean=mean, std=std)

    def summary(self) -> Mapping[str, object]:
        """Return hyper-parameters by quantity; those of standardised values."""
        return {
            m.name: {**describe(m, self.inputs[m.name]), "log": m.name in self.logs}
            for m in self.network.mechanisms
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
    told = evidence
    found: list[_Fit] = []
    for node in evidence.nodes:
        fit = _fit_node(node, told, place)
        told = take_log(told, node.name) if fit.log else told
        found.append(fit)
    order = [node.name for node in evidence.nodes]
    network = ProcessNetwork(
        tuple(fit.mechanism for fit in found),
        tuple(order.index(q) for q in evidence.quantities),
        evidence.contexts.to(place),
    )
    shift, scale = torch.tensor(
        [_scale(told, q) for q in evidence.quantities], dtype=torch.float64
    ).unbind(dim=-1)
    return FittedNetwork(
        quantities=evidence.quantities,
        network=network,
        model=draw_network(network, seed),
        shift=shift,
        scale=scale,
        inputs={fit.mechanism.name: fit.inputs for fit in found},
        logs=frozenset(fit.mechanism.name for fit in found if fit.log),
    )


@dataclass(frozen=True)
class _Fit:
    """A fitted mechanism, its inputs' names, log density of the data, if of logs."""

    mechanism: Mechanism
    inputs: tuple[str, ...]
    evidence: float
    log: bool = False


def _fit_node(node: Node, told: Evidence, place: torch.device) -> _Fit:
    """Return a node's mechanism, of logs where the data are likelier so."""
    plain = _mechanism(node, told, place)
    if not positive_state(told, node.name):
        return plain
    other = take_log(told, node.name)
    fit = _mechanism(node, other, place)
    used = _used(node, other)
    slope = float(other.Y[used, other.column(node.name)].sum())  # d log y / dy = 1 / y
    found = replace(fit, evidence=fit.evidence - slope, log=True)
    return max(plain, found, key=lambda f: f.evidence)


def positive_state(evidence: Evidence, quantity: str) -> bool:
    """Return whether a quantity may be learned as its log.

    It is a state, and always was positive. Outcomes stay as they are: what is sought is
    their mean.
    """
    states = frozenset().union(*evidence.before.values())
    y = evidence.Y[:, evidence.column(quantity)]
    return quantity in states and bool((y[~y.isnan()] > 0).all())


def take_log(evidence: Evidence, quantity: str) -> Evidence:
    """Return the evidence with the log of a quantity; uncertainties become relative."""
    j = evidence.column(quantity)
    Y, S = evidence.Y.clone(), evidence.S.clone()
    S[:, j] /= Y[:, j]
    Y[:, j] = Y[:, j].log()
    return replace(evidence, Y=Y, S=S)


def _scale(evidence: Evidence, quantity: str) -> tuple[float, float]:
    y = evidence.Y[evidence.tells(quantity), evidence.column(quantity)]
    if len(y) < FEWEST_ROWS:
        raise ModelError(
            f"process network: got {len(y)} results of {quantity}, must have at least "
            f"{FEWEST_ROWS}; record results first"
        )
    return standardisation(y)


def _mechanism(node: Node, evidence: Evidence, place: torch.device) -> _Fit:
    order = [n.name for n in evidence.nodes]
    states = _states(node, evidence)
    columns = [c for i in node.inputs for c in evidence.columns.get(i, ())]
    context = [c for i in node.inputs for c in evidence.context_columns.get(i, ())]
    used = _used(node, evidence)
    seen = _standardised(evidence, states)[used]
    low, span = _range(seen)
    parts = (evidence.X[used][:, columns], (seen - low) / span)
    inputs = torch.cat([*parts, evidence.C[used][:, context]], dim=-1)
    y = _standardised(evidence, [node.name])[used, 0]
    _, scale = _scale(evidence, node.name)
    s = evidence.S[used, evidence.column(node.name)] / scale
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
    mechanism = Mechanism(node.name, *where, low.to(place), span.to(place), gp)
    return _Fit(mechanism, names, gp.evidence - len(y) * math.log(scale))


def _states(node: Node, evidence: Evidence) -> list[str]:
    """Return the measured quantities among a node's inputs."""
    measured = {n.name for n in evidence.nodes}
    return [i for i in node.inputs if i in measured]


def _used(node: Node, evidence: Evidence) -> Tensor:
    """Return (n,) which rows a mechanism is fitted on."""
    columns = [evidence.column(q) for q in (node.name, *_states(node, evidence))]
    complete = ~evidence.Y[:, columns].isnan().any(dim=-1)
    return complete & evidence.tells(node.name)


def _standardised(evidence: Evidence, quantities: Sequence[str]) -> Tensor:
    """Return standardised values (n, p) of quantities."""
    columns = [evidence.column(q) for q in quantities]
    scales = [_scale(evidence, q) for q in quantities]
    scaled = evidence.Y.new_tensor(scales).reshape(-1, 2)
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
