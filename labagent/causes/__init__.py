"""What is declared to cause what, and what follows from that alone."""

from labagent.causes.adjustment import is_adjustment
from labagent.causes.effects import Effect, Sources, effect
from labagent.causes.estimands import Estimand, Probability, Product, Quotient, Sum
from labagent.causes.evaluation import Counts, evaluate
from labagent.causes.graphs import Cause, ProcessGraph, find_cycle
from labagent.causes.identification import (
    Identified,
    Method,
    Unidentified,
    identify,
)
from labagent.causes.mixed import MixedGraph, mix
from labagent.causes.remedies import Remedy
from labagent.causes.separation import separated

__all__ = [
    "Cause",
    "Counts",
    "Effect",
    "Estimand",
    "Identified",
    "Method",
    "MixedGraph",
    "Probability",
    "ProcessGraph",
    "Product",
    "Quotient",
    "Remedy",
    "Sources",
    "Sum",
    "Unidentified",
    "effect",
    "evaluate",
    "find_cycle",
    "identify",
    "is_adjustment",
    "mix",
    "separated",
]
