"""Questions to the causal model of a campaign: do, observe, counterfactual, identify.

The declared causes are law here. Where none are declared everything that comes earlier
is taken as a cause, and only what was set in the experiments can be asked about.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

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
    mix,
)
from labagent.causes.usable import bypass, project
from labagent.errors import DataError, ModelError
from labagent.experiments import Trials
from labagent.loop.records import labels_of, read_records
from labagent.representations.encoder import SpaceEncoder
from labagent.variables import Label, Value
from labagent.world.fitting import fit_exact
from labagent.world.laws import fit_structural
from labagent.world.plain import FEWEST_ROWS, standardisation
from labagent.world.priors import length_priors
from labagent.world.routes import network
from labagent.world.structural import Records, Structural
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
        # a root seen once would leave one row in which all roots were seen together
        values = {n: v for n, v in records.values.items() if n in sources.measured}
        records = replace(records, values=values)
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

    def reached(self, names: Iterable[str]) -> frozenset[str]:
        """Return what setting these changes, by the likeliest causes."""
        done = frozenset(names)
        causes = mix(self.law, done).cut_into(done)
        return causes.descendants(done) - done

    def untold(self, names: Iterable[str]) -> dict[str, Unidentified]:
        """Return the measured quantities whose response to these cannot be told.

        Args:
            names: What would be set.
        """
        done = list(names)
        _known(self.campaign, done)
        asked = [v.name for v in self.campaign.measured if v.name not in done]
        answers = {q: self.identify(done, q) for q in asked}
        return {q: a for q, a in answers.items() if isinstance(a, Unidentified)}

    def do(
        self, setting: Mapping[str, Value], of: Iterable[str] | None = None
    ) -> list[Answer]:
        """Return what would be measured if this were set.

        What is not set comes as it was seen in the experiments.

        Args:
            setting: What would be set.
            of: Quantities asked for; all that are measured by default.

        Raises:
            ModelError: An effect cannot be told from the data.
        """
        action = self._encoded(setting)
        names = self._asked(setting, of)
        draws = self._model().draw([action], seed=self.campaign.seed)
        return [self._answer(name, draws[name].flatten()) for name in names]

    def compare(
        self,
        first: Mapping[str, Value],
        second: Mapping[str, Value],
        of: Iterable[str] | None = None,
    ) -> list[Answer]:
        """Return by how much expected values change from one setting to another.

        Args:
            first: What would be set first.
            second: What would be set instead.
            of: Quantities asked for; all that are measured by default.

        Raises:
            ModelError: An effect cannot be told from the data.
        """
        actions = [self._encoded(first), self._encoded(second)]
        names = self._asked({**first, **second}, of)
        means = {
            q: d.mean(dim=-1)
            for q, d in self._model().draw(actions, seed=self.campaign.seed).items()
        }
        return [self._answer(n, means[n][:, 1] - means[n][:, 0]) for n in names]

    def observe(self, setting: Mapping[str, Value]) -> list[Answer]:
        """Return what was seen where these values were seen: no do(), mere regression.

        Raises:
            ModelError: They were seen together with a quantity less than twice.
        """
        given = self._encoded(setting)
        for name in given:
            if name not in self.records.values:
                raise ModelError(
                    f"{name}: was recorded less than {FEWEST_ROWS} times, must be "
                    "recorded more often to be compared; note it down"
                )
        x = torch.cat([self.records.values[n] for n in given], dim=-1)
        at = torch.cat(list(given.values())).unsqueeze(0)
        return [
            self._answer(v.name, self._seen(v.name, x, at))
            for v in self.campaign.measured
            if v.name not in setting and v.name in self.records.values
        ]

    def counterfactual(
        self,
        experiment: int,
        setting: Mapping[str, Value],
        of: Iterable[str] | None = None,
    ) -> list[Answer]:
        """Return what this very experiment would have shown, had this been set.

        Args:
            experiment: Row id of an experiment with results.
            setting: What would have been set; everything else stays as it was.
            of: Quantities asked for; all that are measured by default.

        Raises:
            DataError: There is no such experiment with results.
            ModelError: An effect cannot be told from the data.
        """
        rows = self.trials.measured
        place = next((i for i, t in enumerate(rows) if t.id == experiment), None)
        if place is None:
            raise DataError(
                f"experiment {experiment}: has no results, must have some to be "
                "compared with"
            )
        action = self._encoded(setting)
        names = self._asked(setting, of)
        unit = {n: v[place] for n, v in self.records.values.items()}
        found = self._model().counterfactual(
            unit, action, self.campaign.seed, rows[place].was_set
        )
        return [self._answer(name, found[name]) for name in names if name in found]

    def _model(self) -> Structural:
        return fit_structural(self.law, self.records, self.campaign.recurrences)

    def _asked(self, names: Iterable[str], of: Iterable[str] | None) -> list[str]:
        """Return the quantities asked for, in order of the campaign.

        Raises:
            ModelError: The response of one of them cannot be told.
        """
        wanted = [v.name for v in self.campaign.measured] if of is None else list(of)
        _known(self.campaign, wanted)
        done = list(names)
        for quantity, found in self.untold(done).items():
            if quantity in wanted:
                raise ModelError(str(found))
        measured = [v.name for v in self.campaign.measured]
        return [q for q in measured if q in wanted and q not in done]

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
            elif labels := self._labels.get(name):
                if value not in labels:
                    raise DataError(
                        f"{name}: got {value!r}, must have been seen: one of "
                        f"{', '.join(labels)}"
                    )
                one = [float(value == label) for label in labels]
                found[name] = torch.tensor(one, dtype=torch.float64)
            elif isinstance(value, (int, float)) and math.isfinite(value):
                found[name] = torch.tensor([float(value)], dtype=torch.float64)
            else:
                raise DataError(f"{name}: got {value!r}, must be a number")
        return found

    @property
    def _labels(self) -> dict[str, list[str]]:
        """Every context label and the values it was seen with."""
        return {
            v.name: labels_of(v.name, self.trials.measured)
            for v in self.campaign.context
            if isinstance(v.domain, Label)
        }

    def _seen(self, name: str, x: Tensor, at: Tensor) -> Tensor:
        """Return draws of a quantity given x (n, d) as at (1, d), by regression.

        Where a state was set it was not merely seen.
        """
        y = self.records.values[name][:, 0]
        alone = [not t.was_set for t in self.trials.measured]
        rows = ~y.isnan() & ~x.isnan().any(-1) & torch.tensor(alone)
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


def _sources(campaign: Campaign, trials: Trials, records: Records) -> Sources:
    known = frozenset(
        n
        for n, v in records.values.items()
        if int((~v.isnan().any(-1)).sum()) >= FEWEST_ROWS
    )
    controls = frozenset(campaign.space.names)
    regimes = {controls - t.observed | t.was_set for t in trials.measured}
    able = controls | {v.name for v in campaign.measured if v.settable}
    return Sources(known, tuple(sorted(regimes, key=sorted)), able)


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
