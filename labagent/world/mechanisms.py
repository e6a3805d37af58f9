"""Fit every mechanism of a process: the network member of the mixture."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor

from labagent.world.devices import choose_device
from labagent.world.drawn import DrawnNetwork, draw_network
from labagent.world.evidence import Evidence
from labagent.world.fitted import Normals
from labagent.world.network import Link, Mechanism, ProcessNetwork, describe
from labagent.world.parents import find_parents, likelihood
from labagent.world.recurring import find_shared
from labagent.world.routes import Node
from labagent.world.views import made, scale_of

KNOWN_WELL = 0.9
"""Share of the variance of logs that each of them is foretold by all others."""

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
    """

    quantities: tuple[str, ...]
    network: ProcessNetwork
    model: DrawnNetwork
    shift: Tensor
    scale: Tensor

    @property
    def logs(self) -> frozenset[str]:
        """Quantities whose log is modelled."""
        return frozenset(self.network.mechanisms[i].name for i in self.network.links)

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
        own = torch.cat([p[0] for p in parts]).cpu()
        spread = torch.cat([p[1] for p in parts]).cpu().sqrt()
        mean, std = self.shift + self.scale * own, self.scale * spread
        for j, place in enumerate(self.network.outputs):
            if link := self.network.links.get(place):
                low = link.told(own[:, j] - spread[:, j])
                high = link.told(own[:, j] + spread[:, j])
                mean[:, j], std[:, j] = (low + high) / 2, (high - low) / 2
        return Normals(mean, std)

    def summary(self) -> Mapping[str, object]:
        """Return hyper-parameters by quantity; those of standardised values."""
        return {
            m.name: {**describe(m), "log": m.name in self.logs}
            for m in self.network.mechanisms
        }


def fit_network(evidence: Evidence, seed: int, device: str = "cpu") -> FittedNetwork:
    """Fit the network member. A function of evidence and seed.

    Args:
        evidence: The data.
        seed: Of the draws that steer a search.
        device: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        ModelError: A quantity was not measured at least twice.
    """
    place = choose_device(device, len(evidence.X))
    told = evidence
    found: dict[str, Mechanism] = {}
    logs: set[str] = set()
    settled: set[str] = set()  # whether as they are or as logs
    kinds = Counter(node.kind for node in evidence.nodes)
    for k, node in enumerate(evidence.nodes):
        kin = told.kin_of(node.name)
        if node.name not in settled and _logs_are_likelier(node, told, place):
            for q in kin:
                told = take_log(told, q)
            logs.update(kin)
        settled.update(kin)
        if not node.kind:
            found[node.name] = Mechanism(node.name, find_parents(node, told, place))
            continue
        turns = [n for n in evidence.nodes[: k + 1] if n.kind == node.kind]
        if len(turns) == kinds[node.kind]:  # whatever they depend on is settled
            for name, candidates in find_shared(turns, told, place).items():
                found[name] = Mechanism(name, candidates, node.kind)
    order = [node.name for node in evidence.nodes]
    network = ProcessNetwork(
        tuple(found[name] for name in order),
        tuple(order.index(q) for q in evidence.quantities),
        evidence.contexts.to(place),
        {order.index(q): _link(told, evidence, q) for q in logs},
    )
    shift, scale = _scales(evidence).unbind(dim=-1)
    return FittedNetwork(
        quantities=evidence.quantities,
        network=network,
        model=draw_network(network, seed),
        shift=shift,
        scale=scale,
    )


def _link(told: Evidence, evidence: Evidence, quantity: str) -> Link:
    """Return how a quantity follows from its log, which is what was told of it."""
    largest = float(made(evidence, quantity).max())
    return Link(*scale_of(told, quantity), *scale_of(evidence, quantity), largest)


def _scales(evidence: Evidence) -> Tensor:
    """Return (m, 2) means and standard deviations of the quantities' data."""
    found = [scale_of(evidence, q) for q in evidence.quantities]
    return torch.tensor(found, dtype=torch.float64)


def _logs_are_likelier(node: Node, told: Evidence, place: torch.device) -> bool:
    """Return whether a node's data are likelier as logs, densities in the same unit.

    Where its stage repeats the first turn decides for all: it is there first. Of what
    is sought logs are learned only where they are known well: improvement counts on
    what lies above everything seen, and elsewhere they promise too much of it.
    """
    kin = told.kin_of(node.name)
    if not all(_positive(told, q) for q in kin):
        return False
    logs = told
    for q in kin:
        logs = take_log(logs, q)
    as_is, _ = likelihood(node, told, place)
    as_log, process = likelihood(node, logs, place)
    shift, scale = scale_of(logs, node.name)
    slopes = shift + scale * process.y  # d log y / dy = 1 / y
    if as_log - float(slopes.sum()) <= as_is:
        return False
    return told.sought.isdisjoint(kin) or process.told_by_others() >= KNOWN_WELL


def _positive(evidence: Evidence, quantity: str) -> bool:
    """Return whether a quantity may be learned as its log: it always was positive."""
    y = evidence.Y[:, evidence.column(quantity)]
    known = [value for q, value in evidence.known.values() if q == quantity]
    return bool((y[~y.isnan()] > 0).all()) and min(known, default=1.0) > 0


def take_log(evidence: Evidence, quantity: str) -> Evidence:
    """Return the evidence with the log of a quantity; uncertainties become relative."""
    j = evidence.column(quantity)
    Y, S = evidence.Y.clone(), evidence.S.clone()
    S[:, j] /= Y[:, j]
    Y[:, j] = Y[:, j].log()
    known = {
        n: (q, math.log(value) if q == quantity else value)
        for n, (q, value) in evidence.known.items()
    }
    return replace(evidence, Y=Y, S=S, known=known)
