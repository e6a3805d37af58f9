"""An acquisition of a mixture: the weighted sum of its members'.

Expectation is linear in the density, so the expected improvement of a mixture is the
weighted sum of its members' improvements; on the log scale

    log sum_m w_m exp(a_m(X)).
"""

import math
from collections.abc import Sequence

import torch
from botorch.acquisition import AcquisitionFunction
from torch import Tensor


class Mixed(AcquisitionFunction):
    """Log of the weighted sum of acquisition functions that are logs themselves.

    Attributes:
        parts: Members' acquisition functions.
        logs: Logs of their weights.
    """

    def __init__(self, parts: Sequence[tuple[float, AcquisitionFunction]]) -> None:
        weights, functions = zip(*parts, strict=True)
        super().__init__(model=functions[0].model)
        self.parts = torch.nn.ModuleList(functions)
        self.logs = [math.log(w) for w in weights]

    def forward(self, X: Tensor) -> Tensor:
        """Map X (b, q, d) to (b,) values."""
        values = [
            part(X) + log for part, log in zip(self.parts, self.logs, strict=True)
        ]
        return torch.stack(values).logsumexp(dim=0)
