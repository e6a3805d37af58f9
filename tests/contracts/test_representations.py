from fractions import Fraction

import pytest
import torch

from labagent.planning.sampling import sample
from labagent.representations import REPRESENTATIONS, represent
from labagent.representations.composition import largest_remainder
from labagent.representations.encoder import SpaceEncoder
from labagent.variables import (
    Choice,
    Composition,
    Continuous,
    DesignSpace,
    Integer,
    Label,
    intervention_key,
)
from tests.spaces import SPACES, control, species

DOMAINS = {
    "linear": Continuous(-3, 8),
    "log": Continuous(0.01, 100, log=True),
    "grid": Continuous(0, 1, step=0.1),
    "integer": Integer(-4, 9),
    "log-integer": Integer(1, 1000, log=True),
    "choice": Choice(("a", "b", "c")),
    "simplex": Composition(species("A B C")),
    "simplex-grid": Composition(species("A B C D", 0, 0.6), Fraction(1, 20), 2, 3),
}


def test_every_representation_is_under_contract() -> None:
    assert {type(d) for d in DOMAINS.values()} == set(REPRESENTATIONS)


@pytest.fixture(params=DOMAINS, ids=str)
def space(request: pytest.FixtureRequest) -> DesignSpace:
    return DesignSpace((control("v", DOMAINS[request.param]),))


def test_decoding_what_was_encoded_gives_it_back(space: DesignSpace) -> None:
    encoder = SpaceEncoder(space)
    points = sample(encoder, 20, seed=1)
    again = encoder.decode(encoder.encode(points))
    for point, back in zip(points, again, strict=True):
        assert intervention_key(back) == intervention_key(point)


def test_entries_lie_in_the_unit_cube(space: DesignSpace) -> None:
    encoder = SpaceEncoder(space)
    X = encoder.encode(sample(encoder, 20, seed=2))
    assert X.dtype is torch.float64
    assert X.shape[1] == encoder.width == len(encoder.feature_names)
    assert bool(((X >= 0) & (X <= 1)).all())


@pytest.mark.parametrize(
    "name", [n for n, d in DOMAINS.items() if not isinstance(d, Composition)]
)
def test_the_corners_of_the_cube_decode_to_allowed_values(name: str) -> None:
    domain = DOMAINS[name]
    encoder = SpaceEncoder(DesignSpace((control("v", domain),)))
    corners = torch.stack([torch.zeros(encoder.width), torch.ones(encoder.width)])
    for value in encoder.decode(corners.double()):
        assert domain.violations(value["v"]) == []


def test_decoding_leaves_the_tensor_alone(space: DesignSpace) -> None:
    encoder = SpaceEncoder(space)
    X = encoder.encode(sample(encoder, 5, seed=3))
    before = X.clone()
    encoder.decode(X)
    assert torch.equal(X, before)


@pytest.mark.parametrize("name", SPACES)
def test_whole_interventions_survive(name: str) -> None:
    encoder = SpaceEncoder(SPACES[name])
    points = sample(encoder, 20, seed=4)
    again = encoder.decode(encoder.encode(points))
    assert [intervention_key(p) for p in again] == [intervention_key(p) for p in points]


def test_nothing_encodes_to_no_rows() -> None:
    assert SpaceEncoder(SPACES["mixed"]).encode([]).shape == (0, 1 + 1 + 3 + 1 + 3)


def test_a_label_cannot_be_set() -> None:
    with pytest.raises(TypeError, match="cannot be a control"):
        represent(Label())


@pytest.mark.parametrize(
    ("fractions", "units", "wanted"),
    [
        ([0.5, 0.5], 3, [2 / 3, 1 / 3]),
        ([1 / 3, 1 / 3, 1 / 3], 32, [11 / 32, 11 / 32, 10 / 32]),
        ([0.1, 0.9], 10, [0.1, 0.9]),
    ],
)
def test_largest_remainder(
    fractions: list[float], units: int, wanted: list[float]
) -> None:
    assert largest_remainder(fractions, units) == pytest.approx(wanted)
