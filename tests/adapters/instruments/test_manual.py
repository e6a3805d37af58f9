from pathlib import Path

import pytest

from adapters import build
from adapters.cards import MARK, card
from adapters.files import handle_of
from labagent.ports import Executor, Report, RunStatus
from tests.adapters.setups import (
    ALLOY,
    BASE,
    COOK,
    HUMIDITY,
    OPERATOR,
    TEMPERATURE,
    TEST,
    WARM,
    YIELD,
    request,
    setup,
    values,
)

FILLED = "quantity,value,unit,sigma\nyield,42.5,,0.3\nhumidity,n/a\noperator,Ada\n"


def bench(folder: Path, settle: str = "0 s") -> Executor:
    return build(
        setup(
            folder,
            "manual",
            {"settle": settle},
            controls=(TEMPERATURE, BASE, ALLOY),
            results=(YIELD, HUMIDITY, OPERATOR),
        )
    )


ASKED = {**WARM, "alloy": {"Cu": 0.25, "Ni": 0.75}}


def hand_in(folder: Path, text: str, name: str = "7-2c70.csv") -> None:
    (folder / "work" / "results" / name).write_text(text)


def test_the_card_says_what_to_set_in_which_unit(tmp_path: Path) -> None:
    bench(tmp_path).submit(request(ASKED))
    text = (tmp_path / "work" / "cards" / "7-2c70.md").read_text()
    lines = text.splitlines()
    assert lines[0] == "# Experiment 7: experiment"
    assert "| temperature | 100   | degC     |" in lines
    assert "| alloy.Cu    | 0.25  | fraction |" in lines
    assert "| operator | a text  |" in lines
    form = (tmp_path / "work" / "cards" / "7-2c70.csv").read_text()
    assert form.startswith("quantity,value,unit,sigma,comment\nyield,,percent,,\n")


def test_a_filled_form_becomes_results_and_readbacks(tmp_path: Path) -> None:
    executor = bench(tmp_path)
    handle = executor.submit(request(ASKED))
    hand_in(
        tmp_path,
        "quantity,value,unit,sigma\nyield,0.425,dimensionless,0.003\nyield,44,,\n"
        "humidity,n/a\noperator,Ada\ntemperature,203,degF\nalloy.Cu,0.24\n",
    )
    assert executor.poll(handle) == Report(RunStatus.SUCCEEDED)
    seen = executor.observations(handle)
    told = [(o.measurement.quantity, o.measurement.value, o.setpoint) for o in seen]
    assert told == [
        ("yield", pytest.approx(42.5), None),
        ("yield", 44.0, None),
        ("operator", None, None),
        ("temperature", pytest.approx(95.0), 100.0),
        ("alloy.Cu", 0.24, 0.25),
    ]
    assert seen[0].measurement.sigma == pytest.approx(0.3)
    assert [o.measurement.kind.value for o in seen[2:]] == [
        "context",
        "readback",
        "readback",
    ]
    assert "results/7-2c70.csv sha256:" in str(seen[0].measurement.raw)


def test_json_forms_are_read_too(tmp_path: Path) -> None:
    executor = bench(tmp_path)
    handle = executor.submit(request(ASKED))
    text = '{"yield": {"value": 4, "sigma": 1}, "humidity": 50, "operator": "Ada"}'
    hand_in(tmp_path, text, "7-2c70.json")
    assert executor.poll(handle).status is RunStatus.SUCCEEDED
    assert values(executor, handle) == [
        ("yield", 4.0),
        ("humidity", 50.0),
        ("operator", "Ada"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "quantity,value\nyield,42\n",
            "got no value for humidity, operator, must have",
        ),
        (
            "quantity,value\nyeild,42\n",
            "quantity 'yeild': must be one of yield, .*mean",
        ),
        ("quantity,value\nyield,forty\n", "yield: got 'forty', must be a number"),
        ("quantity,value,unit\nyield,4,kg\n", "got kg, must convert to percent"),
        ("name,result\nyield,4\n", "got the columns name, result, must be quantity"),
        ("", "is empty, must have a header line"),
        ("quantity,value,sigma\nyield,4,x\n", "yield sigma: got 'x', must be a number"),
    ],
    ids=["half", "name", "text", "unit", "columns", "empty", "sigma"],
)
def test_a_form_that_is_not_understood_is_said_and_left_alone(
    text: str, message: str, tmp_path: Path
) -> None:
    executor = bench(tmp_path)
    handle = executor.submit(request(ASKED))
    hand_in(tmp_path, text)
    report = executor.poll(handle)
    assert report.status is RunStatus.RUNNING
    with pytest.raises(AssertionError, match=f"results/7-2c70.csv: .*{message}"):
        raise AssertionError(report.message)
    assert executor.health().reasons == (report.message,)
    hand_in(tmp_path, FILLED)
    assert executor.poll(handle).status is RunStatus.SUCCEEDED


@pytest.mark.parametrize("text", ["{", "[1]", '{"yield": NaN}', '{"yield": true}'])
def test_a_wrong_json_form_is_said(text: str, tmp_path: Path) -> None:
    executor = bench(tmp_path)
    handle = executor.submit(request(ASKED))
    hand_in(tmp_path, text, "7-2c70.json")
    report = executor.poll(handle)
    assert report.status is RunStatus.RUNNING
    assert report.message.startswith("results/7-2c70.json: ")


def test_a_form_still_being_written_is_not_read(tmp_path: Path) -> None:
    executor = bench(tmp_path, settle="1 hour")
    handle = executor.submit(request(ASKED))
    hand_in(tmp_path, FILLED)
    assert executor.poll(handle) == Report(
        RunStatus.RUNNING, "waiting for results/7-2c70.csv"
    )
    assert bench(tmp_path).poll(handle).status is RunStatus.SUCCEEDED


def test_what_was_taken_stays_as_it_was_read(tmp_path: Path) -> None:
    executor = bench(tmp_path)
    handle = executor.submit(request(ASKED))
    hand_in(tmp_path, FILLED)
    executor.poll(handle)
    hand_in(tmp_path, FILLED.replace("42.5", "99"))
    assert executor.poll(handle).status is RunStatus.SUCCEEDED
    assert values(executor, handle)[0] == ("yield", 42.5)
    assert (tmp_path / "work" / "cards" / "done" / "7-2c70.md").exists()
    assert not (tmp_path / "work" / "cards" / "7-2c70.md").exists()


def test_a_failed_experiment_has_a_reason(tmp_path: Path) -> None:
    executor = bench(tmp_path)
    handle = executor.submit(request(ASKED))
    hand_in(tmp_path, "quantity,value\nfailed,the film peeled off\nhumidity,41\n")
    assert executor.poll(handle) == Report(
        RunStatus.FAILED_PARTIAL, "the film peeled off"
    )
    assert values(executor, handle) == [("humidity", 41.0)]


def test_a_lost_card_comes_back(tmp_path: Path) -> None:
    executor = bench(tmp_path)
    handle = executor.submit(request(ASKED))
    (tmp_path / "work" / "cards" / "7-2c70.md").unlink()
    executor.poll(handle)
    assert (tmp_path / "work" / "cards" / "7-2c70.md").exists()


def test_cards_of_a_route_are_told_apart(tmp_path: Path) -> None:
    settings = setup(tmp_path, "manual", {"settle": "0 s"}, stages=(COOK, TEST))
    executor = build(settings)
    first = executor.submit(request(stage="cook", key="1"))
    second = executor.submit(request({}, stage="test", key="2", intervention=WARM))
    assert "Measure:\n\nNothing." in card(request(stage="cook"), settings)
    hand_in(tmp_path, "quantity,value\n", f"7-cook-{handle_of('1')[:MARK]}.csv")
    hand_in(
        tmp_path, "quantity,value\nyield,3\n", f"7-test-{handle_of('2')[:MARK]}.csv"
    )
    assert executor.poll(first).status is RunStatus.SUCCEEDED
    assert executor.poll(second).status is RunStatus.SUCCEEDED
    assert values(executor, first) == []
    assert values(executor, second) == [("yield", 3.0)]


def test_another_run_of_an_experiment_meets_no_old_card_and_no_old_form(
    tmp_path: Path,
) -> None:
    """Another database beside this one, or the same experiment done again."""
    executor = bench(tmp_path)
    executor.submit(request(ASKED))
    hand_in(tmp_path, "quantity,value\nyield,3\n")
    again = executor.submit(request({**ASKED, "temperature": 30.0}, key="other"))
    assert executor.poll(again).status is RunStatus.RUNNING
    cards = [p.read_text() for p in (tmp_path / "work" / "cards").glob("7-*.md")]
    assert len(cards) == 2
    assert cards[0] != cards[1]


def test_cards_appear_whole(tmp_path: Path) -> None:
    executor = bench(tmp_path)
    for number in range(20):
        executor.submit(request(ASKED, key=str(number), experiment=number))
    cards = [path.name for path in (tmp_path / "work" / "cards").iterdir()]
    assert len(cards) == 40
    assert not [name for name in cards if name.startswith(".")]


def test_a_person_is_not_taken_for_a_simulator(tmp_path: Path) -> None:
    told = bench(tmp_path).describe()
    assert (told.by_person, told.simulated, told.idempotent) == (True, False, False)
    assert told.typical_seconds > 3600
