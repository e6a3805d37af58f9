"""Variables, the values they may take, and the rules between them.

All numbers are in the unit their variable declares; whoever reads a number in another
unit converts it at the door (``labagent.config``).
"""

from labagent.variables.constraints import Condition, Constraint, Term, look_up
from labagent.variables.domains import (
    TOLERANCE,
    Choice,
    Composition,
    Continuous,
    ControlDomain,
    Domain,
    Integer,
    Intervention,
    Label,
    Real,
    Role,
    Species,
    Value,
    Variable,
)
from labagent.variables.spaces import DesignSpace, intervention_key

__all__ = [
    "TOLERANCE",
    "Choice",
    "Composition",
    "Condition",
    "Constraint",
    "Continuous",
    "ControlDomain",
    "DesignSpace",
    "Domain",
    "Integer",
    "Intervention",
    "Label",
    "Real",
    "Role",
    "Species",
    "Term",
    "Value",
    "Variable",
    "intervention_key",
    "look_up",
]
