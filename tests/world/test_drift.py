"""Something that nobody observes changes with the order of the experiments."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from labagent.campaigns import Campaign
from labagent.errors import ConfigurationError
from labagent.experiments import Trial, Trials
from labagent.representations.encoder import SpaceEncoder
from labagent.world.evidence import Evidence, gather
from labagent.world.mechanisms import fit_network
from labagent.world.routes import ORDER, network
from tests.config.samples import loaded

LAMP = """\
labagent: 1
name: lamp
goal: Much light.
objectives: {light: {goal: maximize}}
measured: {grain: {}}
controls: {x: {range: [0, 1]}}
causes: [x -> grain, grain -> light]
drift: DRIFT
budget: {experiments: 40}
executors: {bench: manual}
"""


def told(folder: Path, drift: str) -> Campaign:
    return loaded(folder, LAMP.replace("DRIFT", drift))


def truth(x: Tensor, order: Tensor) -> Tensor:
    """Return light: a lamp loses a tenth of its first light in four experiments."""
    return torch.sin(3 * x) - 0.025 * order


def evidence(campaign: Campaign, n: int = 24) -> Evidence:
    x = torch.rand(n, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    light = truth(x, torch.arange(n, dtype=torch.float64))
    rows = [
        Trial(i + 1, {"x": float(a)}, {"grain": float(3 * a), "light": float(y)})
        for i, (a, y) in enumerate(zip(x, light, strict=True))
    ]
    return gather(campaign, Trials(n, tuple(rows)), SpaceEncoder(campaign.space))


def test_it_is_carried_on_to_now(tmp_path: Path) -> None:
    X = torch.linspace(0.1, 0.9, 9, dtype=torch.float64).unsqueeze(-1)
    now = truth(X[:, 0], torch.tensor(24.0))
    errors: dict[str, float] = {}
    for drift in ("true", "false"):
        found = fit_network(evidence(told(tmp_path, drift)), 0).predict(X)
        errors[drift] = float((found.mean[:, 1] - now).abs().max())
    assert errors["true"] < 0.08
    assert errors["false"] > 0.15


def test_what_does_not_drift_is_told(tmp_path: Path) -> None:
    fitted = fit_network(evidence(told(tmp_path, "true")), 0)
    spans = {
        m.name: min(
            float(c.gp.parameters.lengths[c.names.index(ORDER)])
            for c in m.candidates
            if ORDER in c.names and c.probability > 0.2
        )
        for m in fitted.network.mechanisms
    }
    assert spans["grain"] > 3 * spans["light"]


def test_searches_look_at_now(tmp_path: Path) -> None:
    found = evidence(told(tmp_path, "true"))
    assert found.contexts.shape == (1, 1)
    assert float(found.contexts) == float(found.C.max())


def test_contexts_to_come_are_as_frequent_as_they_were(tmp_path: Path) -> None:
    """A drift holds every context at now, and leaves its share what it was."""
    found = evidence(told(tmp_path, "true"))
    lot = torch.tensor([1.0] * 20 + [0.0] * 4, dtype=torch.float64).unsqueeze(-1)
    both = replace(
        found,
        C=torch.cat([lot, found.C], dim=-1),
        context_features=("lot", ORDER),
        context_columns={"lot": (0,), ORDER: (1,)},
    )
    assert both.contexts[:, 0].tolist() == lot[:, 0].tolist()
    assert both.contexts[:, 1].unique().tolist() == [float(found.C.max())]


def test_it_is_among_declared_causes(tmp_path: Path) -> None:
    nodes = {n.name: n for n in network(told(tmp_path, "true"))}
    assert nodes["light"].declared == {"grain", ORDER}
    assert ORDER in nodes["grain"].inputs
    assert told(tmp_path, "false").drift is False


@pytest.mark.parametrize("word", ["slow", "1"])
def test_other_words_are_refused(tmp_path: Path, word: str) -> None:
    with pytest.raises(ConfigurationError, match="must be true or false"):
        told(tmp_path, word)
