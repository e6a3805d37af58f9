"""``executors``, ``doctor``, ``db``: looking after the installation."""

import json
from dataclasses import replace

import pytest

import adapters
from adapters.examples import EXAMPLES
from tests.lab import Lab


def test_every_adapter_is_listed(lab: Lab) -> None:
    found = lab.answer("executors")
    assert [a["adapter"] for a in found["adapters"]] == list(adapters.EXECUTORS)
    assert all(a["does"] or a["missing"] for a in found["adapters"])


@pytest.mark.parametrize("name", adapters.EXECUTORS)
def test_every_setting_an_adapter_knows_is_listed(name: str, lab: Lab) -> None:
    setup = replace(EXAMPLES[name](lab.folder).setup, options={"nonsense": 1})
    [refused] = [p for p in adapters.check(setup) if "nonsense" in p]
    known = refused.partition("must be one of ")[2].partition(";")[0].split(", ")
    [found] = [a for a in lab.answer("executors")["adapters"] if a["adapter"] == name]
    assert list(found["settings"]) == known
    assert all(len(meaning) > 5 for meaning in found["settings"].values())
    shown = lab("executors").output
    assert f"Settings of {name}" in shown
    assert all(f"\n  {setting} " in shown for setting in known)


def test_a_campaigns_executors_tell_their_health(begun: Lab) -> None:
    [bench] = begun.answer("executors", "films.yaml")["executors"]
    assert (bench["name"], bench["ready"]) == ("bench", True)
    assert bench["capabilities"]["by_person"] is True
    assert bench["capabilities"]["results"]["plqy"] == "percent"
    assert "by person" in begun("executors", "films.yaml").output


def test_doctor_finds_this_installation_well(lab: Lab) -> None:
    found = lab.answer("doctor", "films.yaml")
    looked_at = {c["what"]: c["state"] for c in found["checks"]}
    assert looked_at["Python"] == looked_at["device"] == looked_at["database"] == "ok"
    assert "fail" not in looked_at.values()


def test_doctor_names_what_fails_and_the_remedy(lab: Lab) -> None:
    (lab.folder / "broken.db").write_bytes(b"no database at all" * 100)
    result = lab("doctor", "--db", "broken.db", "--json")
    assert result.exit_code == 1
    [bad] = [c for c in json.loads(result.stdout)["checks"] if c["state"] == "fail"]
    assert bad["what"] == "database"
    assert bad["remedy"]


def test_the_database_is_named_without_its_password(lab: Lab) -> None:
    assert lab("db", "url").stdout.strip() == lab.url
    found = lab.answer("db", "url", "--db", "postgresql://ada:secret@lab/x")
    assert found == {"url": "postgresql://ada:***@lab/x"}


def test_upgrading_an_up_to_date_database_changes_nothing(begun: Lab) -> None:
    found = begun.answer("db", "upgrade")
    assert found["before"] == found["after"]
