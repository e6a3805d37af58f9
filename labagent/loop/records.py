"""What was seen, as the causal model reads it."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from labagent.campaigns import Campaign
from labagent.experiments import Trial, Trials
from labagent.representations.encoder import SpaceEncoder
from labagent.variables import Label
from labagent.world.evidence import gather
from labagent.world.structural import Records


def read_records(campaign: Campaign, trials: Trials, encoder: SpaceEncoder) -> Records:
    """Return a campaign's measured experiments as the structural model reads them.

    Context numbers keep their unit; labels are one-hot.
    """
    evidence = gather(campaign, trials, encoder)
    measured = trials.measured  # context is scaled there, and in its unit here
    values = {n: evidence.X[:, list(c)] for n, c in evidence.columns.items()}
    values |= {q: evidence.Y[:, i : i + 1] for i, q in enumerate(evidence.quantities)}
    for variable in campaign.context:
        seen = [t.context.get(variable.name) for t in measured]
        if any(v is not None for v in seen):
            labels = labels_of(variable.name, measured)
            as_label = isinstance(variable.domain, Label)
            rows = [_plain(v, labels if as_label else None) for v in seen]
            values[variable.name] = torch.tensor(rows, dtype=torch.float64)
    was_set = {n: _was_set(n, measured) for n in campaign.space.names}
    was_set |= {q: evidence.M[:, i] for i, q in enumerate(evidence.quantities)}
    exchangeable = {v.name for v in campaign.context if isinstance(v.domain, Label)}
    return Records(values, was_set, frozenset(exchangeable))


def labels_of(name: str, measured: Sequence[Trial]) -> list[str]:
    """Return the values a context label was seen with."""
    return sorted({str(t.context[name]) for t in measured if name in t.context})


def _plain(value: float | str | None, labels: list[str] | None) -> list[float]:
    """Return a context value as numbers: one-hot if it is a label; NaN if missing."""
    if labels is not None:
        return [math.nan if value is None else float(value == x) for x in labels]
    return [float(value) if isinstance(value, (int, float)) else math.nan]


def _was_set(control: str, measured: Sequence[Trial]) -> Tensor:
    return torch.tensor([control not in t.observed for t in measured], dtype=torch.bool)
