"""One JSON object a line in, one out."""

import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labagent.app.stdio import LONGEST, Session, serve
from tests.doors import line, say, written
from tests.lab import Lab

TABLE = """\
temperature,solvent
100,DMF
120,DMF
140,DMSO
160,DMSO
100,DMF
180,"H₂O, dry"
"""
"""Rows 0 and 4 are replicates."""


def init(folder: Path, **changes: object) -> dict[str, object]:
    """Return the fields that open a session over the table above."""
    path = folder / "pool.csv"
    path.write_text(TABLE, encoding="utf-8")
    fields = {
        "pool_csv": str(path),
        "columns": ["temperature", "solvent"],
        "categorical": ["solvent"],
        "goal": "max",
        "target": "plqy",
        "seed": 0,
        "protocol": 1,
    }
    return {**fields, **changes}


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Session]:
    """A session over a table."""
    session = Session()
    assert say(session, "init", **init(tmp_path))["ok"]
    yield session
    session.close()


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A session to say anything to."""
    session = Session()
    say(session, "init", **init(tmp_path_factory.mktemp("fuzzed")))
    yield session
    session.close()


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A session with row 5 told and rows 0 or 4, 1, 2 and 3 asked for."""
    session = Session()
    say(session, "init", **init(tmp_path_factory.mktemp("begun")))
    assert say(session, "tell", rows=[5], values=[11.2])["ok"]
    assert len(say(session, "ask", n=4)["rows"]) == 4
    yield session
    session.close()


def test_another_program_is_served_line_by_line(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "labagent.app.main", "agent", "--stdio"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    ) as process:

        def told(raw: bytes) -> Any:  # noqa: ANN401
            """Write one line, and wait for its answer before the next."""
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(raw + b"\r\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        first = line("init", **init(tmp_path, pool_csv="pool.csv"))
        answer = told(b"\xef\xbb\xbf" + first.encode())
        assert answer == {"ok": True, "predict": True, "protocol": 1}
        assert told(b'{"op":"tell","rows":[0,5],"values":[11.2,-3]}') == {"ok": True}
        [row] = told(b'{"op": "ask"}')["rows"]
        assert row in {1, 2, 3}
        assert "not UTF-8" in told(b'{"op": "\xe4sk"}')["error"]
        assert "again" in told(b'{"op":"tell","rows":[0],"values":[1]}')["error"]
        answer = told(b'{"op": "predict", "rows": [3, 2]}')
        assert [len(answer["mean"]), len(answer["std"])] == [2, 2]
        assert told(b'{"op": "close"}') == {"ok": True}
        rest, complaints = process.communicate(timeout=60)
    assert (process.returncode, rest) == (0, b"")
    assert b"Traceback" not in complaints


def test_every_row_is_asked_for_once_replicates_included(pool: Session) -> None:
    seen: list[int] = []
    for turn in range(6):
        [row] = say(pool, "ask", n=1)["rows"]
        assert say(pool, "tell", rows=[row], values=[turn / 7]) == {"ok": True}
        seen.append(row)
    assert sorted(seen) == [0, 1, 2, 3, 4, 5]
    assert "every row has been measured" in say(pool, "ask")["error"]


def test_a_batch_is_at_most_what_is_left(pool: Session) -> None:
    assert say(pool, "tell", rows=[4, 1], values=[1, 2])["ok"]
    asked = say(pool, "ask", n=10**30)["rows"]
    assert sorted(asked) == [0, 2, 3, 5]
    assert "every row" in say(pool, "ask")["error"]
    # told in another order than they were asked for, and not all at once
    assert say(pool, "tell", rows=[5, 0], values=[3, 4])["ok"]
    assert say(pool, "tell", rows=[2, 3], values=[5.5, -1e-3])["ok"]
    assert len(say(pool, "predict", rows=[0, 1, 2, 3, 4, 5])["mean"]) == 6


def test_the_same_seed_asks_the_same(tmp_path: Path) -> None:
    asked: list[object] = []
    session = Session()
    for _ in range(2):
        assert say(session, "init", **init(tmp_path, seed=7))["ok"]
        first = say(session, "ask", n=5)["rows"]
        say(session, "tell", rows=first, values=[1, 5, 2, 3, 4])
        asked += [first, say(session, "ask")]
    assert asked[:2] == asked[2:]
    assert say(session, "init", **init(tmp_path, seed=2**63 - 1))["ok"]
    assert say(session, "ask", n=5)["rows"] != asked[0]
    session.close()


@pytest.mark.parametrize(("goal", "best"), [("max", 7), ("min", 0)])
def test_the_goal_says_where_to_look(goal: str, best: int, tmp_path: Path) -> None:
    (tmp_path / "line.csv").write_text("x\n" + "\n".join("01234567"), encoding="utf-8")
    session = Session()
    fields = {"columns": ["x"], "goal": goal, "find": "best"}
    assert say(session, "init", pool_csv=str(tmp_path / "line.csv"), **fields)["ok"]
    inner = [*range(1, 7)]
    assert say(session, "tell", rows=inner, values=inner)["ok"]
    assert say(session, "ask") == {"ok": True, "rows": [best]}
    session.close()


def test_predictions_come_from_what_was_told(pool: Session) -> None:
    prior = {"ok": True, "mean": [0.0, 0.0], "std": [10.0, 10.0]}
    assert say(pool, "predict", rows=[3, 3]) == prior
    say(pool, "tell", rows=[0, 1, 2, 3], values=[100, 120, 140, 160])
    answer = say(pool, "predict", rows=[0, 3, 5])
    assert answer["mean"][0] < answer["mean"][1]
    assert 0 < answer["std"][1] < answer["std"][2]
    assert say(pool, "predict", rows=[]) == {"ok": True, "mean": [], "std": []}


MISTAKES = {
    "no JSON": ("ask 3", "line: is not JSON"),
    "half a line": ('{"op": "ask"', "line: is not JSON"),
    "two objects": ('{"op": "ask"}{"op": "ask"}', "Extra data"),
    "a list": ('["ask"]', "line: got list, must be a JSON object"),
    "a number": ("3", "line: got int, must be"),
    "null": ("null", "must be a JSON object"),
    "a broken byte": ('{"op": "\udcff"}', "is not UTF-8"),
    "a tower": ("[" * 100_000, "nested too deeply"),
    "nothing": ("{}", "op: got None, must be one of init, tell, ask, predict, close"),
    "an unknown operation": (line("train"), "op: got 'train', must be one of init"),
    "capitals": (line("ASK"), "op: got 'ASK'"),
    "a list of operations": (line(["ask"]), r"op: got \['ask'\]"),
    "no rows": (line("tell", values=[1]), "rows: got None, must be a list"),
    "no values": (line("tell", rows=[1]), "values: got None, must be a list"),
    "one row": (line("tell", rows=1, values=1), "rows: got 1, must be a list"),
    "few values": (line("tell", rows=[1, 2], values=[1]), "values: got 1, .* rows, 2"),
    "a row beyond": (line("predict", rows=[6]), "rows: got 6, .* from 0 to 5"),
    "a negative row": (line("predict", rows=[-1]), "rows: got -1"),
    "half a row": (line("predict", rows=[0.5]), "rows: got 0.5"),
    "a row in words": (line("predict", rows=["0"]), "rows: got '0'"),
    "true for a row": (line("predict", rows=[True]), "rows: got True"),
    "a huge row": ('{"op":"predict","rows":[1' + "0" * 5000 + "]}", "rows: got inf"),
    "a word": (line("tell", rows=[1], values=["9"]), "values: got '9', must be finite"),
    "true": (line("tell", rows=[1], values=[True]), "values: got True"),
    "no value": (line("tell", rows=[1], values=[None]), "values: got None"),
    "NaN": (line("tell", rows=[1], values=[float("nan")]), "values: got nan"),
    "infinity": ('{"op":"tell","rows":[1],"values":[-1e999]}', "values: got -inf"),
    "far too large": (line("tell", rows=[1], values=[1e200]), r"at most 1e\+100"),
    "one good, one bad": (line("tell", rows=[1, 2], values=[1, []]), r"values: got \["),
    "told before": (line("tell", rows=[1, 5], values=[1, 2]), r"got \[5\] again"),
    "a row twice": (line("tell", rows=[1, 1], values=[1, 2]), r"got \[1\] again"),
    "ask for none": (line("ask", n=0), "n: got 0, must be a whole number from 1"),
    "ask for less": (line("ask", n=-1), "n: got -1"),
    "ask for half": (line("ask", n=1.5), "n: got 1.5"),
    "ask for true": (line("ask", n=True), "n: got True"),
    "ask in words": (line("ask", n="two"), "n: got 'two'"),
    "a long word": (line("ask", n="x" * 10**6), "n: got 'xxx"),
    "init of nothing": (line("init"), "got nothing, must have pool_csv or campaign"),
    "no such file": (line("init", pool_csv="no.csv", columns=["a"]), "pool no.csv"),
    "no such campaign": (line("init", campaign="no.yaml"), "no.yaml: there is no such"),
}


@pytest.mark.parametrize(("raw", "match"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_changes_nothing(raw: str, match: str, begun: Session) -> None:
    before = written(begun), say(begun, "predict", rows=[0, 5])
    answer = begun.answer(raw)
    assert list(answer) == ["error"]
    assert re.search(match, str(answer["error"]))
    assert len(str(answer["error"])) <= LONGEST
    assert (written(begun), say(begun, "predict", rows=[0, 5])) == before


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"protocol": 2}, "protocol: got 2, must be 1"),
        ({"protocol": True}, "protocol: got True"),
        ({"pool_csv": 3}, "pool_csv: got 3, must be a text"),
        ({"pool_csv": "a\0b"}, "pool_csv: got .*must be a text"),
        ({"pool_csv": "\ud800"}, "pool_csv: got .*must be a text"),
        ({"campaign": "films.yaml"}, "got pool_csv and campaign, must have"),
        ({"columns": "temperature"}, "columns: got 'temperature', must be a list"),
        ({"columns": None}, "columns: got none, must name at least one"),
        ({"columns": ["temperature", 1]}, "must be a list of texts"),
        ({"columns": ["solvent", "solvent"]}, "got solvent twice"),
        ({"columns": ["temp", "solvent"]}, "temp.*did you mean 'temperature'"),
        ({"columns": ["temperature"]}, "categorical: got solvent, must be among"),
        ({"goal": "best"}, "goal: got 'best'"),
        ({"goal": ["max"]}, r"goal: got \['max'\]"),
        ({"find": "all"}, "find: got 'all'"),
        ({"target": "solvent"}, "target: got solvent, must not be among"),
        ({"target": ["plqy"]}, "target: got .*must be a text"),
        ({"seed": -1}, "seed: got -1"),
        ({"seed": 2**63}, "seed: got 9223372036854775808, must be"),
        ({"seed": 0.5}, "seed: got 0.5"),
        ({"seed": "0"}, "seed: got '0'"),
        ({"db": "own.db"}, "db: got 'own.db', must go with a campaign"),
    ],
)
def test_a_wrong_beginning_is_explained(
    changes: dict[str, object], match: str, tmp_path: Path
) -> None:
    session = Session()
    assert re.search(match, say(session, "init", **init(tmp_path, **changes))["error"])
    assert say(session, "ask") == {"error": "op: got 'ask', must be 'init' first"}
    assert [path.name for path in tmp_path.iterdir()] == ["pool.csv"]


def test_what_is_null_is_not_given(tmp_path: Path) -> None:
    session = Session()
    nothing = dict.fromkeys(("categorical", "goal", "target", "seed", "protocol", "db"))
    assert say(session, "init", **init(tmp_path, **nothing))["ok"]
    assert len(say(session, "ask", n=None)["rows"]) == 1
    session.close()


def test_a_second_beginning_forgets_the_first(pool: Session, tmp_path: Path) -> None:
    say(pool, "tell", rows=[0, 1], values=[1, 2])
    assert "goal" in say(pool, "init", **init(tmp_path, goal="up"))["error"]
    assert "again" in say(pool, "tell", rows=[0], values=[1])["error"]
    assert say(pool, "init", **init(tmp_path))["ok"]
    assert say(pool, "tell", rows=[0, 1], values=[3, 4]) == {"ok": True}


def test_after_closing_a_session_can_begin_anew(pool: Session, tmp_path: Path) -> None:
    for _ in range(2):
        assert say(pool, "close") == {"ok": True}
    assert "'init' first" in say(pool, "predict", rows=[0])["error"]
    assert say(pool, "init", **init(tmp_path))["ok"]
    assert not pool.closed


def test_lines_after_close_are_not_answered(tmp_path: Path) -> None:
    lines = ["", line("ask"), "  ", line("init", **init(tmp_path)), line("close"), "{}"]
    sink = io.StringIO()
    serve(io.StringIO("\n".join(lines)), sink)
    answers = [json.loads(text) for text in sink.getvalue().splitlines()]
    assert ["error" in answer for answer in answers] == [True, False, False]


def test_the_end_of_input_ends_the_session(lab: Lab) -> None:
    lines = [line("init", campaign="films.yaml", db=lab.url), line("ask", n=2)]
    sink = io.StringIO()
    serve(io.StringIO("\n".join(lines)), sink)
    assert json.loads(sink.getvalue().splitlines()[-1])["experiments"] == [1, 2]
    assert [row["status"] for row in lab.answer("history")] == ["approved", "approved"]


def test_a_very_long_line_is_answered(pool: Session) -> None:
    rows = [0] * 10**6
    assert "again" in say(pool, "tell", rows=rows, values=rows)["error"]
    assert "not JSON" in str(pool.answer("x" * 10**7)["error"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
KEYS = st.sampled_from(
    "op n rows values experiments interventions results pool_csv campaign columns "
    "categorical goal find target seed protocol db".split()
)
MESSAGES = st.builds(
    lambda op, rest: {**rest, "op": op},
    st.sampled_from(["init", "tell", "ask", "predict"]),
    st.dictionaries(KEYS, JSON, max_size=4),
)
RIGHT = st.sampled_from(
    [
        {"op": "tell", "rows": [1, 4], "values": [1.0, 2.0]},
        {"op": "predict", "rows": [0, 5]},
        {"op": "ask", "n": 1},
    ]
)
SPOILT = st.builds(lambda right, wrong: {**right, **wrong}, RIGHT, MESSAGES)
LINES = st.one_of(st.text(), *(x.map(json.dumps) for x in (JSON, MESSAGES, SPOILT)))


@given(raw=LINES)
def test_no_line_ends_a_session(raw: str, fuzzed: Session) -> None:
    answer = fuzzed.answer(raw)
    assert list(answer) == ["error"] or answer["ok"] is True
    assert "internal error" not in str(answer.get("error"))
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
    assert not fuzzed.closed
