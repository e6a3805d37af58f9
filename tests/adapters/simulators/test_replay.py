from pathlib import Path

import pytest

from adapters import build, check
from adapters.matching import Recipe, find
from labagent.ports import Abort, RunStatus
from labagent.variables import Continuous, Role, Variable
from tests.adapters.setups import (
    ALLOY,
    BASE,
    COOK,
    OPERATOR,
    TEST,
    WARM,
    YIELD,
    outcome,
    request,
    setup,
    values,
)

TABLE = "temperature,base,yield\n100,NaOH,42.5\n40,K2CO3,\n100,NaOH,44.5\n,NaOH,1\n"


def write(folder: Path, text: str = TABLE) -> dict[str, object]:
    (folder / "table.csv").write_text(text)
    return {"file": "table.csv"}


def test_replicates_are_each_given_and_never_averaged(tmp_path: Path) -> None:
    executor = build(setup(tmp_path, "replay", write(tmp_path)))
    handles = [executor.submit(request(key=f"key {i}")) for i in range(20)]
    seen = {values(executor, h)[0][1] for h in handles}
    assert seen == {42.5, 44.5}
    table = executor.provenance(handles[0])["table"]
    assert isinstance(table, dict)
    assert table["row"] in {2, 4}


def test_no_match_names_the_nearest_row(tmp_path: Path) -> None:
    executor = build(setup(tmp_path, "replay", write(tmp_path)))
    handle = executor.submit(request({"temperature": 113.0, "base": "NaOH"}))
    assert outcome(executor, handle) == (
        "failed_no_effect",
        "no row of table.csv lies within the tolerance of 1e-06; the nearest is row 2 "
        "(temperature = 100, base = NaOH), 0.1 of a control's range away",
    )
    assert values(executor, handle) == []


def test_a_tolerance_lets_neighbours_match(tmp_path: Path) -> None:
    options = {**write(tmp_path), "tolerance": 0.1}
    executor = build(setup(tmp_path, "replay", options))
    handle = executor.submit(request({"temperature": 110.0, "base": "NaOH"}))
    assert executor.poll(handle).status is RunStatus.SUCCEEDED


def test_a_row_without_results_fails_without_effect(tmp_path: Path) -> None:
    executor = build(setup(tmp_path, "replay", write(tmp_path)))
    handle = executor.submit(request({"temperature": 40.0, "base": "K2CO3"}))
    assert outcome(executor, handle) == (
        "failed_no_effect",
        "row 3 of the table holds none of yield",
    )


def test_columns_are_mapped_and_units_converted(tmp_path: Path) -> None:
    options = write(tmp_path, "T,Base,Y,who\n373.15,NaOH,0.425,Ada\n")
    options["columns"] = {
        "temperature": {"column": "T", "unit": "kelvin"},
        "base": "Base",
        "yield": {"column": "Y", "unit": ""},
        "operator": "who",
    }
    executor = build(setup(tmp_path, "replay", options, results=(YIELD, OPERATOR)))
    handle = executor.submit(request())
    assert values(executor, handle) == [("yield", 42.5), ("operator", "Ada")]


def test_compositions_are_read_species_by_species(tmp_path: Path) -> None:
    options = write(tmp_path, "Cu,alloy.Ni,yield\n50,0.5,7\n")
    options["columns"] = {"alloy.Cu": {"column": "Cu", "unit": "percent"}}
    executor = build(setup(tmp_path, "replay", options, controls=(ALLOY,)))
    handle = executor.submit(request({"alloy": {"Cu": 0.5, "Ni": 0.5}}))
    assert values(executor, handle) == [("yield", 7.0)]


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        (TABLE, {"yeild": "yield"}, "columns: got 'yeild', must be one of temperature"),
        (TABLE, {"yield": "Yield"}, "got the column 'Yield', must be one of .*'yield'"),
        (
            TABLE,
            {"yield": {"colum": "a"}},
            "yield: got 'colum', must be column or unit",
        ),
        (TABLE, {"yield": {"unit": "kg"}}, "got kg, must convert to percent"),
        (
            "temperature,base,yield\nhot,NaOH,1\n",
            {},
            "row 2, column 'temperature': got",
        ),
        ("temperature,base,yield\n,NaOH,1\n", {}, "got no row that sets every control"),
    ],
    ids=["variable", "column", "key", "unit", "cell", "no rows"],
)
def test_a_wrong_table_is_described(
    text: str, columns: dict[str, object], message: str, tmp_path: Path
) -> None:
    options = {**write(tmp_path, text), "columns": columns}
    (problem,) = check(setup(tmp_path, "replay", options))
    assert problem.startswith("executor bench: ")
    with pytest.raises(Exception, match=message):
        build(setup(tmp_path, "replay", options))


def test_results_wait_for_the_delay_and_an_abort_drops_them(tmp_path: Path) -> None:
    options = {**write(tmp_path), "delay": "1 hour"}
    executor = build(setup(tmp_path, "replay", options))
    handle = executor.submit(request())
    assert executor.poll(handle).status is RunStatus.RUNNING
    assert values(executor, handle) == []
    executor.abort(handle, Abort.GRACEFUL)
    assert executor.poll(handle).status is RunStatus.ABORTED
    assert values(executor, handle) == []


def test_a_table_changed_between_two_runs_is_noticed(tmp_path: Path) -> None:
    settings = setup(tmp_path, "replay", write(tmp_path))
    build(settings).submit(request())
    write(tmp_path, TABLE.replace("42.5", "99"))
    health = build(settings).health()
    assert not health.ready
    assert "changed during the campaign, must stay as it was" in health.reasons[0]
    (tmp_path / "work" / "table.json").unlink()
    assert build(settings).health().ready


def test_a_later_stage_that_sets_nothing_finds_its_row(tmp_path: Path) -> None:
    settings = setup(tmp_path, "replay", write(tmp_path), stages=(COOK, TEST))
    executor = build(settings)
    first = executor.submit(request(stage="cook", key="1"))
    assert executor.poll(first).status is RunStatus.SUCCEEDED
    assert values(executor, first) == []
    second = executor.submit(request({}, stage="test", key="2", intervention=WARM))
    assert values(executor, second)[0][0] == "yield"
    assert executor.validate(request({}, stage="test")) != []


def test_the_nearest_row_is_judged_by_its_worst_control() -> None:
    wide = Variable("wide", Role.CONTROL, Continuous(0.0, 1000.0))
    narrow = Variable("narrow", Role.CONTROL, Continuous(0.0, 1.0))
    rows = [
        Recipe(2, {"wide": 100.0, "narrow": 0.5, "base": "NaOH"}, {}),
        Recipe(3, {"wide": 0.0, "narrow": 0.8, "base": "NaOH"}, {}),
        Recipe(4, {"wide": 0.0, "narrow": 0.5, "base": "K2CO3"}, {}),
    ]
    asked = {"wide": 0.0, "narrow": 0.5, "base": "NaOH"}
    match = find(rows, (wide, narrow, BASE), asked)
    assert [r.row for r in match.recipes] == [2]
    assert match.distance == pytest.approx(0.1)
