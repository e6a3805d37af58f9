"""``predict``, ``do``, ``counterfactual``, ``identify``: questions to the model."""

import json
import math

import pytest

from tests.lab import Lab

CAUSES = """\
causes:
  - temperature, humidity -> grain_size
  - grain_size, solvent -> plqy
"""


def table(rows: int = 14) -> str:
    """Return grain = 2 T + 0.5 humidity, plqy = 50 - grain / 10 (+ 5 in DMSO)."""
    lines = ["temperature,solvent,humidity,plqy,grain_size"]
    for i in range(rows):
        t, humidity = 82 + 7 * i, 20 + 13 * i % 30
        solvent = ("DMF", "DMSO")[i % 2]
        grain = 2 * t + 0.5 * humidity + math.sin(5 * i)
        plqy = 50 - grain / 10 + 5 * (i % 2) + 0.1 * math.cos(7 * i)
        lines.append(f"{t},{solvent},{humidity},{plqy},{grain}")
    return "\n".join(lines) + "\n"


def teach(lab: Lab, causes: str = CAUSES, rows: int = 14) -> Lab:
    text = lab.file.read_text(encoding="utf-8")
    lab.file.write_text(text + causes, encoding="utf-8")
    (lab.folder / "past.csv").write_text(table(rows), encoding="utf-8")
    done = lab("import", "films.yaml", "--source", "past.csv")
    assert done.exit_code == 0, done.output
    return lab


@pytest.fixture
def taught(lab: Lab) -> Lab:
    """Fourteen experiments, experiment n at 75 + 7 n degC."""
    return teach(lab)


def narrow(text: str) -> bool:
    return max(map(len, text.splitlines())) <= 80


def test_a_whole_recipe_is_predicted_and_told_who_speaks(taught: Lab) -> None:
    found = taught.answer(
        "predict", "films.yaml", "temperature=403.15 K", "solvent=DMF"
    )
    assert found["set"] == {"temperature": pytest.approx(130), "solvent": "DMF"}
    grain = found["prediction"]["grain_size"]
    assert grain["mean"] == pytest.approx(277, abs=10)
    assert grain["low"] < grain["mean"] < grain["high"]
    assert sum(grain["weights"].values()) == pytest.approx(1)
    result = taught("predict", "temperature=130", "solvent=DMF")
    assert "Expected after 14 experiments of temperature=130 degC, solvent=DMF:" in (
        result.output
    )
    assert "plain-gp" in result.output
    assert narrow(result.output)


def test_a_recipe_may_start_from_an_experiment(taught: Lab) -> None:
    found = taught.answer("predict", "--like", 2, "temperature=100")
    assert found["set"] == {"temperature": 100.0, "solvent": "DMSO"}


def test_before_any_result_the_prior_speaks(begun: Lab) -> None:
    result = begun("predict", "--like", 1)
    assert result.exit_code == 0
    assert "(prior)" in result.output


def test_setting_is_told_by_its_consequences(taught: Lab) -> None:
    found = taught.answer("do", "grain_size=300")
    assert set(found["expected"]) == {"plqy"}
    assert found["expected"]["plqy"]["mean"] == pytest.approx(22.5, abs=1.5)
    assert found["not_set"] == ["temperature", "solvent", "humidity"]
    result = taught("do", "temperature=120", "--observe")
    assert "If temperature=120 degC were set, 14 experiments say:" in result.output
    assert "grain_size (nm)" in result.output
    assert "Merely seen" in result.output
    assert narrow(result.output)


def test_two_settings_are_compared(taught: Lab) -> None:
    words = ("do", "temperature=140", "solvent=DMF", "--against", "temperature=120")
    found = taught.answer(*words, "--observe")
    assert found["against"] == {"temperature": 120.0, "solvent": "DMF"}
    assert found["change"]["grain_size"]["mean"] == pytest.approx(40, abs=4)
    assert found["seen"]["grain_size"] == pytest.approx(40, abs=8)
    result = taught(*words)
    assert "instead of temperature=120 degC" in result.output
    assert "rises" in result.output
    assert "falls" in result.output


def test_what_a_setting_does_not_reach_stays(taught: Lab) -> None:
    found = taught.answer("do", "solvent=DMF", "--against", "solvent=DMSO")
    assert found["not_affected"] == ["grain_size"]
    assert found["change"]["plqy"]["mean"] == pytest.approx(-5, abs=1.0)
    result = taught("do", "solvent=DMF", "--against", "solvent=DMSO")
    assert "It does not reach grain_size: no change." in result.output


def test_guesses_are_called_so(taught: Lab) -> None:
    result = taught("do", "humidity=59")
    assert "humidity=59 % lies outside what was seen" in " ".join(result.output.split())


def test_an_experiment_is_imagined_otherwise(taught: Lab) -> None:
    found = taught.answer("counterfactual", 5, "temperature=130")
    was = taught.answer("show", 5)
    grain = found["would_have_been"]["grain_size"]
    assert grain["actual"] == pytest.approx(was["result"]["grain_size"])
    assert grain["difference"] == pytest.approx(2 * (130 - 110), abs=4)
    result = taught("counterfactual", "films.yaml", 5, "temperature=130")
    assert "instead of temperature=110 degC" in " ".join(result.output.split())
    assert narrow(result.output)


def test_a_formula_is_told_where_there_is_one(taught: Lab) -> None:
    found = taught.answer("identify", "grain_size", "plqy")
    assert found["identified"]
    assert found["also_set"] == ["solvent", "temperature"]
    result = taught("identify", "films.yaml", "grain_size", "plqy")
    assert result.exit_code == 0
    assert "The effect of grain_size on plqy can be told." in result.output
    assert "recipe" in result.output


def test_what_would_settle_it_is_told_where_there_is_none(lab: Lab) -> None:
    teach(lab, causes="")
    result = lab("identify", "grain_size", "plqy", "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert not found["identified"]
    assert "no causes are declared" in found["reason"]
    shown = lab("identify", "grain_size", "plqy")
    assert shown.exit_code == 1
    assert "cannot be told" in shown.output
    assert "to settle" in shown.output
    refused = lab("do", "grain_size=300")
    assert refused.exit_code == 1
    assert "cannot be told" in refused.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["predict", "temperature=120"], "got no solvent, must set every control"),
        (["predict", "temperature=120", "plqy=3"], "labagent do plqy=VALUE"),
        (["predict", "temperature=120", "solvent=water"], "must be one of DMF, DMSO"),
        (["do", "temperatur=120"], "did you mean 'temperature'?"),
        (["do", "temperature=200"], r"must lie in [80, 180] degC"),
        (["do", "temperature=9 nm"], "in the unit nm, must convert to degC"),
        (["do", "temperature=90", "temperature=95"], "must be given once"),
        (["do", "films.yaml"], "got no setting"),
        (["do", "3"], "got 3, which sets nothing"),
        (["do", "temperature=90", "--against", "solvent=DMF"], "which is not set"),
        (["counterfactual", "temperature=90"], "must name one experiment"),
        (["counterfactual", "99", "temperature=90"], "experiment 99: got no such id"),
        (["identify", "grain", "plqy"], "treatment grain: got what is no variable"),
        (["identify", "plqy"], "must be what is set and what is asked for"),
        (["identify", "grain_size=3", "plqy"], "write grain_size"),
        (["identify", "plqy,grain_size", "plqy"], "must not be set"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, list) else "",
)
def test_mistakes_are_told(words: list[str], message: str, taught: Lab) -> None:
    result = taught(*words)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    as_json = taught(*words, "--json")
    assert json.loads(as_json.stdout)["error"]


@pytest.mark.parametrize(
    "words",
    [["do", "temperature=120"], ["identify", "temperature", "plqy"]],
    ids=lambda w: w[0],
)
def test_two_results_are_the_least(words: list[str], lab: Lab) -> None:
    teach(lab, rows=1)
    result = lab(*words)
    assert result.exit_code == 1
    assert "must have at least 2" in result.stderr


def test_an_experiment_without_results_is_not_imagined(taught: Lab) -> None:
    taught.propose(120.0)
    result = taught("counterfactual", 15, "temperature=130")
    assert result.exit_code == 1
    assert "experiment 15: is proposed and has no results" in result.stderr
