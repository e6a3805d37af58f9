"""Settings as people type them."""

import pytest

from labagent.app.settings import read_settings
from labagent.errors import ConfigurationError
from labagent.variables import (
    Choice,
    Composition,
    Continuous,
    Integer,
    Label,
    Role,
    Species,
    Value,
    Variable,
)

KNOWN = (
    Variable("anneal.heat", Role.CONTROL, Continuous(400, 900), "degC"),
    Variable("dry.heat", Role.CONTROL, Continuous(50, 90), "degC"),
    Variable("layers", Role.CONTROL, Integer(1, 9)),
    Variable("gas", Role.CONTROL, Choice(("argon", "air"))),
    Variable(
        "alloy",
        Role.CONTROL,
        Composition((Species("Al"), Species("Cu"), Species("Ni"))),
    ),
    Variable("lot", Role.CONTEXT, Label()),
)


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("anneal.heat=600", 600.0),
        ("anneal.heat = 873.15 K", pytest.approx(600.0)),
        ("anneal.heat=600,5", 600.5),
        ("layers=3", 3.0),
        ("gas=air", "air"),
        ("lot=B 7", "B 7"),
        ("alloy=AlCu3", {"Al": 0.25, "Cu": 0.75, "Ni": 0.0}),
        ("alloy=Al:0.5,Cu:0.5", {"Al": 0.5, "Cu": 0.5, "Ni": 0.0}),
        ('alloy={"Ni": 1}', {"Al": 0.0, "Cu": 0.0, "Ni": 1.0}),
    ],
)
def test_settings_are_read(entry: str, value: Value) -> None:
    assert list(read_settings(KNOWN, [entry]).values()) == [value]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("heat=600", "did you mean anneal.heat or dry.heat"),
        ("anneal.heat=", "must be like anneal.heat=600"),
        ("anneal.heat=hot", "must be a number"),
        ("anneal.heat=600+-5", "must be a value and no more"),
        ("anneal.heat=950", "must lie in \\[400, 900\\] degC"),
        ("layers=2.5", "must be a whole number"),
        ("alloy=brass", "must be a composition; write a formula such as Al0.5Cu0.5"),
        ("alloy=Al:0.5,Cu:x", "must be a composition"),
        ("alloy={Al", "must be a composition"),
        ("alloy=Fe", "got Fe, must be among Al, Cu, Ni"),
        ("alloy=Al:0.5", "must sum to 1"),
    ],
)
def test_mistakes_are_told(entry: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read_settings(KNOWN, [entry])


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_settings(KNOWN, ["gas=xenon", "layers=0", "lot=B"])
    assert len(caught.value.mistakes) == 2
