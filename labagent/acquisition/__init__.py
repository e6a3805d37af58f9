"""How much an intervention promises: acquisition functions.

Every entry of :data:`ACQUISITIONS` is a function ``make(task) -> AcquisitionFunction``
whose result maps (b, q, d) encoded interventions to (b,) values that are larger where
proposing those q interventions together is better. Adding one is a new file and a line
in that table.
"""

from collections.abc import Callable, Mapping

from botorch.acquisition import AcquisitionFunction

from labagent.acquisition.improvement import make_qlogei, make_qlognei
from labagent.acquisition.membership import make_top_fraction
from labagent.acquisition.pareto import make_qlognehvi
from labagent.acquisition.task import AcquisitionTask, has_rough
from labagent.campaigns import Find, Goal

ACQUISITIONS: Mapping[str, Callable[[AcquisitionTask], AcquisitionFunction]] = {
    "qLogEI": make_qlogei,
    "qLogNEI": make_qlognei,
    "qLogNEHVI": make_qlognehvi,
    "TopFraction": make_top_fraction,
}


def choose_acquisition(goal: Goal, batch: int) -> str:
    """Return the name of the acquisition that serves a goal.

    Where many are to be found, batches take turns: membership of the top gathers what
    the model already believes in, improvement keeps it from believing too early.

    Args:
        goal: What is asked for.
        batch: Number of the batch.
    """
    match goal.find:
        case Find.FRONT:
            return "qLogNEHVI"
        case Find.MANY:
            return "TopFraction" if batch % 2 else "qLogNEI"
        case Find.BEST:
            return "qLogNEI"


__all__ = ["ACQUISITIONS", "AcquisitionTask", "choose_acquisition", "has_rough"]
