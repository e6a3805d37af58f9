"""Compositions as vectors of mole fractions."""

from collections.abc import Mapping, Sequence
from typing import final

import torch
from torch import Tensor

from labagent.variables import Composition, Value


@final
class Fractions:
    """Mole fractions, one entry per species, unscaled so that rows sum to one."""

    def __init__(self, domain: Composition) -> None:
        self.domain = domain
        self.discrete = domain.step is not None
        self.width = len(domain.species)

    def encode(self, values: Sequence[Value]) -> Tensor:
        """Return compositions as a tensor of shape (n, number of species)."""
        rows = [
            [_fractions(v).get(s, 0.0) for s in self.domain.symbols] for v in values
        ]
        return torch.tensor(rows, dtype=torch.float64).reshape(-1, self.width)

    def decode(self, rows: Tensor) -> list[Value]:
        """Return rows (n, number of species) as compositions that sum to one.

        On a grid, fractions become whole steps by largest remainder.
        """
        return [self._decode_one([float(x) for x in row]) for row in rows]

    def _decode_one(self, row: list[float]) -> Value:
        limits = zip(row, self.domain.species, strict=True)
        clipped = [min(max(x, s.low), s.high) for x, s in limits]
        total = sum(clipped) or 1.0
        fractions = [x / total for x in clipped]
        if self.domain.step is not None:
            fractions = largest_remainder(fractions, round(1 / self.domain.step))
        return dict(zip(self.domain.symbols, fractions, strict=True))


def largest_remainder(fractions: Sequence[float], units: int) -> list[float]:
    """Return fractions rounded to whole units of ``1 / units`` that still sum to one.

    Source: the method of Hamilton for apportionment.
    """
    exact = [x * units for x in fractions]
    whole = [int(x + 1e-9) for x in exact]
    order = sorted(range(len(exact)), key=lambda i: whole[i] - exact[i])
    for i in order[: units - sum(whole)]:
        whole[i] += 1
    return [w / units for w in whole]


def _fractions(value: Value) -> Mapping[str, float]:
    if isinstance(value, Mapping):
        return value
    raise TypeError(f"got {value!r}, must be fractions by species")
