"""What to try next, and what is expected of it."""

import hashlib
import math
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import botorch
import gpytorch
import torch
from botorch.acquisition import AcquisitionFunction
from torch import Tensor

from labagent.acquisition import (
    ACQUISITIONS,
    AcquisitionTask,
    choose_acquisition,
    has_rough,
)
from labagent.campaigns import Campaign, Find
from labagent.causes.usable import project
from labagent.errors import DataError, ModelError
from labagent.experiments import Decision, Prediction, Proposal, Trial, Trials
from labagent.loop.records import read_records
from labagent.planning import LARGEST_LIST, Wanted, choose, count_keys, sample
from labagent.representations.encoder import SpaceEncoder
from labagent.variables import Intervention
from labagent.world import Evidence, Fitted, Mixture, fit_members, gather
from labagent.world.devices import choose_device, on_one_core, seeded
from labagent.world.plain import FEWEST_ROWS
from labagent.world.sealing import prior_prediction
from labagent.world.structure import judge

REFERENCES = 4096
"""Most points that stand for the whole space, where a goal compares with it."""

GOOD_STARTS = 5
"""Best experiments so far that a search also starts from."""


@on_one_core()
def propose(
    campaign: Campaign, trials: Trials, batch: int, size: int | None = None
) -> Decision:
    """Return the next batch of proposals with their predictions.

    Space-filling until ``campaign.initial`` experiments exist and the goal's quantities
    can be modelled; then the acquisition that serves the goal, on the fitted model. A
    pure function of its arguments and the versions it records.

    Args:
        campaign: What is asked for.
        trials: Everything known so far.
        batch: Number of the batch, from zero; with the campaign's seed it seeds all
            randomness.
        size: How many to propose; ``campaign.batch`` by default.

    Returns:
        The decision; fewer proposals than asked for (perhaps none) where the space is
        used up.
    """
    # every draw inside, a library's own included, then depends on the batch alone
    with seeded(decision_seed(campaign.seed, batch)):
        setting = _Setting.of(campaign, trials, batch)
        count = campaign.batch if size is None else size
        if setting.informed:
            strategy = "model"
            name, proposals = _by_model(setting, count)
        else:
            strategy = "space-filling"
            name, proposals = "Sobol", _space_filling(setting, count)
    return Decision(
        batch=batch,
        as_of=trials.as_of,
        strategy=strategy,
        acquisition=name,
        seed=setting.seed,
        trained_on=len(trials.measured),
        pending=tuple(t.id for t in trials.pending),
        model=setting.summary(),
        versions=_versions(campaign.device, len(setting.evidence.X)),
        proposals=tuple(proposals),
    )


@on_one_core()
def predict(
    campaign: Campaign, trials: Trials, interventions: Sequence[Intervention]
) -> list[tuple[Prediction, ...]]:
    """Return what the model expects of interventions, seeded as batch 0 would be.

    Raises:
        DataError: An intervention lies outside the space.
    """
    for i, intervention in enumerate(interventions):
        problems = campaign.space.violations(intervention)
        if problems:
            raise DataError(f"intervention {i}: " + "; ".join(problems))
    setting = _Setting.of(campaign, trials, 0)
    return _predictions(setting, interventions)


def decision_seed(seed: int, batch: int) -> int:
    """Return the seed of one batch: 31 bits of a hash of the campaign's and its own."""
    digest = hashlib.sha256(f"labagent:{seed}:{batch}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


@dataclass(frozen=True)
class _Setting:
    """A decision's inputs, encoded, and the fitted members."""

    campaign: Campaign
    trials: Trials
    encoder: SpaceEncoder
    evidence: Evidence
    mixture: Mixture | None
    seed: int
    batch: int
    edges: Mapping[tuple[str, str], float]

    @classmethod
    def of(cls, campaign: Campaign, trials: Trials, batch: int) -> "_Setting":
        encoder = SpaceEncoder(campaign.space)
        structure = None
        if campaign.graph.uncertain and len(trials.measured) >= FEWEST_ROWS:
            records = read_records(campaign, trials, encoder)
            structure = judge(project(campaign.graph, records.values), records)
        edges = structure.edges if structure else {}
        graphs = structure.probable if structure else ()
        evidence = gather(campaign, trials, encoder, graphs)
        seed = decision_seed(campaign.seed, batch)
        fitted = fit_members(evidence, seed, campaign.device)
        mixture = Mixture.of(campaign, trials, fitted) if fitted else None
        return cls(campaign, trials, encoder, evidence, mixture, seed, batch, edges)

    @property
    def steering(self) -> Fitted:
        """The member that a search follows: the richest, or who clearly beat it.

        A search follows no mixture: what an over-confident member hopes for outweighs
        any doubt in it.
        """
        if self.mixture is None:
            raise ModelError("decision: got no model, must have results first")
        return self.mixture.members[self._leader(self.mixture)]

    def _leader(self, mixture: Mixture) -> str:
        goal = self.campaign.goal
        names = [o.name for o in goal.objectives] + [c.name for c in goal.limits]
        able = [
            name
            for name, fitted in mixture.members.items()
            if fitted.model is not None and set(names) <= set(fitted.quantities)
        ]
        return mixture.leader(able, list(dict.fromkeys(names)))  # rich ones are last

    def summary(self) -> dict[str, object]:
        """Return members, who steers, and probabilities of edges, in plain numbers."""
        found = dict(self.mixture.summary()) if self.mixture else {}
        if self.mixture and self.informed:
            found["steering"] = self._leader(self.mixture)
        if self.edges:
            found["edges"] = {" -> ".join(e): p for e, p in self.edges.items()}
        return found

    @property
    def informed(self) -> bool:
        """Whether there are enough experiments to ask the model."""
        goal = self.campaign.goal
        needed = [o.name for o in goal.objectives] + [c.name for c in goal.limits]
        counts = _counts(self.evidence)
        rows = [t for t in self.trials.rows if not t.was_set]
        started = sum(1 for t in rows if t.open or t.results)
        return started >= self.campaign.initial and all(
            counts[name] >= FEWEST_ROWS for name in needed
        )

    @property
    def taken(self) -> Counter[str]:
        """How often each intervention was tried or is under way, failures included.

        Where a state was set, nobody knows what the intervention alone would give.
        """
        return count_keys([t.intervention for t in self.trials.rows if not t.was_set])


def _counts(evidence: Evidence) -> Mapping[str, int]:
    """Return how many results each quantity has that controls alone have made."""
    return {q: int(evidence.tells_recipe(q).sum()) for q in evidence.quantities}


def _predictions(
    setting: _Setting, interventions: Sequence[Intervention]
) -> list[tuple[Prediction, ...]]:
    if setting.mixture is not None:
        X = setting.encoder.encode(interventions)
        return setting.mixture.predict(setting.campaign, X)
    prior = tuple(
        prior_prediction(setting.campaign, v) for v in setting.campaign.measured
    )
    return [prior for _ in interventions]


def _space_filling(setting: _Setting, count: int) -> list[Proposal]:
    """Return the next points of the campaign's Sobol sequence."""
    points = sample(setting.encoder, count, setting.campaign.seed, setting.taken)
    sealed = _predictions(setting, points)
    return [Proposal(p, s) for p, s in zip(points, sealed, strict=True)]


def _by_model(setting: _Setting, count: int) -> tuple[str, list[Proposal]]:
    name = choose_acquisition(setting.campaign.goal, setting.batch)
    fitted = setting.steering
    reference = _reference(setting)
    known = setting.evidence.recipes()

    def make(pending: Tensor, *, rough: bool = False) -> AcquisitionFunction:
        task = AcquisitionTask(
            goal=setting.campaign.goal,
            fitted=fitted,
            evidence=known,
            pending=pending,
            seed=setting.seed,
            rough=rough,
            reference=reference,
        )
        return ACQUISITIONS[name](task)

    wanted = Wanted(
        count=count,
        pending=setting.evidence.pending,
        taken=setting.taken,
        seed=setting.seed,
        around=_best_so_far(setting),
    )
    screen = partial(make, rough=True) if has_rough(fitted) else None
    choices = choose(setting.encoder, make, wanted, screen)
    sealed = _predictions(setting, [c.intervention for c in choices])
    return name, [
        Proposal(c.intervention, s, c.score, c.runners_up)
        for c, s in zip(choices, sealed, strict=True)
    ]


def _reference(setting: _Setting) -> Tensor:
    """Return (r, d) points that stand for the space, if the goal compares with it."""
    space, encoder = setting.campaign.space, setting.encoder
    if setting.campaign.goal.find is not Find.MANY:
        return encoder.encode([])
    if space.size is None or space.size > LARGEST_LIST:
        return encoder.encode(sample(encoder, REFERENCES, setting.campaign.seed))
    points = list(space.points())
    return encoder.encode(points[:: math.ceil(len(points) / REFERENCES)])


def _best_so_far(setting: _Setting) -> list[Intervention]:
    """Return the best measured interventions of each objective, best first.

    Those alone that made their results: no state was set.
    """
    found: list[Trial] = []
    made = [t for t in setting.trials.measured if not t.was_set]
    for objective in setting.campaign.goal.objectives:
        seen = [t for t in made if objective.name in t.results]
        seen.sort(key=lambda t, o=objective: -o.utility(t.results[o.name]))
        found += seen[:GOOD_STARTS]
    return [t.intervention for t in found]


def _versions(wanted: str, rows: int) -> dict[str, str]:
    """Return what a bitwise replay depends on beside the rows."""
    device = choose_device(wanted, rows)
    place = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "botorch": botorch.__version__,
        "gpytorch": gpytorch.__version__,
        "machine": platform.machine(),
        "device": place,
        "threads": str(torch.get_num_threads()),
    }
