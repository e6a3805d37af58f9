"""``labagent verify`` as a user types it; ``tests/db`` tries a hundred tamperings."""

import json
import sqlite3
from contextlib import closing

import pytest

from labagent.ports import Finding
from tests.lab import Lab


def cut_tail(lab: Lab) -> None:
    """Forge a database that ends one event earlier, chain head included."""
    with closing(sqlite3.connect(lab.folder / "labagent.db")) as raw, raw:
        guards = raw.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in guards:
            raw.execute(f'DROP TRIGGER "{name}"')
        (last,) = raw.execute("SELECT max(seq) FROM event").fetchone()
        raw.execute("DELETE FROM finding WHERE event_seq = ?", (last,))
        raw.execute("DELETE FROM event WHERE seq = ?", (last,))
        raw.execute(
            "UPDATE chain_head SET (seq, hash, at) = "
            "(SELECT seq, hash, at FROM event ORDER BY seq DESC LIMIT 1)"
        )
        for _, sql in guards:
            raw.execute(sql)


def test_the_head_is_printed_and_may_be_given_back(begun: Lab) -> None:
    head = begun.answer("verify")["head"]
    assert begun("verify").stdout.splitlines()[-1] == f"  {head}"
    begun.approve()
    assert begun("verify", "--expect", head).exit_code == 0
    assert begun("verify", "--expect", head[:10]).exit_code == 0


def test_a_tail_that_was_cut_off_is_seen_with_the_head(begun: Lab) -> None:
    with begun.logbook() as (book, row):
        book.add_finding(row, Finding("note", "worth telling"))
    head = begun.answer("verify")["head"]
    cut_tail(begun)
    assert begun("verify").exit_code == 0  # what no chain can show by itself
    result = begun("verify", "--expect", head, "--json")
    assert result.exit_code == 1
    (fault,) = json.loads(result.stdout)["faults"]
    assert "is gone" in fault["problem"]


def test_another_chain_is_seen(begun: Lab) -> None:
    head = begun.answer("verify")["head"]
    seq, _, digits = head.partition(":")
    forged = "0" * 8 if not digits.startswith("0") else "1" * 8
    result = begun("verify", "--expect", f"{seq}:{forged}")
    assert result.exit_code == 1
    assert "has not the hash" in result.stdout


@pytest.mark.parametrize("head", ["16", "0:abcdef01", "3:xyz", "3:abc"])
def test_a_head_that_is_none_is_told(head: str, begun: Lab) -> None:
    result = begun("verify", "--expect", head)
    assert result.exit_code == 2
    assert "as `labagent verify` prints it" in result.output


def test_an_empty_database_is_not_well(lab: Lab) -> None:
    (lab.folder / "labagent.db").touch()
    result = lab("verify", "--json")
    assert result.exit_code == 1
    assert "nothing was ever recorded" in result.stdout


def test_weights_are_computed_again(begun: Lab) -> None:
    assert begun.answer("verify")["weights"] == 4
    assert "each of their 4 weights" in " ".join(begun("verify").stdout.split())


@pytest.mark.parametrize(
    ("what", "value", "said"),
    [
        ("weight", 0.9, "plqy: weight of gp is 0.9, recomputed 1"),
        ("mean", 21.0, "plqy: mean of gp is 21, sealed as 20"),
        ("std", 1.0, "plqy: std of gp is 1, sealed as 2"),
    ],
)
def test_a_tampered_member_is_told(
    what: str, value: float, said: str, begun: Lab
) -> None:
    begun.tamper(
        f"UPDATE prediction SET members = json_set(members, '$[0].{what}', {value}) "  # noqa: S608
        "WHERE experiment_id = 2 AND quantity = 'plqy'"
    )
    result = begun("verify", "--json")
    assert result.exit_code == 1
    faults = json.loads(result.stdout)["faults"]
    assert {"place": "films experiment 2", "problem": said} in faults


def test_rows_that_cannot_be_read_are_a_fault_and_no_crash(begun: Lab) -> None:
    begun.tamper("UPDATE prediction SET members = '[{}]' WHERE id = 1")
    assert begun("verify").exit_code == 1
