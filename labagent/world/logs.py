"""Logs of sizes, and the way back.

The way back is the exponential up to the largest value seen, and its tangent above: a
log that is little known there promises some times as much, not e to that power. Both
functions rise, are smooth to first order, and undo each other.
"""

import math

from torch import Tensor


def from_log(logs: Tensor, largest: float) -> Tensor:
    """Return values, in their unit, of logs of any shape.

    Args:
        logs: Natural logs.
        largest: The largest value seen; positive.
    """
    top = math.log(largest)
    return logs.clamp_max(top).exp() * (1.0 + (logs - top).clamp_min(0.0))


def to_log(values: Tensor, largest: float) -> Tensor:
    """Return the logs of which :func:`from_log` makes positive values of any shape."""
    beyond = (values / largest - 1.0).clamp_min(0.0)
    return values.clamp_max(largest).log() + beyond
