from dataclasses import replace
from datetime import UTC, datetime

import pytest

from flows.endings import ended, judge, readbacks, storable
from labagent.experiments import Kind, Measurement, StepState
from labagent.ports import Observation
from tests.factories import hardness, humidity, make_campaign, resistivity

CAMPAIGN = make_campaign()
(STAGE,) = CAMPAIGN.stages
LAYERS = Measurement("layers", 3.1, "", kind=Kind.READBACK)
ALUMINIUM = Measurement("alloy.Al", 0.24, "", kind=Kind.READBACK)


def observed(*measurements: Measurement) -> list[Observation]:
    now = datetime.now(UTC)
    return [Observation(i, now, 0.0, m, 3.0) for i, m in enumerate(measurements, 1)]


def test_results_context_and_readbacks_are_kept() -> None:
    seen = (hardness(), resistivity(), humidity(), LAYERS)
    ending = ended(CAMPAIGN, STAGE, observed(*seen), {"firmware": "1"})
    assert ending.state is StepState.MEASURED
    assert ending.measurements == seen
    assert ending.provenance == {"firmware": "1"}


def test_readbacks_finer_than_a_control_go_with_the_provenance() -> None:
    seen = observed(hardness(), ALUMINIUM)
    assert judge(CAMPAIGN, STAGE, seen) == ((hardness(),), [])
    assert readbacks(seen) == {"alloy.Al": {"value": 0.24, "unit": "", "setpoint": 3.0}}


def test_a_missing_quantity_is_said_and_no_failure() -> None:
    ending = ended(CAMPAIGN, STAGE, observed(hardness()), {})
    assert (ending.state, ending.message) == (StepState.MEASURED, "without resistivity")


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (replace(hardness(), quantity="colour"), "result colour: is not declared"),
        (replace(hardness(), unit="MPa"), "hardness: got unit MPa, must be GPa"),
        (hardness(float("nan")), "hardness: got nan GPa, must be finite"),
        (hardness(1.0, float("inf")), "hardness: got 1 ± inf GPa, must be finite"),
        (replace(hardness(), value=None), "hardness: got neither or both"),
        (replace(hardness(), kind=Kind.CONTEXT), "context hardness: is not declared"),
    ],
    ids=["undeclared", "unit", "nan", "sigma", "nothing", "kind"],
)
def test_bad_results_fail_the_step_and_none_is_written(
    bad: Measurement, message: str
) -> None:
    ending = ended(CAMPAIGN, STAGE, observed(resistivity(), bad), {})
    assert ending.state is StepState.FAILED
    assert message in ending.message
    assert ending.measurements == ()


def test_success_without_any_result_is_a_failure() -> None:
    ending = ended(CAMPAIGN, STAGE, observed(humidity()), {})
    assert ending.state is StepState.FAILED
    assert "got no result, must measure hardness, resistivity" in ending.message


@pytest.mark.parametrize("text", ["bad \x00", "half \udcff pair", "fine µ"])
def test_texts_become_what_a_database_can_hold(text: str) -> None:
    found = storable({"traceback": [text]})["traceback"][0]
    assert "\0" not in found
    assert found.encode("utf-8").decode() == found
    assert found.startswith(text[:4])
