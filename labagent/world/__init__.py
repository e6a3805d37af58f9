"""The world model: what will be seen if this is set.

A member of the mixture is a function ``fit(evidence, seed) -> Fitted``;
:data:`MEMBERS` names them. Adding one is a new file and a line in that table.
"""

from collections.abc import Callable, Mapping

from labagent.world.evidence import Evidence, gather
from labagent.world.fitted import Fitted, Normals
from labagent.world.plain import fit_plain

MEMBERS: Mapping[str, Callable[[Evidence, int, str], Fitted]] = {
    "plain-gp": fit_plain,
}
"""Member name to its fitting function ``(evidence, seed, device) -> Fitted``."""

__all__ = ["MEMBERS", "Evidence", "Fitted", "Normals", "fit_plain", "gather"]
