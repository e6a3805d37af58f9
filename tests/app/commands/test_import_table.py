"""``labagent import``."""

from tests.lab import Lab

TABLE = """\
temperature,solvent,plqy
100,DMF,5.5
130,DMSO,
150,DMSO,20.25
"""


def test_a_table_is_imported_once(lab: Lab) -> None:
    (lab.folder / "past.csv").write_text(TABLE, encoding="utf-8")
    found = lab.answer("import", "films.yaml", "--source", "past.csv")
    assert found == {
        "source": "past.csv",
        "new": 2,
        "known": 0,
        "without_result": 1,
        "set": {},
        "observed": {},
        "notes": [],
    }
    again = lab("import", "films.yaml", "--source", "past.csv")
    assert (
        "Imported 0 experiments from past.csv, 2 were there already, 1 without"
        in again.output
    )
    rows = lab.answer("history")
    assert [r["result"] for r in rows] == [{"plqy": 5.5}, {"plqy": 20.25}]
    assert rows[0]["predicted_at"] is None
    assert lab("verify").exit_code == 0


def test_a_past_value_out_of_range_is_imported_and_told(lab: Lab) -> None:
    text = TABLE.replace("150,", "300,")
    (lab.folder / "past.csv").write_text(text, encoding="utf-8")
    result = lab("import", "films.yaml", "--source", "past.csv")
    assert result.exit_code == 0
    assert "Note: " in result.output
    assert "300" in result.output
    assert len(lab.answer("history")) == 2


def test_bad_cells_are_told_with_their_line(lab: Lab) -> None:
    text = TABLE.replace("130,DMSO", "hot,Wine")
    (lab.folder / "past.csv").write_text(text, encoding="utf-8")
    result = lab("import", "films.yaml", "--source", "past.csv")
    assert result.exit_code == 2
    assert "past.csv:3" in result.stderr
    assert "'hot'" in result.stderr
    assert "'Wine'" in result.stderr


def test_a_campaign_without_history_must_be_told_the_table(lab: Lab) -> None:
    result = lab("import", "films.yaml")
    assert result.exit_code == 2
    assert "--source" in result.stderr


def test_a_table_that_is_not_there_is_told_once(lab: Lab) -> None:
    result = lab("import", "films.yaml", "--source", "nix.csv")
    assert result.exit_code == 2
    assert "got --source nix.csv, where there is no file, must be" in result.stderr
    assert result.stderr.count("nix.csv") == 1


def test_a_table_without_any_result_is_refused(lab: Lab) -> None:
    text = TABLE.replace("plqy", "brightness")
    (lab.folder / "past.csv").write_text(text, encoding="utf-8")
    result = lab("import", "films.yaml", "--source", "past.csv")
    assert result.exit_code == 1
    assert "must have one of grain_size, plqy" in result.stderr
