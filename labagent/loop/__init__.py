"""The loop's decisions: propose, stop, and replay what was decided.

All of it is a function of the campaign and the database's rows.
"""

from labagent.loop.deciding import decision_seed, predict, propose
from labagent.loop.replaying import ReplayRow, replay
from labagent.loop.stopping import budget_left, stop_reason

__all__ = [
    "ReplayRow",
    "budget_left",
    "decision_seed",
    "predict",
    "propose",
    "replay",
    "stop_reason",
]
