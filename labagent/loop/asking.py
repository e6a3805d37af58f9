"""Questions to the causal model of a campaign: do, observe, counterfactual, identify.

The declared causes are law here. Where none are declared everything that comes earlier
is taken as a cause, and only what was set in the experiments can be asked about.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from labagent.campaigns import Campaign
from labagent.causes import (
    Cause,
    Identified,
    ProcessGraph,
    Sources,
    Unidentified,
    effect,
    identify,
)
from labagent.causes.usable import bypass, project
from labagent.errors import DataError, ModelError
from labagent.experiments import Trial, Trials
from labagent.representations.encoder import SpaceEncoder
from labagent.variables import Value
from labagent.world.evidence import gather
from labagent.world.exact import fit_exact
from labagent.world.mechanisms import length_priors
from labagent.world.plain import FEWEST_ROWS, standardisation
from labagent.world.routes import network
from labagent.world.structural import Records, Structural, fit_structural
from labagent.world.structure import Structure, judge

LEVEL = (0.05, 0.95)
"""Quantiles of the intervals told."""


@dataclass(frozen=True)
class Answer:
    """What is expected of one quantity, in its unit.

    Attributes:
        quantity: Its name.
        unit: Its unit.
        mean: Expected value.
        low: 5 % quantile.
        high: 95 % quantile.
    """

    quantity: str
    unit: str
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Asked:
    """A campaign's data and graph, ready for questions.

    Attributes:
        campaign: What was asked for.
        trials: What was seen.
        encoder: Of the campaign's space.
        records: What was seen, as tensors.
        sources: What was measured and set.
        structure: Probabilities of the graphs that uncertain edges allow.
    """

    campaign: Campaign
    trials: Trials
    encoder: SpaceEncoder
    records: Records
    sources: Sources
    structure: Structure

    @classmethod
    def of(cls, campaign: Campaign, trials: Trials) -> "Asked":
        """Return a campaign's data and graph.

        Raises:
            ModelError: Nothing was measured yet.
        """
        if len(trials.measured) < FEWEST_ROWS:
            raise ModelError(
                f"causal model: got {len(trials.measured)} experiments with results, "
                f"must have at least {FEWEST_ROWS}; record results first"
            )
        encoder = SpaceEncoder(campaign.space)
        records = read_records(campaign, trials, encoder)
        sources = _sources(campaign, trials, records)
        graph = project(_declared(campaign), sources.measured)
        return cls(campaign, trials, encoder, records, sources, judge(graph, records))

    @property
    def law(self) -> ProcessGraph:
        """The likeliest graph, as far as data can tell its mechanisms."""
        return bypass(self.structure.likeliest, self.sources.ever_set)

    def identify(
        self, treatment: Sequence[str], outcome: str
    ) -> Identified | Unidentified:
        """Return how an effect follows from the data, or why not.

        Controls that every experiment set are set by the question too: they have no
        natural course.
        """
        _known(self.campaign, [*treatment, outcome])
        both = frozenset(treatment) | self.sources.always_set
        graph = _declared(self.campaign)
        if not self.campaign.graph.edges:
            graph = ProcessGraph(hidden=self.campaign.graph.hidden)
        return identify(graph, effect(both - {outcome}, outcome), self.sources)

    def do(self, setting: Mapping[str, Value]) -> list[Answer]:
        """Return what would be measured if this were set.

        What is not set comes as it was seen in the experiments.

        Raises:
            ModelError: An effect cannot be told from the data.
        """
        answers: list[Answer] = []
        draws = self._model().draw([self._encoded(setting)], seed=self.campaign.seed)
        for variable in self.campaign.measured:
            if variable.name in setting:
                continue
            self._refuse_unidentified(setting, variable.name)
            answers.append(self._answer(variable.name, draws[variable.name].flatten()))
        return answers

    def compare(
        self, first: Mapping[str, Value], second: Mapping[str, Value]
    ) -> list[Answer]:
        """Return by how much expected values change from one setting to another.

        Raises:
            ModelError: An effect cannot be told from the data.
        """
        actions = [self._encoded(first), self._encoded(second)]
        means = {
            q: d.mean(dim=-1)
            for q, d in self._model().draw(actions, seed=self.campaign.seed).items()
        }
        names = [v.name for v in self.campaign.measured if v.name not in second]
        for name in names:
            self._refuse_unidentified({**first, **second}, name)
        return [self._answer(n, means[n][:, 1] - means[n][:, 0]) for n in names]

    def observe(self, setting: Mapping[str, Value]) -> list[Answer]:
        """Return what was seen where these values were seen: no do(), mere regression.

        Raises:
            ModelError: They were seen together with a quantity less than twice.
        """
        given = self._encoded(setting)
        x = torch.cat([self.records.values[n] for n in given], dim=-1)
        at = torch.cat(list(given.values())).unsqueeze(0)
        return [
            self._answer(v.name, self._seen(v.name, x, at))
            for v in self.campaign.measured
            if v.name not in setting
        ]

    def counterfactual(
        self, experiment: int, setting: Mapping[str, Value]
    ) -> list[Answer]:
        """Return what this very experiment would have shown, had this been set.

        Args:
            experiment: Row id of an experiment with results.
            setting: What would have been set; everything else stays as it was.
        """
        rows = self.trials.measured
        place = next((i for i, t in enumerate(rows) if t.id == experiment), None)
        if place is None:
            raise DataError(
                f"experiment {experiment}: has no results, must have some to be "
                "compared with"
            )
        for variable in self.campaign.measured:
            if variable.name not in setting:
                self._refuse_unidentified(setting, variable.name)
        unit = {n: v[place] for n, v in self.records.values.items()}
        action = self._encoded(setting)
        found = self._model().counterfactual(unit, action, seed=self.campaign.seed)
        return [
            self._answer(v.name, found[v.name])
            for v in self.campaign.measured
            if v.name in found
        ]

    def _model(self) -> Structural:
        return fit_structural(self.law, self.records)

    def _refuse_unidentified(self, setting: Mapping[str, Value], name: str) -> None:
        found = self.identify([n for n in setting if n != name], name)
        if isinstance(found, Unidentified):
            raise ModelError(str(found))

    def _encoded(self, setting: Mapping[str, Value]) -> dict[str, Tensor]:
        """Return name to (w,) encoded value.

        Raises:
            DataError: A name is unknown, or a value outside its range.
        """
        _known(self.campaign, list(setting))
        if not setting:
            raise DataError("setting: got nothing, must name at least one variable")
        found: dict[str, Tensor] = {}
        for name, value in setting.items():
            if name in self.campaign.space.names:
                control = self.campaign.space[name]
                wrong = control.domain.violations(value)
                if wrong:
                    raise DataError(
                        f"{name}: {'; '.join(wrong)} {control.unit}".strip()
                    )
                found[name] = self.encoder.parts[name].encode([value])[0]
            elif isinstance(value, (int, float)) and math.isfinite(value):
                found[name] = torch.tensor([float(value)], dtype=torch.float64)
            else:
                raise DataError(f"{name}: got {value!r}, must be a number")
        return found

    def _seen(self, name: str, x: Tensor, at: Tensor) -> Tensor:
        """Return draws of a quantity given x (n, d) as at (1, d), by regression."""
        y = self.records.values[name][:, 0]
        rows = ~y.isnan() & ~x.isnan().any(-1)
        if int(rows.sum()) < FEWEST_ROWS:
            raise ModelError(
                f"{name}: got {int(rows.sum())} rows with these values, must have at "
                f"least {FEWEST_ROWS}"
            )
        x, y = x[rows], y[rows]
        low, span = (
            x.min(0).values,
            (x.max(0).values - x.min(0).values).clamp_min(1e-12),
        )
        shift, scale = standardisation(y)
        priors = length_priors(torch.ones(x.shape[-1], dtype=torch.bool))
        gp = fit_exact(
            (x - low) / span, (y - shift) / scale, torch.zeros_like(y), priors
        )
        mean, variance = gp.marginal((at - low) / span)
        std = (variance + gp.parameters.noise).sqrt()
        z = torch.special.ndtri((torch.arange(999, dtype=torch.float64) + 1) / 1000)
        return shift + scale * (mean + std * z)

    def _answer(self, quantity: str, draws: Tensor) -> Answer:
        low, high = draws.quantile(torch.tensor(LEVEL, dtype=draws.dtype)).tolist()
        unit = self.campaign.quantity(quantity).unit
        return Answer(quantity, unit, float(draws.mean()), low, high)


def read_records(campaign: Campaign, trials: Trials, encoder: SpaceEncoder) -> Records:
    """Return a campaign's measured experiments as the structural model reads them.

    Context numbers keep their unit; labels are one-hot.
    """
    evidence = gather(campaign, trials, encoder)
    measured = trials.measured
    values = {n: evidence.X[:, list(c)] for n, c in evidence.columns.items()}
    values |= {q: evidence.Y[:, i : i + 1] for i, q in enumerate(evidence.quantities)}
    for variable in campaign.context:
        columns = list(evidence.context_columns[variable.name])
        missing = torch.tensor([variable.name not in t.context for t in measured])
        part = evidence.C[:, columns].clone()
        part[missing] = math.nan
        if not bool(missing.all()):
            values[variable.name] = part
    was_set = {n: _was_set(n, measured) for n in campaign.space.names}
    return Records(values, was_set)


def _was_set(control: str, measured: Sequence[Trial]) -> Tensor:
    return torch.tensor([control not in t.observed for t in measured], dtype=torch.bool)


def _sources(campaign: Campaign, trials: Trials, records: Records) -> Sources:
    known = frozenset(
        n
        for n, v in records.values.items()
        if int((~v.isnan().any(-1)).sum()) >= FEWEST_ROWS
    )
    controls = frozenset(campaign.space.names)
    regimes = {controls - t.observed for t in trials.measured}
    return Sources(known, tuple(sorted(regimes, key=sorted)), controls)


def _declared(campaign: Campaign) -> ProcessGraph:
    """Return the declared causes, or else everything earlier as a cause."""
    if campaign.graph.edges:
        return campaign.graph
    edges = tuple(
        Cause(parent, node.name) for node in network(campaign) for parent in node.inputs
    )
    return ProcessGraph(edges, campaign.graph.forbidden, campaign.graph.hidden)


def _known(campaign: Campaign, names: Sequence[str]) -> None:
    known = [
        *campaign.space.names,
        *(v.name for v in (*campaign.measured, *campaign.context)),
    ]
    for name in names:
        if name not in known:
            raise DataError(
                f"variable {name}: is not in the campaign, must be one of "
                f"{', '.join(known)}"
            )
