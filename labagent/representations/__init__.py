"""Typed values as vectors, and back.

A representation is a final class built from a domain; :data:`REPRESENTATIONS` says
which one serves which domain. Adding one is a new file and a line in that table.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from torch import Tensor

from labagent.representations.composition import Fractions
from labagent.representations.tabular import OneHot, Scaled
from labagent.variables import (
    Choice,
    Composition,
    Continuous,
    ControlDomain,
    Domain,
    Integer,
    Value,
)


class Representation(Protocol):
    """Encodes the values of one domain.

    Attributes:
        width: Entries per value.
        discrete: Whether only finitely many vectors stand for allowed values.
    """

    width: int
    discrete: bool

    def encode(self, values: Sequence[Value]) -> Tensor:
        """Return values as a float64 tensor of shape (n, width), entries in [0, 1]."""
        ...

    def decode(self, rows: Tensor) -> list[Value]:
        """Return the allowed values nearest to rows of shape (n, width)."""
        ...


REPRESENTATIONS: Mapping[type[ControlDomain], Callable[[Any], Representation]] = {
    Continuous: Scaled,
    Integer: Scaled,
    Choice: OneHot,
    Composition: Fractions,
}


def represent(domain: Domain) -> Representation:
    """Return the representation of a control's domain.

    Raises:
        TypeError: The domain is not one that can be set.
    """
    for kind, make in REPRESENTATIONS.items():
        if isinstance(domain, kind):
            return make(domain)
    raise TypeError(f"no representation for {domain!r}; it cannot be a control")


__all__ = [
    "REPRESENTATIONS",
    "Fractions",
    "OneHot",
    "Representation",
    "Scaled",
    "represent",
]
