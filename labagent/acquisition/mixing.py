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

Weighted = tuple[float, AcquisitionFunction]
"""A member's weight and acquisition function, which is a log itself."""


class Mixed(AcquisitionFunction):
    """Log of the weighted sum of acquisition functions that are logs themselves.

    Attributes:
        parts: Members' acquisition functions.
        logs: Logs of their weights.
    """

    def __init__(
        self,
        parts: Sequence[Weighted],
        rough: Sequence[Weighted] | None = None,
    ) -> None:
        weights, functions = zip(*parts, strict=True)
        super().__init__(model=functions[0].model)
        self.parts = torch.nn.ModuleList(functions)
        self.logs = [math.log(w) for w in weights]
        # in a tuple: a module that is its own submodule has no end
        self._screen = (Mixed(rough) if rough else self,)

    @property
    def screen(self) -> AcquisitionFunction:
        """The same, cheaper: good enough to see where a search should start."""
        return self._screen[0]

    def forward(self, X: Tensor) -> Tensor:
        """Map X (b, q, d) to (b,) values."""
        values = [
            part(X) + log for part, log in zip(self.parts, self.logs, strict=True)
        ]
        return torch.stack(values).logsumexp(dim=0)
