"""Whatever a campaign file says, its stored document says the same."""

import io
import string
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from labagent.config import from_document, load

_NAMES = st.text(string.ascii_lowercase, min_size=3, max_size=6).filter(
    lambda name: name not in {"and", "not", "when", "budget"}
)
_NUMBERS = st.floats(0.001, 1e6).map(lambda x: float(f"{x:.6g}"))
_UNITS = st.sampled_from(["", "degC", "min", "percent", "angstrom", "kg/m^3/h"])
_TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1
).filter(
    lambda text: bool(text.strip()) and text[0] not in ":?"
)  # ruamel writes {a: :b}
_RANGES = st.tuples(_NUMBERS, _NUMBERS).filter(lambda p: p[0] != p[1]).map(sorted)


@st.composite
def _controls(draw: st.DrawFn) -> dict[str, object]:
    kind = draw(st.sampled_from(["real", "integer", "choice", "composition"]))
    if kind == "real":
        scale = draw(st.sampled_from(["linear", "log"]))
        return {"range": draw(_RANGES), "unit": draw(_UNITS), "scale": scale}
    if kind == "integer":
        low = draw(st.integers(-9, 9))
        return {"kind": "integer", "range": [low, low + draw(st.integers(1, 50))]}
    if kind == "choice":
        labels = draw(st.lists(_TEXTS, min_size=2, max_size=4, unique_by=str.strip))
        return {"choices": labels}
    symbols = ["Al", "Cu", "Ni", "Pt", "No", "Y"]
    members = draw(st.lists(st.sampled_from(symbols), min_size=2, unique=True))
    return {"elements": members, "step": f"1/{draw(st.integers(2, 12))}"}


@st.composite
def _campaigns(draw: st.DrawFn) -> dict[str, object]:
    names = draw(st.lists(_NAMES, min_size=6, max_size=6, unique=True))
    goal = draw(st.sampled_from(["maximize", "minimize"]))
    controls = names[3 : draw(st.integers(4, 6))]
    parents = draw(st.lists(st.sampled_from(controls), min_size=1, max_size=2))
    doubt = draw(st.sampled_from(["", " ? 0.7", " ? 1e-3"]))
    aim = {"unit": draw(_UNITS), "goal": goal, "expect": draw(_RANGES)}
    return {
        "labagent": 1,
        "name": "films",
        "goal": draw(_TEXTS),
        "objectives": {names[0]: aim},
        "measured": {names[1]: {"unit": draw(_UNITS)}},
        "context": {names[2]: {"kind": "label"}},
        "controls": {n: draw(_controls()) for n in controls},
        "causes": [
            f"{', '.join(parents)} -> {names[1]}{doubt}",
            f"{names[2]}, {names[1]} -> {names[0]}",
            f"{names[0]} <-> {names[2]}",
        ],
        "forbid_causes": [f"{controls[0]} -> {names[0]}"],
        "budget": {"experiments": draw(st.integers(1, 500))},
        "executors": {"bench": {"adapter": "manual", "note": draw(_TEXTS)}},
        "seed": draw(st.integers(0, 2**31)),
        "leash": draw(st.sampled_from(["approve_each", "autonomous"])),
    }


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_campaigns())
def test_the_document_gives_an_equal_campaign(content: dict[str, object]) -> None:
    text = io.StringIO()
    YAML(typ="safe", pure=True).dump(content, text)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "films.yaml")
        path.write_text(text.getvalue(), encoding="utf-8")
        campaign = load(path)
    again = from_document(campaign.document)
    assert again == campaign
    assert again.document == campaign.document
    assert campaign.goal.sentence == str(content["goal"]).strip()
