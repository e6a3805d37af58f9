"""Numbers and labels as vectors in the unit cube."""

import math
from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor

from labagent.variables import Choice, Continuous, Integer, Value


@final
class Scaled:
    """A number on [0, 1], linear or logarithmic between its bounds."""

    def __init__(self, domain: Continuous | Integer) -> None:
        self.domain = domain
        self.low, self.high = self._scale(domain.low), self._scale(domain.high)
        self.discrete = domain.size is not None
        self.width = 1

    def _scale(self, value: float) -> float:
        return math.log(value) if self.domain.log else float(value)

    def encode(self, values: Sequence[Value]) -> Tensor:
        """Return values as a tensor of shape (n, 1)."""
        span = (self.high - self.low) or 1.0
        numbers = [_number(v) for v in values]
        scaled = [[(self._scale(v) - self.low) / span] for v in numbers]
        return torch.tensor(scaled, dtype=torch.float64).reshape(-1, 1)

    def decode(self, rows: Tensor) -> list[Value]:
        """Return the nearest allowed values of rows of shape (n, 1)."""
        return [self._decode_one(float(z)) for z in rows[:, 0]]

    def _decode_one(self, z: float) -> Value:
        z = min(max(z, 0.0), 1.0)
        scaled = self.low + z * (self.high - self.low)
        value = math.exp(scaled) if self.domain.log else scaled
        domain = self.domain
        value = min(max(value, domain.low), domain.high)
        if isinstance(domain, Integer):
            return round(value)
        if domain.step is None:
            return value
        steps = min(round((value - domain.low) / domain.step), (domain.size or 1) - 1)
        return min(round(domain.low + steps * domain.step, 12), domain.high)


@final
class OneHot:
    """A label as a vector with a single one."""

    def __init__(self, domain: Choice) -> None:
        self.domain = domain
        self.discrete = True
        self.width = domain.size

    def encode(self, values: Sequence[Value]) -> Tensor:
        """Return labels as a tensor of shape (n, number of options)."""
        index = [self.domain.options.index(str(v)) for v in values]
        eye = torch.eye(self.width, dtype=torch.float64)
        return eye[torch.tensor(index, dtype=torch.long)]

    def decode(self, rows: Tensor) -> list[Value]:
        """Return the labels with the largest entries of rows (n, number of options)."""
        return [self.domain.options[int(i)] for i in rows.argmax(dim=-1)]


def _number(value: Value) -> float:
    if isinstance(value, (int, float)):
        return float(value)
    raise TypeError(f"got {value!r}, must be a number")
