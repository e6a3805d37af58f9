"""Nothing outside the envelope reaches a driver, whatever is asked."""

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.envelope import Envelope, guarded
from labagent.errors import EnvelopeError
from labagent.experiments import Measurement
from labagent.ports import (
    Abort,
    Capabilities,
    Health,
    Observation,
    Report,
    Request,
    RunStatus,
    Sighting,
)
from labagent.variables import (
    Choice,
    Composition,
    Condition,
    Constraint,
    Continuous,
    DesignSpace,
    Integer,
    Role,
    Species,
    Term,
    Value,
    Variable,
)


class Recorder:
    """An executor that accepts everything and remembers what reached it."""

    def __init__(self, refuses: str = "") -> None:
        self.reached: list[Request] = []
        self.aborted: list[tuple[str, Abort]] = []
        self.refuses = refuses

    def describe(self) -> Capabilities:
        return Capabilities("recorder", "1", (), ())

    def health(self) -> Health:
        return Health(ready=True)

    def validate(self, request: Request) -> list[str]:
        if self.refuses == "crash":
            raise RuntimeError(request.key)
        return [self.refuses] if self.refuses else []

    def submit(self, request: Request) -> str:
        self.reached.append(request)
        return request.key

    def poll(self, handle: str) -> Report:
        return Report(RunStatus.SUCCEEDED, handle)

    def observations(self, handle: str, after_seq: int = 0) -> list[Observation]:
        when = datetime(2026, 1, 1, tzinfo=UTC)
        return [Observation(after_seq + 1, when, 0.0, Measurement(handle, 1.0))]

    def abort(self, handle: str, how: Abort) -> None:
        self.aborted.append((handle, how))

    def lookup(self, key: str) -> tuple[Sighting, str]:
        return Sighting.SEEN, key

    def provenance(self, handle: str) -> Mapping[str, object]:
        return {"handle": handle}

    def close(self) -> None:
        self.reached.clear()


CONTROLS = (
    Variable("heat.temperature", Role.CONTROL, Continuous(20.0, 180.0), "degC"),
    Variable("heat.hold", Role.CONTROL, Integer(1, 30), "min"),
    Variable("wash.solvent", Role.CONTROL, Choice(("water", "toluene"))),
    Variable("alloy", Role.CONTROL, Composition((Species("Cu"), Species("Ni", 0.1)))),
)
SAFETY = (
    Constraint(
        "heat.temperature <= 110 degC when wash.solvent == toluene",
        (Term(1.0, "heat.temperature"),),
        110.0,
        (Condition("wash.solvent", None, "==", "toluene"),),
    ),
    Constraint(
        "heat.temperature + 100 alloy.Cu <= 200",
        (Term(1.0, "heat.temperature"), Term(100.0, "alloy", "Cu")),
        200.0,
    ),
)
ENVELOPE = Envelope(SAFETY, DesignSpace(CONTROLS))
SAFE: Mapping[str, Value] = {
    "heat.temperature": 100.0,
    "heat.hold": 5,
    "wash.solvent": "toluene",
    "alloy": {"Cu": 0.5, "Ni": 0.5},
}


def request(
    intervention: Mapping[str, Value] = SAFE,
    parameters: Mapping[str, Value] | None = None,
) -> Request:
    if parameters is None:
        parameters = {k: v for k, v in intervention.items() if k.startswith("heat.")}
    units = {"heat.temperature": "degC", "heat.hold": "min"}
    return Request("key", "heat", 1, parameters, units, intervention)


def is_safe(intervention: Mapping[str, object]) -> bool:
    """Say again, in other words than the envelope's, what is allowed."""
    match intervention:
        case {
            "heat.temperature": int() | float() as heat,
            "heat.hold": int() | float() as hold,
            "wash.solvent": "water" | "toluene" as solvent,
            "alloy": {"Cu": int() | float() as cu, "Ni": int() | float() as ni},
        }:
            numbers = (heat, hold, cu, ni)
        case _:
            return False
    return (
        len(intervention) == 4
        and not any(isinstance(n, bool) or not math.isfinite(n) for n in numbers)
        and 20.0 - 1e-6 <= heat <= 180.0 + 1e-6
        and hold in range(1, 31)
        and cu >= -1e-6
        and ni >= 0.1 - 1e-6
        and abs(cu + ni - 1.0) < 1e-5
        and (solvent == "water" or heat <= 110.001)
        and heat + 100.0 * cu <= 200.001
    )


NUMBERS = st.one_of(
    st.floats(-50.0, 250.0),
    st.floats(),
    st.integers(-5, 200),
    st.sampled_from([20.0, 110.0, 180.0, math.nextafter(180.0, 999.0), 1e308]),
)
FRACTIONS = st.one_of(st.floats(0.0, 1.0), st.floats(-0.1, 1.1), NUMBERS)
BALANCED = st.floats(0.0, 1.0).map(lambda x: {"Cu": x, "Ni": 1.0 - x})
RUBBISH = st.one_of(
    st.none(), st.booleans(), st.text(max_size=5), st.lists(NUMBERS, max_size=2)
)
VALUES: dict[str, st.SearchStrategy[object]] = {
    "heat.temperature": NUMBERS,
    "heat.hold": st.one_of(st.integers(1, 30), NUMBERS),
    "wash.solvent": st.sampled_from(["water", "toluene", "toluene\n", "acid"]),
    "alloy": st.one_of(
        BALANCED, st.fixed_dictionaries({"Cu": FRACTIONS, "Ni": FRACTIONS}), RUBBISH
    ),
}


@st.composite
def interventions(draw: st.DrawFn) -> dict[str, object]:
    found: dict[str, object] = {k: draw(s) for k, s in VALUES.items()}
    if draw(st.integers(0, 5)) == 0:
        found[draw(st.sampled_from([*found, "stranger"]))] = draw(RUBBISH)
    if draw(st.integers(0, 9)) == 0:
        del found[draw(st.sampled_from(list(found)))]
    return found


@settings(
    max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(interventions())
def test_nothing_unsafe_reaches_a_driver(intervention: Mapping[str, Value]) -> None:
    driver = Recorder()
    with suppress(EnvelopeError):
        guarded(driver, ENVELOPE).submit(request(intervention))
    assert all(is_safe(r.intervention) for r in driver.reached)


@settings(max_examples=300, deadline=None)
@given(st.floats(20.0, 110.0), st.integers(1, 30), st.floats(0.0, 0.9))
def test_what_is_safe_reaches_the_driver(heat: float, hold: int, cu: float) -> None:
    driver = Recorder()
    alloy = {"Cu": cu, "Ni": 1.0 - cu}
    safe = {**SAFE, "heat.temperature": heat, "heat.hold": hold, "alloy": alloy}
    assert guarded(driver, ENVELOPE).submit(request(safe)) == "key"
    assert driver.reached == [request(safe)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"heat.temperature": 120.0}, "excess of 10, must keep .*toluene"),
        ({"heat.temperature": 181.0}, r"must lie in \[20, 180\] degC"),
        ({"heat.temperature": math.nan}, "must be a finite number"),
        ({"alloy": {"Ni": 0.5}}, "sum to 0.5, must sum to 1"),
    ],
    ids=["safety rule", "bound", "not a number", "half a composition"],
)
def test_a_refusal_says_why(change: Mapping[str, Value], message: str) -> None:
    driver = Recorder()
    with pytest.raises(EnvelopeError, match=message):
        guarded(driver, ENVELOPE).submit(request({**SAFE, **change}))
    assert not driver.reached


@pytest.mark.parametrize(
    "parameters",
    [{"heat.temperature": 20.0}, {"pressure": 1.0}, {"heat.temperature": math.nan}],
    ids=["another value", "another control", "not a number"],
)
def test_parameters_must_be_those_that_were_checked(
    parameters: Mapping[str, Value],
) -> None:
    driver = Recorder()
    with pytest.raises(EnvelopeError, match="must be the experiment's own"):
        guarded(driver, ENVELOPE).submit(request(parameters=parameters))
    assert not driver.reached


@pytest.mark.parametrize("refuses", ["plate is locked", "crash"])
def test_what_the_driver_refuses_is_not_submitted(refuses: str) -> None:
    driver = Recorder(refuses)
    with pytest.raises(EnvelopeError, match=f"{refuses}|cannot be checked"):
        guarded(driver, ENVELOPE).submit(request())
    assert not driver.reached


def test_a_rule_about_an_unknown_control_refuses_everything() -> None:
    rule = Constraint("pressure <= 1", (Term(1.0, "pressure"),), 1.0)
    driver = Recorder()
    with pytest.raises(EnvelopeError, match="cannot be checked"):
        guarded(driver, replace(ENVELOPE, safety=(rule,))).submit(request())
    assert not driver.reached


def test_the_driver_gets_values_that_nobody_can_change_any_more() -> None:
    driver = Recorder()
    alloy = {"Cu": 0.5, "Ni": 0.5}
    changeable = request({**SAFE, "alloy": alloy}, {"alloy": alloy})
    guarded(driver, ENVELOPE).submit(changeable)
    alloy["Cu"] = 99.0
    assert driver.reached[0].parameters["alloy"] == {"Cu": 0.5, "Ni": 0.5}


def test_everything_else_is_passed_through() -> None:
    driver = Recorder()
    executor = guarded(driver, ENVELOPE)
    assert executor.describe() == driver.describe()
    assert executor.health().ready
    assert executor.poll("a") == driver.poll("a")
    assert executor.lookup("a") == (Sighting.SEEN, "a")
    assert executor.provenance("a") == {"handle": "a"}
    assert executor.observations("a", 2) == driver.observations("a", 2)
    executor.abort("a", Abort.GRACEFUL)
    assert driver.aborted == [("a", Abort.GRACEFUL)]
    executor.submit(request())
    executor.close()
    assert not driver.reached


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
def test_a_limit_is_as_strict_for_small_numbers_as_for_large(unit: float) -> None:
    control = Variable("p", Role.CONTROL, Continuous(0.0, 10 * unit), "bar")
    rule = Constraint("p <= 1", (Term(1.0, "p"),), unit)
    envelope = Envelope((rule,), DesignSpace((control,)))
    assert envelope.check({"p": unit}) == []
    assert envelope.check({"p": unit * (1 + 1e-6)}) != []


def test_a_condition_on_a_small_number_is_no_condition_on_zero() -> None:
    control = Variable("p", Role.CONTROL, Continuous(0.0, 1e-6), "mol")
    when = (Condition("p", None, "!=", 0.0),)
    rule = Constraint("p <= 0 when p != 0", (Term(1.0, "p"),), 0.0, when)
    envelope = Envelope((rule,), DesignSpace((control,)))
    assert envelope.check({"p": 0.0}) == []
    assert envelope.check({"p": 1e-10}) != []
