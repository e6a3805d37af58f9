"""Which interventions to propose: search through the model."""

import warnings

from linear_operator.utils.warnings import NumericalWarning

from labagent.planning.finite import Choice, MakeAcquisition, Wanted, choose_finite
from labagent.planning.mixed import choose_mixed
from labagent.planning.sampling import count_keys, sample
from labagent.representations.encoder import SpaceEncoder

LARGEST_LIST = 60_000
"""Finite spaces up to this size are scored whole; larger ones are searched."""


def choose(
    encoder: SpaceEncoder,
    make: MakeAcquisition,
    wanted: Wanted,
    screen: MakeAcquisition | None = None,
) -> list[Choice]:
    """Choose interventions that score best together.

    Finite spaces are scored whole where that is affordable and always where they are a
    table of candidates; others are searched from many starts.

    Args:
        encoder: Of the space.
        make: Builds the acquisition.
        wanted: How many, and what is known before.
        screen: Builds a cheaper one that says where searches start.
    """
    size = encoder.space.size
    listed = encoder.space.candidates is not None
    with warnings.catch_warnings():
        # beside what was measured a joint covariance is singular; jitter is right there
        warnings.filterwarnings("ignore", "A not p.d.", NumericalWarning)
        if listed or (size or LARGEST_LIST + 1) <= LARGEST_LIST:
            return choose_finite(encoder, make, wanted)
        return choose_mixed(encoder, make, wanted, screen)


__all__ = [
    "LARGEST_LIST",
    "Choice",
    "MakeAcquisition",
    "Wanted",
    "choose",
    "count_keys",
    "sample",
]
