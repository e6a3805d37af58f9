from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.requests import controls_of, request_problems, results_of
from labagent.variables import Value
from tests.adapters.setups import (
    BASE,
    COOK,
    HUMIDITY,
    TEMPERATURE,
    TEST,
    WARM,
    YIELD,
    request,
    setup,
)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"temperature": 100.0}, "parameter base: got no value, must be set"),
        ({**WARM, "x": 1.0}, "parameter x: is unknown, must be one of temperature"),
        ({**WARM, "temperature": 200.0}, "got 200, must lie in [20, 150] degC"),
        ({**WARM, "base": "KOH"}, "parameter base: got 'KOH', must be one of K2CO3"),
        ({**WARM, "base": "NaOH\n*RST"}, "parameter base: got 'NaOH\\n*RST', must be"),
        ({**WARM, "temperature": "100"}, "got '100', must be a finite number"),
    ],
    ids=["missing", "unknown", "limit", "choice", "second command", "text"],
)
def test_a_wrong_request_is_described(
    parameters: Mapping[str, Value], message: str, tmp_path: Path
) -> None:
    (problem,) = request_problems(setup(tmp_path, "manual"), request(parameters))
    assert message in problem


def test_a_wrong_unit_is_refused_not_converted(tmp_path: Path) -> None:
    asked = replace(request(), units={"temperature": "kelvin", "base": ""})
    (problem,) = request_problems(setup(tmp_path, "manual"), asked)
    assert problem == "parameter temperature: got the unit kelvin, must be in degC"


def test_a_stage_sets_and_measures_its_own(tmp_path: Path) -> None:
    route = setup(tmp_path, "manual", results=(YIELD, HUMIDITY), stages=(COOK, TEST))
    assert controls_of(route, "cook") == (TEMPERATURE, BASE)
    assert controls_of(route, "test") == ()
    assert results_of(route, "cook") == (HUMIDITY,)
    assert results_of(route, "test") == (YIELD, HUMIDITY)
    assert request_problems(route, request(stage="cook")) == []
    assert request_problems(route, request({}, stage="test")) == []
    assert (
        "stage boil: must be one of"
        in request_problems(route, request(stage="boil"))[0]
    )
