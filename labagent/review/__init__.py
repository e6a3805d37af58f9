"""What the experiments say: the best, calibration, surprises, plain rows."""

from labagent.review.best import Advance, allowed, best, front, measured_at, trace
from labagent.review.calibration import (
    LEVELS,
    Calibration,
    Coverage,
    calibration,
    calibrations,
    compared,
    wilson,
)
from labagent.review.plausible import Doubt, doubts
from labagent.review.rows import (
    Row,
    context,
    dispatched_at,
    history_row,
    history_rows,
    iso,
    message,
    plain_calibration,
    plain_intervention,
    plain_prediction,
    predicted_at,
    surprise,
)
from labagent.review.summary import Summary, is_imported, spent, summarise
from labagent.review.surprises import Surprise, surprises

__all__ = [
    "LEVELS",
    "Advance",
    "Calibration",
    "Coverage",
    "Doubt",
    "Row",
    "Summary",
    "Surprise",
    "allowed",
    "best",
    "calibration",
    "calibrations",
    "compared",
    "context",
    "dispatched_at",
    "doubts",
    "front",
    "history_row",
    "history_rows",
    "is_imported",
    "iso",
    "measured_at",
    "message",
    "plain_calibration",
    "plain_intervention",
    "plain_prediction",
    "predicted_at",
    "spent",
    "summarise",
    "surprise",
    "surprises",
    "trace",
    "wilson",
]
