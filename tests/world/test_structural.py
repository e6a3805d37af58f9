"""The structural model, on processes whose answers are known in closed form."""

import math

import pytest
import torch
from torch import Tensor

from labagent.causes import Cause, ProcessGraph
from labagent.errors import ModelError
from labagent.world.laws import fit_structural
from labagent.world.structural import Records, Structural


def at(value: float) -> Tensor:
    return torch.tensor([value], dtype=torch.float64)


def normals(n: int, seed: int, columns: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, columns, dtype=torch.float64, generator=generator)


BACKDOOR = ProcessGraph((Cause("u", "x"), Cause("u", "y"), Cause("x", "y")))
BOW = ProcessGraph((Cause("x", "y"),), hidden=(("x", "y"),))


def confounded(n: int, done: int, seed: int = 0) -> Records:
    """Return y = x - 3 u + e with x = u + e; x set at random in the last rows."""
    u, ex, ey = normals(n, seed, 3).unbind(-1)
    was_set = torch.arange(n) >= n - done
    x = torch.where(was_set, 1.5 * normals(n, seed + 100, 1)[:, 0], u + 0.3 * ex)
    y = x - 3 * u + 0.2 * ey
    columns = {"u": u, "x": x, "y": y}
    return Records({k: v.unsqueeze(-1) for k, v in columns.items()}, {"x": was_set})


def slope(model: Structural) -> float:
    effect = model.effect("y", ({"x": at(-1.5)}, {"x": at(1.5)}), seed=1)
    return float(effect.mean()) / 3


def test_do_is_not_observing() -> None:
    records = confounded(80, done=0)
    x, y = records.values["x"][:, 0], records.values["y"][:, 0]
    observed = float(
        ((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum()
    )
    assert observed < -1  # the regression's slope has the wrong sign
    assert slope(fit_structural(BACKDOOR, records)) == pytest.approx(1.0, abs=0.3)


def test_behind_a_hidden_cause_only_what_was_set_tells() -> None:
    records = confounded(80, done=40)
    hidden = Records(
        {k: v for k, v in records.values.items() if k != "u"}, records.was_set
    )
    assert slope(fit_structural(BOW, hidden)) == pytest.approx(1.0, abs=0.8)
    open_graph = ProcessGraph(BOW.edges)
    assert slope(fit_structural(open_graph, hidden)) < 0.3  # pooling would mislead


def test_without_interventions_a_hidden_cause_leaves_nothing_to_fit() -> None:
    records = confounded(40, done=0)
    hidden = Records({k: v for k, v in records.values.items() if k != "u"}, {})
    with pytest.raises(ModelError, match="mechanism of y: got 0 rows"):
        fit_structural(BOW, hidden)


def chain(n: int, seed: int = 3) -> tuple[Records, Tensor]:
    """Return a -> s -> y with curved mechanisms, and the noise (n, 2)."""
    a = 4 * torch.rand(n, generator=torch.Generator().manual_seed(seed)).double() - 2
    e = normals(n, seed, 2)
    s = a.sin() + 0.1 * e[:, 0]
    y = s * s + 0.1 * e[:, 1]
    columns = {"a": a, "s": s, "y": y}
    values = {k: v.unsqueeze(-1) for k, v in columns.items()}
    return Records(values, {"a": torch.ones(n, dtype=torch.bool)}), e


CHAIN = ProcessGraph((Cause("a", "s"), Cause("s", "y")))


def test_setting_a_state_cuts_it_off_from_its_causes() -> None:
    model = fit_structural(CHAIN, chain(60)[0])
    found = model.draw([{"a": at(-2.0), "s": at(0.5)}, {"a": at(2.0), "s": at(0.5)}], 0)
    assert found["y"].mean(dim=(0, 2)).tolist() == pytest.approx([0.25, 0.25], abs=0.08)
    assert bool((found["s"] == 0.5).all())


def test_counterfactuals_keep_the_units_own_noise() -> None:
    records, e = chain(80)
    model = fit_structural(CHAIN, records)
    inside: list[bool] = []
    errors: list[float] = []
    for i in range(0, 80, 2):
        unit = {k: v[i] for k, v in records.values.items()}
        found = model.counterfactual(unit, {"a": at(0.7)}, seed=i)["y"]
        s = math.sin(0.7) + 0.1 * float(e[i, 0])
        truth = s * s + 0.1 * float(e[i, 1])
        low, high = found.quantile(torch.tensor([0.05, 0.95]).double()).tolist()
        inside.append(low <= truth <= high)
        errors.append(abs(float(found.median()) - truth))
    assert sum(inside) / len(inside) >= 0.8
    assert sum(errors) / len(errors) < 0.05  # noise alone would give about 0.15


def test_what_the_action_does_not_reach_stays_as_it_was() -> None:
    records, _ = chain(40)
    model = fit_structural(CHAIN, records)
    unit = {k: v[5] for k, v in records.values.items()}
    same = model.counterfactual(unit, {"a": unit["a"]}, seed=0)
    assert torch.allclose(same["y"], unit["y"].expand_as(same["y"]), atol=0.02)
    later = model.counterfactual(unit, {"y": at(0.0)}, seed=0)
    assert torch.equal(later["s"], unit["s"].expand_as(later["s"]))
    found = model.draw([{"a": at(0.1), "s": at(v)} for v in (0.0, 1.0)], seed=0)
    assert torch.equal(found["a"][:, 0], found["a"][:, 1])
    assert not torch.equal(found["y"][:, 0], found["y"][:, 1])
    other = model.counterfactual(unit, {"s": at(0.0)}, seed=0)
    assert bool((other["s"] == 0.0).all())


def test_roots_come_as_they_were_seen() -> None:
    records = confounded(60, done=20)
    model = fit_structural(BACKDOOR, records)
    assert set(model.roots) == {"u"}
    natural = model.draw([{}], seed=0)["x"]
    assert float(natural.std()) == pytest.approx(1.05, abs=0.3)


def test_queries_are_seeded() -> None:
    model = fit_structural(CHAIN, chain(20)[0])
    first, second = (model.draw([{"a": at(0.1)}], seed=4)["y"] for _ in range(2))
    assert torch.equal(first, second)


def test_relative_scatter_is_kept_relative() -> None:
    """y = exp(a + e): at twice the size a sample's scatter is twice as large."""
    a, e = normals(60, 8, 2).unbind(-1)
    columns = {"a": a, "y": (a + 0.3 * e).exp()}
    records = Records({k: v.unsqueeze(-1) for k, v in columns.items()}, {})
    model = fit_structural(ProcessGraph((Cause("a", "y"),)), records)
    assert model.laws[0].log
    for i in range(5):
        unit = {k: v[i] for k, v in records.values.items()}
        found = model.counterfactual(unit, {"a": at(1.5)}, seed=i)["y"]
        assert (found > 0).all()
        truth = math.exp(1.5 + 0.3 * float(e[i]))
        assert float(found.log().mean()) == pytest.approx(math.log(truth), abs=0.25)
