"""Turns of a stage that repeats obey one law, unless their data say otherwise."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from labagent.campaigns import Campaign
from labagent.experiments import Trial, Trials
from labagent.loop.records import read_records
from labagent.representations.encoder import SpaceEncoder
from labagent.world.evidence import Evidence, gather
from labagent.world.exact import ExactGP, Parameters
from labagent.world.laws import fit_structural
from labagent.world.mechanisms import FittedNetwork, fit_network
from labagent.world.routes import network
from tests.config.samples import loaded

CYCLES = """\
labagent: 1
name: cycles
goal: Much of it.
objectives:
  s: {goal: maximize}
stages:
  cook:
    repeat: 4
    controls: {heat: {range: [0, 1]}}
    measures: [s]
causes: ["cook.heat, s.before -> s"]
budget: {experiments: 40}
executors: {bench: manual}
"""

Law = Callable[[int, Tensor, Tensor], Tensor]


@pytest.fixture
def cycles(tmp_path: Path) -> Campaign:
    return loaded(tmp_path, CYCLES)


def one_law(turn: int, s: Tensor, a: Tensor) -> Tensor:  # noqa: ARG001 - as the other
    return 0.7 * s + torch.sin(3 * a)


def four_laws(turn: int, s: Tensor, a: Tensor) -> Tensor:
    return (0.7 * s + torch.sin(3 * a)) * (1 if turn % 2 else -1) + turn * a


def trials(n: int, law: Law, seed: int = 0, noise: float = 0.0) -> Trials:
    """Return samples that passed four turns, from s = 0."""
    generator = torch.Generator().manual_seed(seed)
    A = torch.rand(n, 4, generator=generator, dtype=torch.float64)
    s = torch.zeros(n, dtype=torch.float64)
    results: list[dict[str, float]] = [{} for _ in range(n)]
    for k in range(4):
        e = torch.randn(n, generator=generator, dtype=torch.float64)
        s = law(k + 1, s, A[:, k]) + noise * e
        for i, row in enumerate(results):
            row["s" if k == 3 else f"s_{k + 1}"] = float(s[i])
    recipes = [{f"cook_{k + 1}.heat": float(a) for k, a in enumerate(r)} for r in A]
    rows = zip(recipes, results, strict=True)
    return Trials(0, tuple(Trial(i, x, y) for i, (x, y) in enumerate(rows)))


def evidence(campaign: Campaign, seen: Trials) -> Evidence:
    return gather(campaign, seen, SpaceEncoder(campaign.space))


def common(fitted: FittedNetwork, name: str) -> float:
    """Return how probable it is that a turn obeys the law of all."""
    first = next(m for m in fitted.network.mechanisms if m.name == "s_2")
    own = next(m for m in fitted.network.mechanisms if m.name == name)
    shared = {id(c.gp) for c in first.candidates}
    return sum(c.probability for c in own.candidates if id(c.gp) in shared)


def test_turns_with_one_law_share_their_rows(cycles: Campaign) -> None:
    fitted = fit_network(evidence(cycles, trials(8, one_law)), 0)
    assert common(fitted, "s_3") == pytest.approx(common(fitted, "s"))
    assert common(fitted, "s") > 0.95
    last = fitted.network.mechanisms[-1].candidates[0]
    assert len(last.gp.y) == 24  # the first turn starts from nothing measured
    assert common(fitted, "s_1") == 0.0


def test_it_is_learned_from_fewer_samples(cycles: Campaign, tmp_path: Path) -> None:
    """The same data, read as four stages that have nothing in common."""
    apart = tmp_path / "apart"
    apart.mkdir()
    stages = "".join(
        f"  cook_{k}: {{controls: {{heat: {{range: [0, 1]}}}}, measures: [{s}]}}\n"
        for k, s in enumerate(("s_1", "s_2", "s_3", "s"), 1)
    )
    head, rest = CYCLES.split("stages:\n")
    text = head + "measured: {s_1: {}, s_2: {}, s_3: {}}\nstages:\n" + stages
    causes = [f"cook_{k}.heat, s_{k - 1} -> s_{k}" for k in (2, 3)]
    causes.append("cook_4.heat, s_3 -> s")
    text += f"causes: {causes}\n" + rest[rest.index("budget") :]
    seen, new = trials(6, one_law), trials(64, one_law, seed=9)
    X = SpaceEncoder(cycles.space).encode([t.intervention for t in new.rows])
    truth = torch.tensor([t.results["s"] for t in new.rows], dtype=torch.float64)
    errors: list[float] = []
    for campaign in (cycles, loaded(apart, text)):
        found = fit_network(evidence(campaign, seen), 0).predict(X).mean
        column = [v.name for v in campaign.measured].index("s")
        errors.append(float((found[:, column] - truth).square().mean().sqrt()))
    assert errors[0] < 0.5 * errors[1]


STARTED = CYCLES.replace("repeat: 4", "repeat: {times: 4, start: {s: 0}}")


def test_the_first_turn_obeys_the_law_where_its_start_is_known(tmp_path: Path) -> None:
    campaign = loaded(tmp_path, STARTED)
    seen = evidence(campaign, trials(6, one_law))
    fitted = fit_network(seen, 0)
    assert common(fitted, "s_1") == pytest.approx(common(fitted, "s"))
    assert common(fitted, "s_1") > 0.95
    first, *_, last = fitted.network.mechanisms
    assert first.candidates[0].gp is last.candidates[0].gp
    assert len(last.candidates[0].gp.y) == 24
    X = torch.rand(16, 4, generator=torch.Generator().manual_seed(5)).double()
    truth = torch.zeros(16, dtype=torch.float64)
    for k in range(4):
        truth = one_law(k + 1, truth, X[:, k])
    draws = fitted.shift + fitted.scale * fitted.model(X).mean(dim=0)
    for told in (fitted.predict(X).mean, draws):
        assert float((told[:, -1] - truth).abs().max()) < 0.3


def test_a_known_start_is_a_cause_for_questions_too(tmp_path: Path) -> None:
    """What a turn makes of nothing is told by all turns."""
    campaign = loaded(tmp_path, STARTED)
    records = read_records(campaign, trials(6, one_law), SpaceEncoder(campaign.space))
    model = fit_structural(campaign.graph, records, campaign.recurrences)
    assert {law.kind for law in model.laws} == {"s"}
    value = torch.tensor([0.5], dtype=torch.float64)
    found = model.draw([{"cook_1.heat": value}], seed=0)
    assert float(found["s_1"].mean()) == pytest.approx(0.9975, abs=0.05)
    assert set(found) == {
        *(f"cook_{k}.heat" for k in range(1, 5)),
        "s_1",
        "s_2",
        "s_3",
        "s",
    }
    unit = {n: v[0] for n, v in records.values.items()}
    would = model.counterfactual(unit, {"cook_1.heat": value}, seed=0)
    assert float(would["s_1"].mean()) == pytest.approx(0.9975, abs=0.05)


def test_a_start_that_is_not_positive_has_no_log(tmp_path: Path) -> None:
    """Everything grows by a factor; from 1 it may be learned as a log, from 0 not."""

    def grow(turn: int, s: Tensor, a: Tensor) -> Tensor:  # noqa: ARG001 - as the others
        return torch.where(s == 0, 1.0, s) * (1 + 3 * a)

    minimised = STARTED.replace("goal: maximize", "goal: minimize")
    for start, logs in (("0", False), ("1", True)):
        text = minimised.replace("{s: 0}", f"{{s: {start}}}")
        fitted = fit_network(evidence(loaded(tmp_path, text), trials(12, grow)), 0)
        assert ("s_1" in fitted.logs) == logs, start


def test_turns_with_laws_of_their_own_are_told_apart(cycles: Campaign) -> None:
    fitted = fit_network(evidence(cycles, trials(16, four_laws)), 0)
    assert common(fitted, "s") == 0.0


def test_too_few_complete_samples_are_read_by_the_common_law(cycles: Campaign) -> None:
    """No sample has more than two turns that follow each other measured."""
    fitted = fit_network(evidence(cycles, in_pairs(trials(8, one_law))), 0)
    assert common(fitted, "s") == pytest.approx(1.0)


def test_too_few_complete_samples_still_tell_whether_there_is_noise(
    cycles: Campaign,
) -> None:
    noisy = in_pairs(trials(24, one_law, noise=0.3))
    fitted = fit_network(evidence(cycles, noisy), 0)
    [last] = [m for m in fitted.network.mechanisms if m.name == "s"]
    loud = [c for c in last.candidates if c.gp.parameters.noise > 1e-3]
    assert sum(c.probability for c in loud) > 0.5


def in_pairs(whole: Trials) -> Trials:
    """Return samples of which two turns each were measured."""
    keep = (("s_1", "s_2"), ("s_2", "s_3"), ("s_3", "s"), ("s", "s_1"))
    rows = [
        Trial(t.id, t.intervention, {q: t.results[q] for q in keep[i % 4]})
        for i, t in enumerate(whole.rows)
    ]
    return Trials(0, tuple(rows))


def test_a_draw_is_one_function_in_all_turns(cycles: Campaign) -> None:
    fitted = fit_network(evidence(cycles, trials(5, one_law, noise=0.2)), 0)
    (second, *_), (third, *_) = fitted.model.parts[1:3]
    assert torch.equal(second.draws, third.draws)
    assert second.paths is third.paths


def followed(fitted: FittedNetwork, x: Tensor, count: int) -> Tensor:
    """Return (count, 4) values of s: each turn is data for the next one's law."""
    laws = [m.candidates[0].gp for m in fitted.network.mechanisms]
    first, common = laws[:2]
    generator = torch.Generator().manual_seed(0)
    found: list[list[float]] = []
    for _ in range(count):
        values: list[float] = []
        X, y = common.X, common.y
        for k in range(4):
            place = fitted.network.mechanisms[k].candidates[0]
            inputs = x[None, k : k + 1]
            if k:
                s = (values[-1] - place.offset) / place.span
                inputs = torch.cat([inputs, s.reshape(1, 1)], dim=-1)
            parts = (X, y, torch.zeros(len(y)), common.parameters)
            law = ExactGP.condition(*parts) if k else first
            mean, variance = law.marginal(inputs)
            total = variance + law.parameters.noise
            z = torch.randn(1, generator=generator, dtype=torch.float64)
            values.append(float(mean + total.sqrt() * z))
            if k:
                X, y = (
                    torch.cat([X, inputs]),
                    torch.cat([y, y.new_tensor([values[-1]])]),
                )
        found.append(values)
    return torch.tensor(found, dtype=torch.float64)


def with_the_first(fitted: FittedNetwork) -> FittedNetwork:
    """Return the network as if the first candidate of each mechanism were the only."""
    mechanisms = tuple(
        replace(m, candidates=(replace(m.candidates[0], probability=1.0),))
        for m in fitted.network.mechanisms
    )
    return replace(fitted, network=replace(fitted.network, mechanisms=mechanisms))


def test_moments_are_those_of_one_function_in_all_turns(cycles: Campaign) -> None:
    """With few samples what is unknown of the law adds up from turn to turn."""
    several = fit_network(evidence(cycles, trials(4, one_law, seed=4, noise=0.3)), 0)
    fitted = with_the_first(several)
    generator = torch.Generator().manual_seed(3)
    X = torch.rand(8, 4, generator=generator, dtype=torch.float64)
    X[:4] = X[:4, :1]  # the same setting again and again
    mean, variance = fitted.network.moments(X, 2048)
    for x, m, v in list(zip(X, mean, variance, strict=True))[:3]:
        exact = followed(fitted, x, 600)
        error = v.sqrt() / 600**0.5
        assert ((exact.mean(0) - m).abs() < 4 * error + 0.01).all()
        assert ((exact.std(0) / v.sqrt() - 1).abs() < 0.12).all()


def test_what_a_law_showed_in_one_turn_is_known_in_the_next() -> None:
    """After two noisy sightings: as if they had been data."""
    generator = torch.Generator().manual_seed(0)
    X, extra, x = (
        torch.rand(n, 2, generator=generator, dtype=torch.float64) for n in (6, 2, 1)
    )
    y, told = X.sum(-1), torch.tensor([0.3, -0.4], dtype=torch.float64)
    p = Parameters(torch.tensor([0.4, 0.7], dtype=torch.float64), 1.3, 0.2)
    gp = ExactGP.condition(X, y, torch.zeros(6), p)
    more = ExactGP.condition(
        torch.cat([X, extra]), torch.cat([y, told]), torch.zeros(8), p
    )
    seen = [
        (point.unsqueeze(0), t.reshape(1)) for point, t in zip(extra, told, strict=True)
    ]
    for ours, theirs in zip(gp.after(x, seen), more.marginal(x), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-6)


def test_nodes_say_what_turns_may_have_in_common(cycles: Campaign) -> None:
    nodes = {n.name: n for n in network(cycles)}
    assert nodes["s_1"].shared == ()
    assert nodes["s_2"].kind == nodes["s"].kind == "s"
    assert {frozenset(p.inputs) for p in nodes["s"].shared} == {
        frozenset({"cook_4.heat", "s_3"})
    }


@pytest.mark.parametrize(
    "causes", ["causes: []", "forbid_causes: [cook_2.heat -> s_2]"]
)
def test_what_is_not_alike_in_all_turns_is_left_out(
    tmp_path: Path, causes: str
) -> None:
    text = CYCLES.replace('causes: ["cook.heat, s.before -> s"]', causes)
    nodes = {n.name: n for n in network(loaded(tmp_path, text))}
    inputs = {"s_3"} if "forbid" in causes else {"s_3", "cook_4.heat"}
    assert [set(p.inputs) for p in nodes["s"].shared] == [inputs]


def test_setting_obeys_the_same_law_in_every_turn(cycles: Campaign) -> None:
    """The same state and the same setting give the same, draw by draw."""
    seen = trials(6, one_law, noise=0.1)
    records = read_records(cycles, seen, SpaceEncoder(cycles.space))
    model = fit_structural(cycles.graph, records, cycles.recurrences)
    kinds = {law.name: law.kind for law in model.laws}
    assert kinds == {"s_1": "", "s_2": "s", "s_3": "s", "s": "s"}
    value = torch.tensor([0.5], dtype=torch.float64)
    done = {"s_1": value, "cook_2.heat": value, "s_3": value, "cook_4.heat": value}
    found = model.draw([done], seed=0)
    second, last = (found[q].mean(-1)[:, 0] for q in ("s_2", "s"))
    assert float((second - last).abs().max()) < 0.02 * float(second.std() + 0.1)
    assert float(second.mean()) == pytest.approx(0.35 + 0.9975, abs=0.2)


def test_causes_that_differ_between_turns_are_laws_apart(tmp_path: Path) -> None:
    text = CYCLES.replace("s.before -> s", "s.before -> s', 'cook_1.heat -> s_3")
    text = text.replace('causes: ["', "causes: ['").replace('s_3"]', "s_3']")
    campaign = loaded(tmp_path, text)
    seen = trials(6, one_law)
    records = read_records(campaign, seen, SpaceEncoder(campaign.space))
    model = fit_structural(campaign.graph, records, campaign.recurrences)
    assert {law.kind for law in model.laws} == {""}
