"""One JSON object a line in, one out, about a campaign file."""

import re
from collections.abc import Iterator

import pytest

from labagent.app.stdio import Session
from tests.doors import say, written
from tests.lab import FILMS, Lab


@pytest.fixture
def films(lab: Lab) -> Iterator[Session]:
    """A session over a campaign file, kept in the laboratory's database."""
    session = Session()
    assert say(session, "init", campaign="films.yaml", db=lab.url)["ok"]
    yield session
    session.close()


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A session over a campaign in memory, with experiments 1 and 2 asked for."""
    file = tmp_path_factory.mktemp("asked") / "films.yaml"
    file.write_text(FILMS, encoding="utf-8")
    session = Session()
    assert say(session, "init", campaign=str(file))["ok"]
    assert say(session, "ask", n=2)["experiments"] == [1, 2]
    yield session
    session.close()


def test_a_campaign_file_is_asked_and_told(films: Session, lab: Lab) -> None:
    asked = say(films, "ask", n=3)
    assert asked["experiments"] == [1, 2, 3]
    assert all(set(i) == {"temperature", "solvent"} for i in asked["interventions"])
    results = [{"plqy": [20, 0.5], "grain_size": 200}, {"plqy": 33}]
    assert say(films, "tell", experiments=[3, 1], results=results) == {"ok": True}
    known = [{"temperature": 100, "solvent": "DMF"}]
    assert say(films, "tell", interventions=known, results=[{"plqy": 1}])["ok"]
    answer = say(films, "predict", interventions=known * 2)
    assert {*answer["mean"][0]} == {*answer["std"][1]} == {"plqy", "grain_size"}
    results = [row["result"].get("plqy") for row in lab.answer("history")]
    assert results == [33.0, None, 20.0, 1.0]


def test_what_was_said_is_sealed_and_recorded(films: Session, lab: Lab) -> None:
    say(films, "ask", n=2)
    say(films, "tell", experiments=[2], results=[{"plqy": [20, 0.5], "grain_size": 9}])
    assert say(films, "close") == {"ok": True}
    assert lab.answer("verify")["ok"] is True
    first, second = lab.answer("history")
    assert (first["status"], second["status"]) == ("approved", "measured")
    assert second["result"] == {"plqy": 20.0, "grain_size": 9.0}
    assert second["prediction"]["plqy"]["mean"] == pytest.approx(30.0)
    assert second["predicted_at"] < second["measured_at"]
    assert lab("replay").exit_code == 0


def test_a_database_goes_on_where_it_stopped(films: Session, lab: Lab) -> None:
    first = say(films, "ask", n=2)
    assert say(films, "init", campaign="films.yaml", db=lab.url)["ok"]
    second = say(films, "ask", n=2)
    assert (first["experiments"], second["experiments"]) == ([1, 2], [3, 4])
    assert not any(i in first["interventions"] for i in second["interventions"])
    results = [{"plqy": 1.0}, {"plqy": 2.0}]
    assert say(films, "tell", experiments=[4, 1], results=results) == {"ok": True}


HOT = {"temperature": 300, "solvent": "DMF"}
FINE = {"temperature": 100, "solvent": "DMF"}


@pytest.mark.parametrize(
    ("op", "fields", "match"),
    [
        (
            "tell",
            {"results": [{"plqy": 1}]},
            "tell: got nothing, must have experiments",
        ),
        (
            "tell",
            {"experiments": [1], "interventions": [FINE], "results": [{"plqy": 1}]},
            "got experiments and interventions",
        ),
        ("tell", {"experiments": [1, 2], "results": [{"plqy": 1}]}, "got 1, .* 2"),
        (
            "tell",
            {"experiments": [1, 99], "results": [{"plqy": 1}] * 2},
            "experiment 99",
        ),
        ("tell", {"experiments": [1, 1], "results": [{"plqy": 1}] * 2}, "1 twice"),
        ("tell", {"experiments": ["1"], "results": [{"plqy": 1}]}, "got '1'"),
        ("tell", {"experiments": [True], "results": [{"plqy": 1}]}, "got True"),
        (
            "tell",
            {"experiments": [10**40], "results": [{"plqy": 1}]},
            "experiment 1000",
        ),
        ("tell", {"experiments": [FINE], "results": [{"plqy": 1}]}, "whole numbers"),
        ("tell", {"experiments": [1], "results": [3]}, "got the results 3, must map"),
        ("tell", {"experiments": [1], "results": [{}]}, "must map at least one of"),
        ("tell", {"experiments": [1], "results": [{"plqi": 1}]}, "plqi, must be among"),
        ("tell", {"experiments": [1], "results": [{"plqy": "1 %"}]}, "plqy: got '1 %'"),
        (
            "tell",
            {"experiments": [1], "results": [{"plqy": [1, -1]}]},
            "uncertainty -1",
        ),
        ("tell", {"interventions": [1], "results": [{"plqy": 1}]}, "must be objects"),
        (
            "tell",
            {"interventions": [FINE, HOT], "results": [{"plqy": 1}] * 2},
            r"got 300, must lie in \[80, 180\] degC",
        ),
        ("predict", {"interventions": FINE}, "interventions: got .*must be a list"),
        ("predict", {"interventions": [3]}, "intervention 0: got 3, must be a mapping"),
        ("predict", {"interventions": [FINE, HOT]}, "intervention 1: .*got 300"),
        ("predict", {"rows": [0]}, "interventions: got None"),
        ("ask", {"n": 0}, "n: got 0"),
        ("init", {"campaign": "films.yaml", "db": "mysql://x/y"}, "must be sqlite or"),
        ("init", {"campaign": "films.yaml", "db": "no/such/folder/x.db"}, "database"),
        ("init", {"campaign": "films.yaml", "db": ["x"]}, "db: got .*must be a text"),
        ("init", {"campaign": "."}, "cannot be read"),
        ("init", {"campaign": "a\0b"}, "campaign: got .*must be a text"),
    ],
)
@pytest.mark.usefixtures("lab")
def test_a_mistake_about_a_campaign_changes_nothing(
    op: str, fields: dict[str, object], match: str, asked: Session
) -> None:
    before = written(asked), say(asked, "predict", interventions=[FINE])
    assert re.search(match, say(asked, op, **fields)["error"])
    assert (written(asked), say(asked, "predict", interventions=[FINE])) == before
    assert before[1]["mean"] == [{"plqy": pytest.approx(30), "grain_size": 255}]
