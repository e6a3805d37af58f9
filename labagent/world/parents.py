"""Which parents a mechanism has, as far as its data tell.

Every set of parents that a node allows (:attr:`labagent.world.routes.Node.sets`), with
every prior of noise (:mod:`labagent.world.priors`), is a Gaussian process of its own.
Its evidence, with hyper-parameters integrated by Laplace's method, and its prior make
its probability [MacKay1992]_, and a network is followed with each of them as often as
it is probable [Hoeting1999]_: what the data cannot tell apart stays open.

.. [Hoeting1999] J. A. Hoeting, D. Madigan, A. E. Raftery, C. T. Volinsky. Bayesian
   model averaging: a tutorial. Statistical Science 14(4), 1999.
.. [MacKay1992] D. J. C. MacKay. Bayesian interpolation. Neural Computation 4(3), 1992.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from labagent.world.evidence import Evidence
from labagent.world.exact import ExactGP
from labagent.world.fitting import (
    FIRST,
    LogPosterior,
    laplace,
    most_probable,
    process,
)
from labagent.world.network import Candidate
from labagent.world.plain import FEWEST_ROWS
from labagent.world.routes import Node
from labagent.world.views import View, scale_of, views_of

LEAST = 0.02
"""Processes of a smaller probability are dropped."""


def find_parents(
    node: Node, evidence: Evidence, place: torch.device
) -> tuple[Candidate, ...]:
    """Return what a node's data leave probable, fitted: parents, and noise or none.

    Args:
        node: The quantity and what its parents may be.
        evidence: The data.
        place: Where the processes live.

    Raises:
        ModelError: The quantity was never measured twice together with any of them.
    """
    views = views_of(node, node.sets, evidence, place)
    common = torch.stack([v.rows for v in views]).all(dim=0)
    if int(common.sum()) < FEWEST_ROWS:  # no rows by which to compare sets
        views = _widest(views)
        common = views[0].rows
    return _judge(views, common)


def likelihood(
    node: Node, evidence: Evidence, place: torch.device
) -> tuple[float, ExactGP]:
    """Return the log density of a node's data in their unit, and the process of them.

    Of at most :data:`FIRST` rows, given the parents together with which it was measured
    most often, and the noise that makes them likelier.
    """
    views = _widest(views_of(node, node.sets, evidence, place))
    losses = [view.loss(view.rows).among(FIRST) for view in views]
    _, scale = scale_of(evidence, node.name)
    found = [process(loss, most_probable(loss)) for loss in losses]
    best = max(found, key=lambda gp: gp.evidence)
    return best.evidence - len(best.y) * math.log(scale), best


def at_best(loss: LogPosterior, found: Tensor, seen: int) -> ExactGP:
    """Return the process at its most probable hyper-parameters.

    Args:
        loss: Their posterior density.
        found: Those of some of its rows.
        seen: How many.
    """
    best = found if len(loss.y) <= seen else most_probable(loss, near=found)
    return process(loss, best)


def _widest(views: Sequence[View]) -> list[View]:
    """Return the views of the set with most rows, the first of equals."""
    widest = max(views, key=lambda v: int(v.rows.sum())).parents
    return [v for v in views if v.parents is widest]


def _judge(views: Sequence[View], common: Tensor) -> tuple[Candidate, ...]:
    """Return what is probable by the rows (n,) that all can be judged by."""
    best, logs = weighed_views(views, common)
    return likely(views, best, logs, min(int(common.sum()), FIRST))


def weighed_views(views: Sequence[View], rows: Tensor) -> tuple[list[Tensor], Tensor]:
    """Return what :func:`weighed` does, of views and some rows (n,)."""
    return weighed([view.loss(rows) for view in views], [v.prior for v in views])


def likely(
    views: Sequence[View],
    best: Sequence[Tensor],
    logs: Tensor,
    seen: int,
    share: float = 1.0,
) -> tuple[Candidate, ...]:
    """Return the views that are probable as fitted candidates.

    Args:
        views: The data.
        best: Most probable log hyper-parameters of some rows.
        logs: (k,) log prior + evidence.
        seen: How many rows.
        share: Probability of all views together.
    """
    return tuple(
        view.placed(share * p, at_best(view.loss(view.rows), theta, seen))
        for view, theta, p in zip(views, best, probable(logs), strict=True)
        if p
    )


def weighed(
    losses: Sequence[LogPosterior], priors: Sequence[float]
) -> tuple[list[Tensor], Tensor]:
    """Return the most probable hyper-parameters, and log prior + evidence (k,).

    Of at most :data:`FIRST` rows.
    """
    few = [loss.among(FIRST) for loss in losses]
    best = [most_probable(loss) for loss in few]
    logs = [
        math.log(prior) + laplace(loss, theta)
        for prior, loss, theta in zip(priors, few, best, strict=True)
    ]
    return best, torch.tensor(logs, dtype=torch.float64)


def probable(logs: Tensor) -> list[float]:
    """Return probabilities of log weights (k,); zero where there is next to none."""
    found = logs.softmax(dim=0)
    kept = torch.where(found >= LEAST, found, torch.zeros_like(found))
    return (kept / kept.sum()).tolist()
