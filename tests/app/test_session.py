"""Which campaign, which database, which ids: what people type."""

from pathlib import Path

import pytest

from labagent.app.database import database_url, shown, sqlite_file
from labagent.app.session import MOST_IDS, Session, split_words
from labagent.errors import ConfigurationError
from tests.lab import Lab


@pytest.mark.parametrize(
    ("words", "ids", "campaign"),
    [
        (["3"], [3], None),
        (["3", "5-7", "4"], [3, 5, 6, 7, 4], None),
        (["3,5-7", "#9"], [3, 5, 6, 7, 9], None),
        (["films.yaml", "3", "3"], [3], "films.yaml"),
        (["2", "films"], [2], "films"),
        (["top-5"], [], "top-5"),
        ([], [], None),
    ],
    ids=[
        "one",
        "range",
        "list",
        "file and repeats",
        "name last",
        "a name with a dash",
        "none",
    ],
)
def test_ids_and_campaign_are_told_apart(
    words: list[str], ids: list[int], campaign: str | None
) -> None:
    assert split_words(words) == (ids, campaign)


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["a.yaml", "b.yaml"], "at most one campaign"),
        (["7-3"], "must run upwards"),
        (["9-"], "got '9-', must be an id; write 3 or 5-8"),
        (["3.5"], "got '3.5', must be an id"),
        ([f"1-{MOST_IDS + 1}"], "at most 10000 ids"),
    ],
)
def test_impossible_words_are_refused(words: list[str], match: str) -> None:
    with pytest.raises(ConfigurationError, match=match):
        split_words(words)


def test_database_is_the_option_else_the_variable_else_beside_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "deep" / "films.yaml"
    monkeypatch.delenv("LABAGENT_DB", raising=False)
    assert database_url(None) == f"sqlite:///{tmp_path}/labagent.db"
    assert database_url(None, file) == f"sqlite:///{tmp_path}/deep/labagent.db"
    monkeypatch.setenv("LABAGENT_DB", "postgresql://lab/x")
    assert database_url(None, file) == "postgresql://lab/x"
    assert database_url("mine.db", file) == f"sqlite:///{tmp_path}/mine.db"


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:////a/b.db", Path("/a/b.db")),
        ("sqlite:///b.db?mode=ro", Path("b.db")),
        ("sqlite://", None),
        ("sqlite:///:memory:", None),
        ("postgresql://u@h/sqlite", None),
    ],
)
def test_sqlite_files_are_recognised(url: str, file: Path | None) -> None:
    assert sqlite_file(url) == file


@pytest.mark.parametrize(
    ("url", "printed"),
    [
        ("postgresql://ada:pa:ss@w@lab/x", "postgresql://ada:***@lab/x"),
        ("postgresql://ada@lab/x", "postgresql://ada@lab/x"),
        (
            "postgresql://lab/x?password=pa:ss&a=1",
            "postgresql://lab/x?password=***&a=1",
        ),
        ("sqlite:////a/b@c.db", "sqlite:////a/b@c.db"),
    ],
)
def test_passwords_are_never_shown(url: str, printed: str) -> None:
    assert shown(url) == printed
    command = Session(url, "films", json=False).command("approve", 1)
    assert "pa:ss" not in command


def test_suggested_commands_can_be_pasted() -> None:
    session = Session("my lab.db", "my films.yaml", json=False)
    assert session.command("reject", 3, "--reason", "too hot") == (
        "labagent reject 3 --reason 'too hot' -c 'my films.yaml' --db 'my lab.db'"
    )
    assert session.run_command("films") == (
        "labagent run 'my films.yaml' --db 'my lab.db'"
    )


@pytest.mark.parametrize("words", [[], ["films"], ["films.yaml"], ["-c", "films"]])
def test_a_campaign_is_found_by_file_by_name_and_alone(
    words: list[str], begun: Lab
) -> None:
    assert begun.answer("status", *words)["campaign"] == "films"


def test_a_second_campaign_must_be_named(begun: Lab) -> None:
    text = begun.file.read_text(encoding="utf-8")
    other = begun.folder / "other.yaml"
    other.write_text(text.replace("name: films", "name: other"), encoding="utf-8")
    with begun.logbook() as (logbook, _):
        logbook.open_campaign(Lab(begun.folder).campaign, "ada")
    (begun.folder / "table.csv").write_text(
        "temperature,solvent,plqy\n90,DMF,3\n", encoding="utf-8"
    )
    assert begun("import", other, "--source", "table.csv").exit_code == 0
    result = begun("status")
    assert result.exit_code == 2
    assert "the database holds films, other, must name one" in result.stderr
    assert "add: -c films" in result.stderr
    assert begun("status", "-c", "films").exit_code == 0
    unknown = begun("status", "filmz")
    assert unknown.exit_code == 2
    assert "must be one of films, other; did you mean 'films'?" in unknown.stderr
    assert begun.answer("status", "other")["experiments"]["imported"] == 1


@pytest.mark.parametrize("command", ["run", "propose"])
def test_a_file_that_is_not_there_is_told_as_such(command: str, begun: Lab) -> None:
    result = begun(command, "nope.yaml")
    assert result.exit_code == 2
    assert "nope.yaml" in result.stderr
    assert "no such file" in result.stderr
    result = begun(command, "nope")
    assert result.exit_code == 2
    assert "got 'nope', which is no campaign and no file" in result.stderr


@pytest.mark.parametrize(
    ("db", "said"),
    [
        ("mysql://lab/x", "got a database of kind mysql, must be sqlite or postgresql"),
        ("films.yaml", "films.yaml, which is no database"),
    ],
)
@pytest.mark.parametrize("words", [["status"], ["run", "films.yaml"], ["verify"]])
def test_what_is_no_database_is_a_wrong_command_line(
    words: list[str], db: str, said: str, begun: Lab
) -> None:
    result = begun(*words, "--db", db)
    assert result.exit_code == 2
    assert said in result.stderr


def test_contradicting_campaigns_are_refused(begun: Lab) -> None:
    result = begun("status", "films", "-c", "other")
    assert result.exit_code == 2
    assert "must name one campaign" in result.stderr


def test_without_a_database_nothing_is_created(lab: Lab) -> None:
    result = lab("status", "films.yaml")
    assert result.exit_code == 2
    assert "there is no database" in result.stderr
    assert not (lab.folder / "labagent.db").exists()


def test_another_database_is_used_when_named(begun: Lab) -> None:
    (begun.folder / "labagent.db").rename(begun.folder / "moved.db")
    assert begun.answer("history", "--db", "moved.db")[0]["id"] == 1
    result = begun(
        "history", "--json", LABAGENT_DB=f"sqlite:///{begun.folder}/moved.db"
    )
    assert result.exit_code == 0


def test_a_server_holds_the_same_laboratory(lab: Lab, postgres_url: str) -> None:
    (lab.folder / "past.csv").write_text(
        "temperature,solvent,plqy\n100,DMF,5\n", encoding="utf-8"
    )
    server = ("--db", postgres_url)
    assert lab("import", "films.yaml", "--source", "past.csv", *server).exit_code == 0
    assert lab.answer("history", *server)[0]["result"] == {"plqy": 5.0}
    assert lab.answer("verify", *server)["ok"] is True
    assert not (lab.folder / "labagent.db").exists()
