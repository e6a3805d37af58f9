"""Logs and the way back: an exponential that goes on along its tangent."""

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from labagent.world.logs import from_log, to_log

SIZES = st.floats(1e-12, 1e12)


@given(st.lists(SIZES, min_size=1, max_size=5), SIZES)
def test_each_undoes_the_other(values: list[float], largest: float) -> None:
    known = torch.tensor(values, dtype=torch.float64)
    # further up a log, which grows as value / largest, loses the digits of its value
    near = known.clamp_max(1e6 * largest)
    back = from_log(to_log(near, largest), largest)
    assert torch.allclose(back, near, rtol=1e-6)


@given(SIZES)
def test_up_to_the_largest_it_is_the_exponential(largest: float) -> None:
    logs = math.log(largest) - torch.linspace(0, 20, 9, dtype=torch.float64)
    assert torch.allclose(from_log(logs, largest), logs.exp(), rtol=1e-9)


def test_above_the_largest_it_is_a_line() -> None:
    logs = torch.log(torch.tensor(5.0).double()) + torch.arange(4)
    assert torch.allclose(from_log(logs, 5.0), 5.0 * (1.0 + torch.arange(4)).double())
