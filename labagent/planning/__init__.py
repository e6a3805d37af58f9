"""Which interventions to propose: search through the model."""

from collections.abc import Mapping, Sequence

from torch import Tensor

from labagent.planning.finite import Choice, MakeAcquisition, choose_finite
from labagent.planning.mixed import choose_mixed
from labagent.planning.sampling import count_keys, sample
from labagent.representations.encoder import SpaceEncoder
from labagent.variables import Intervention

LARGEST_LIST = 60_000
"""Finite spaces up to this size are scored whole; larger ones are searched."""


def choose(
    encoder: SpaceEncoder,
    make: MakeAcquisition,
    pending: Tensor,
    count: int,
    taken: Mapping[str, int],
    seed: int,
    around: Sequence[Intervention] = (),
) -> list[Choice]:
    """Choose up to ``count`` interventions that score best together.

    Finite spaces are scored whole where that is affordable and always where they are a
    table of candidates; others are searched from many starts.
    """
    size = encoder.space.size
    if (
        encoder.space.candidates is not None
        or (size or LARGEST_LIST + 1) <= LARGEST_LIST
    ):
        return choose_finite(encoder, make, pending, count, taken)
    return choose_mixed(encoder, make, pending, count, taken, seed, around)


__all__ = ["Choice", "MakeAcquisition", "choose", "count_keys", "sample"]
