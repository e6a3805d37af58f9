"""Where tensors live, and how randomness is kept in its place."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from labagent.errors import ModelError

WORTH = 1000
"""Experiments from which a GPU decides no slower than one thread of a CPU.

In a campaign of 6 to 30 it took three times as long, with 2,000 two thirds
(benchmarks/README.md).
"""


def choose_device(wanted: str, rows: int) -> torch.device:
    """Return the device for ``auto``, ``cpu`` or ``cuda``.

    Args:
        wanted: As the campaign says; ``auto`` is CUDA where it is present and pays.
        rows: Experiments to learn from.

    Raises:
        ModelError: CUDA was asked for and there is none.
    """
    return torch.device(chosen(wanted, rows, present=torch.cuda.is_available()))


def chosen(wanted: str, rows: int, *, present: bool) -> str:
    """Return the name of :func:`choose_device`'s, given whether CUDA is present."""
    if wanted == "auto":
        return "cuda" if present and rows >= WORTH else "cpu"
    if wanted == "cuda" and not present:
        raise ModelError(
            "device: got cuda, must be present on this machine; set `device: auto`, "
            "or install a CUDA build of torch"
        )
    return wanted


@contextmanager
def on_one_core() -> Iterator[None]:
    """Run a block on one thread, unless OMP_NUM_THREADS was set; restore it after.

    A decision is thousands of small steps, which threads only slow down: with 1,000
    experiments 22 s on two, 6 s on one.
    """
    before = torch.get_num_threads()
    try:
        if "OMP_NUM_THREADS" not in os.environ:
            torch.set_num_threads(1)
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Run a block on torch generators that start at ``seed``; restore them after.

    BoTorch's optimisers draw from the global generators, so a seed handed to them
    alone does not make a decision repeatable.
    """
    devices = list(range(torch.cuda.device_count()))
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield
