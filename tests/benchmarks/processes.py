"""Small processes for tests."""

import torch

from benchmarks.functions.problems import Control, Node, Problem
from labagent.campaigns import OutcomeLimit


def limited() -> Problem:
    """Return a process with units, a logarithm, noise, a limit and a state."""
    controls = (Control("a", 10, 1000, "degC", log=True), Control("b", -1, 1))
    return Problem(
        name="limited",
        controls=controls,
        nodes=(
            Node("s", ("a",), noise=0.5),
            Node("cost", ("s", "b")),
            Node("waste", ("b",)),
        ),
        objective="cost",
        optimum=1.0,
        truth=lambda V: torch.stack([V[:, 0], V[:, 0] + V[:, 1], V[:, 1]], dim=-1),
        goal="minimize",
        limits=(OutcomeLimit("waste", ">=", 0.0),),
        floor=500.0,
    )
