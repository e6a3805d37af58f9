"""The world model: what will be seen if this is set.

A member of the mixture is a function ``fit(evidence, seed) -> Fitted``;
:data:`MEMBERS` names them. Adding one is a new file and a line in that table.
"""

from collections.abc import Callable, Mapping

from labagent.world.averaged import fit_averaged
from labagent.world.constant import fit_constant
from labagent.world.evidence import Evidence, gather
from labagent.world.fitted import Fitted, Normals
from labagent.world.forest import fit_forest
from labagent.world.grid import fit_grid
from labagent.world.mechanisms import fit_network
from labagent.world.mixture import Mixture
from labagent.world.plain import FEWEST_ROWS, fit_plain
from labagent.world.warped import fit_warped

MEMBERS: Mapping[str, Callable[[Evidence, int, str], Fitted]] = {
    "plain-gp": fit_plain,
    "network": fit_network,
    "grid": fit_grid,
    "averaged-gp": fit_averaged,
    "warped-gp": fit_warped,
    "forest": fit_forest,
    "constant": fit_constant,
}
"""Member name to its fitting function ``(evidence, seed, device) -> Fitted``."""


def fit_members(evidence: Evidence, seed: int, device: str) -> dict[str, Fitted]:
    """Return every member the evidence suffices for; none before two results.

    The network needs states, and each of its quantities measured twice.
    """
    quantities = evidence.quantities
    alone = [int(evidence.tells_recipe(q).sum()) for q in quantities]
    if max(alone, default=0) < FEWEST_ROWS:
        return {}
    own = [int(evidence.tells(q).sum()) for q in quantities]
    chained = evidence.chained and min(own) >= FEWEST_ROWS
    return {
        name: fit(evidence, seed, device)
        for name, fit in MEMBERS.items()
        if chained or name != "network"
    }


__all__ = [
    "MEMBERS",
    "Evidence",
    "Fitted",
    "Mixture",
    "Normals",
    "fit_members",
    "fit_plain",
    "gather",
]
