"""A whole intervention as one vector."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from labagent.representations import Representation, represent
from labagent.variables import Composition, DesignSpace, Intervention, Value


class SpaceEncoder:
    """Concatenates the representations of a space's controls.

    Attributes:
        space: The space.
        width: Entries per intervention, d.
        slices: Control name to its entries.
    """

    def __init__(self, space: DesignSpace) -> None:
        self.space = space
        self.parts: Mapping[str, Representation] = {
            c.name: represent(c.domain) for c in space.controls
        }
        self.slices: dict[str, slice] = {}
        start = 0
        for name, part in self.parts.items():
            self.slices[name] = slice(start, start + part.width)
            start += part.width
        self.width = start

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Name of each entry: ``control``, ``control.species`` or ``control=label``."""
        names: list[str] = []
        for control in self.space.controls:
            part, domain = self.parts[control.name], control.domain
            if part.width == 1 and not hasattr(domain, "options"):
                names.append(control.name)
            elif isinstance(domain, Composition):
                names += [f"{control.name}.{s}" for s in domain.symbols]
            else:
                options = getattr(domain, "options", ())
                names += [f"{control.name}={o}" for o in options]
        return tuple(names)

    def encode(self, interventions: Sequence[Intervention]) -> Tensor:
        """Return interventions as a float64 tensor of shape (n, d)."""
        if not interventions:
            return torch.empty(0, self.width, dtype=torch.float64)
        columns = [
            part.encode([i[name] for i in interventions])
            for name, part in self.parts.items()
        ]
        return torch.cat(columns, dim=-1)

    def decode(self, rows: Tensor) -> list[dict[str, Value]]:
        """Return the allowed interventions nearest to rows of shape (n, d)."""
        columns = {
            name: part.decode(rows[:, self.slices[name]])
            for name, part in self.parts.items()
        }
        return [{name: columns[name][i] for name in columns} for i in range(len(rows))]
