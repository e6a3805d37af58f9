"""One JSON object a line in, one out: for LabVIEW, MATLAB and other programs.

Operations (protocol 1); every answer is ``{"ok": true, …}`` or ``{"error": "…"}``, and
an error changes nothing and ends nothing::

    {"op": "init", "pool_csv": path, "columns": […], "categorical": […],
     "goal": "max" | "min", "target": name, "seed": 0, "protocol": 1,
     "find": "many" (the table's top 5 %, the default) | "best" (its best row)}
    {"op": "init", "campaign": path, "db": url (optional), "protocol": 1}
                                       -> {"ok": true, "predict": true}

``target`` only names what is measured: values come by ``tell``, so it need not be in
the table and must not be among the columns.

    with a pool:                       with a campaign file:
    tell    rows, values               interventions, results (objects by quantity: a
                                       number, or [number, standard uncertainty]),
                                       or experiments (numbers from ask), results
    ask     n -> rows                  n -> experiments, interventions
    predict rows -> mean, std          interventions -> mean, std (objects by quantity)
    close   -> ends the session
"""

import json
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

from db import open_logbook
from labagent.app.agent import Agent
from labagent.app.pool import Pool, read_pool
from labagent.app.telling import LARGEST, as_number
from labagent.errors import DataError, LabagentError
from labagent.variables import intervention_key

logger = logging.getLogger(__name__)

PROTOCOL = 1
LONGEST = 10_000
"""Characters of an error: it quotes what was wrong, which may be a very long line."""

Answer = dict[str, object]

_OPERATIONS = ("init", "tell", "ask", "predict", "close")
_LARGEST_SEED = 2**63 - 1  # what torch takes
_DIGITS = 300  # of a whole number; a longer one is read as infinity


class Session:
    """The state of one conversation: nothing, a pool, or a campaign."""

    def __init__(self) -> None:
        self._door: PoolDoor | CampaignDoor | None = None
        self.closed = False

    def answer(self, line: str) -> Answer:
        """Return the answer to one line; mistakes become ``{"error": …}``."""
        try:
            answer = self._dispatch(_parse(line))
            json.dumps(answer, allow_nan=False)
        except LabagentError as error:
            return {"error": str(error)[:LONGEST]}
        except Exception as error:  # the caller's loop must not die of our fault
            logger.exception("stdio: %s", line.strip()[:200])
            text = f"internal error: {type(error).__name__}: {error}"
            return {"error": text[:LONGEST]}
        return answer

    def _dispatch(self, message: Mapping[str, Any]) -> Answer:
        op = message.get("op")
        if op not in _OPERATIONS:
            raise DataError(f"op: got {op!r}, must be one of {', '.join(_OPERATIONS)}")
        if op == "close":
            self.close()
            return {"ok": True}
        if op == "init":
            door = _open(message)
            self.close()
            self._door, self.closed = door, False
            return {"ok": True, "predict": True, "protocol": PROTOCOL}
        if self._door is None:
            raise DataError(f"op: got {op!r}, must be 'init' first")
        operations: dict[str, Callable[[Mapping[str, Any]], Answer]] = {
            "tell": self._door.tell,
            "ask": self._door.ask,
            "predict": self._door.predict,
        }
        return operations[op](message)

    def close(self) -> None:
        """Close the database, if one is open; safe to repeat."""
        if self._door is not None:
            self._door.agent.close()
            self._door = None
        self.closed = True


class PoolDoor:
    """Operations that speak of row numbers of a table."""

    def __init__(self, pool: Pool, agent: Agent) -> None:
        self.agent = agent
        self._pool = pool
        self._places: dict[str, list[int]] = {}  # key -> rows that are equal
        for place, row in enumerate(pool.rows):
            self._places.setdefault(intervention_key(row), []).append(place)
        self._used: set[int] = set()  # measured, or asked for
        self._asked: dict[int, int] = {}  # row -> number of its experiment

    def tell(self, message: Mapping[str, Any]) -> Answer:
        """Record values of rows, asked for or not."""
        rows = self._rows(message)
        values = _list(message, "values")
        if len(values) != len(rows):
            raise DataError(
                f"values: got {len(values)}, must be as many as rows, {len(rows)}"
            )
        results = [{self._pool.target: _finite(value)} for value in values]
        told = [r for r in rows if r in self._used and r not in self._asked]
        again = told or [row for row, times in Counter(rows).items() if times > 1]
        if again:
            raise DataError(f"rows: got {again} again, must be told once each")
        what = [self._asked.get(row, self._pool.rows[row]) for row in rows]
        self.agent.tell_all(list(zip(what, results, strict=True)))
        self._used.update(rows)
        for row in rows:
            self._asked.pop(row, None)
        return {"ok": True}

    def ask(self, message: Mapping[str, Any]) -> Answer:
        """Return rows not yet measured or asked for."""
        left = len(self._pool.rows) - len(self._used)
        if left == 0:
            raise DataError("ask: every row has been measured or asked for")
        suggestions = self.agent.ask(min(_count(message), left))
        rows: list[int] = []
        for suggestion in suggestions:
            row = self._free_row(intervention_key(suggestion.intervention))
            self._used.add(row)
            self._asked[row] = suggestion.number
            rows.append(row)
        return {"ok": True, "rows": rows}

    def predict(self, message: Mapping[str, Any]) -> Answer:
        """Return mean and standard deviation, noise included, of rows."""
        rows = self._rows(message)
        found = self.agent.predict([self._pool.rows[r] for r in rows])
        target = self._pool.target
        return {
            "ok": True,
            "mean": [p[target].mean for p in found],
            "std": [p[target].std for p in found],
        }

    def _free_row(self, key: str) -> int:
        return next(row for row in self._places[key] if row not in self._used)

    def _rows(self, message: Mapping[str, Any]) -> list[int]:
        rows = _list(message, "rows")
        size = len(self._pool.rows)
        for row in rows:
            if isinstance(row, bool) or not isinstance(row, int) or not 0 <= row < size:
                raise DataError(
                    f"rows: got {row!r}, must be whole numbers from 0 to {size - 1}"
                )
        return rows


class CampaignDoor:
    """Operations that speak of interventions and quantities of a campaign file."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent

    def tell(self, message: Mapping[str, Any]) -> Answer:
        """Record results of experiments asked for, or of any interventions."""
        key = _either(message, "experiments", "interventions")
        what, results = _list(message, key), _list(message, "results")
        if len(what) != len(results):
            raise DataError(
                f"results: got {len(results)}, must be as many as {key}, {len(what)}"
            )
        for item in what:
            if isinstance(item, dict) != (key == "interventions"):
                wanted = "whole numbers" if key == "experiments" else "objects"
                raise DataError(f"{key}: got {item!r}, must be {wanted}")
        self.agent.tell_all(list(zip(what, results, strict=True)))
        return {"ok": True}

    def ask(self, message: Mapping[str, Any]) -> Answer:
        """Return experiments to make."""
        found = self.agent.ask(_count(message))
        return {
            "ok": True,
            "experiments": [s.number for s in found],
            "interventions": [s.intervention for s in found],
        }

    def predict(self, message: Mapping[str, Any]) -> Answer:
        """Return means and standard deviations by quantity."""
        found = self.agent.predict(_list(message, "interventions"))
        return {
            "ok": True,
            "mean": [{q: p.mean for q, p in row.items()} for row in found],
            "std": [{q: p.std for q, p in row.items()} for row in found],
        }


def serve(source: TextIO, sink: TextIO) -> None:
    """Answer lines until ``close`` or the end of input."""
    session = Session()
    try:
        for line in source:
            if not line.strip():
                continue
            sink.write(json.dumps(session.answer(line), allow_nan=False) + "\n")
            sink.flush()
            if session.closed:
                return
    finally:
        session.close()


def _parse(line: str) -> Mapping[str, Any]:
    try:
        line.encode()  # bytes that are no UTF-8 come as surrogates
        message = json.loads(line.removeprefix("\ufeff"), parse_int=_whole)
    except UnicodeEncodeError as error:
        raise DataError("line: is not UTF-8 text, must be") from error
    except json.JSONDecodeError as error:
        raise DataError(f"line: is not JSON: {error}") from error
    except RecursionError as error:
        raise DataError("line: is nested too deeply, must be flat") from error
    if not isinstance(message, dict):
        raise DataError(f"line: got {type(message).__name__}, must be a JSON object")
    return message


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= _DIGITS else float(digits)


def _open(message: Mapping[str, Any]) -> PoolDoor | CampaignDoor:
    protocol = _given(message, "protocol", PROTOCOL)
    if isinstance(protocol, bool) or protocol != PROTOCOL:
        raise DataError(f"protocol: got {protocol!r}, must be {PROTOCOL}")
    db = None if message.get("db") is None else _text(message, "db")
    if _either(message, "pool_csv", "campaign") == "campaign":
        return CampaignDoor(Agent.open(_text(message, "campaign"), db))
    if db is not None:
        raise DataError(
            f"db: got {db!r}, must go with a campaign file; a pool is not kept"
        )
    columns = _texts(message, "columns")
    target = None if message.get("target") is None else _text(message, "target")
    if target in columns:
        raise DataError(
            f"target: got {target}, must not be among the columns: it is not known "
            "before it is measured"
        )
    pool = read_pool(
        Path(_text(message, "pool_csv")),
        columns,
        _texts(message, "categorical"),
        _given(message, "goal", "max"),
        _seed(message),
        _given(message, "find", "many"),
    )
    return PoolDoor(pool, Agent(pool.campaign, open_logbook("sqlite://"), "stdio"))


def _given(message: Mapping[str, Any], key: str, default: object) -> Any:  # noqa: ANN401 what JSON says
    """Return a value; null is the same as none."""
    value = message.get(key)
    return default if value is None else value


def _either(message: Mapping[str, Any], first: str, second: str) -> str:
    """Return which of two keys is given."""
    found = [key for key in (first, second) if message.get(key) is not None]
    if len(found) != 1:
        raise DataError(
            f"{message['op']}: got {' and '.join(found) or 'nothing'}, must have "
            f"{first} or {second}"
        )
    return found[0]


def _list(message: Mapping[str, Any], key: str) -> list[Any]:
    value = message.get(key)
    if not isinstance(value, list):
        raise DataError(f"{key}: got {value!r}, must be a list")
    return value


def _text(message: Mapping[str, Any], key: str) -> str:
    value = message.get(key)
    if not isinstance(value, str) or not value.strip() or not _writable(value):
        raise DataError(f"{key}: got {value!r}, must be a text")
    return value


def _writable(text: str) -> bool:
    """Return whether a file may be called so: no zero byte, no half of a character."""
    return "\0" not in text and text == text.encode(errors="ignore").decode()


def _texts(message: Mapping[str, Any], key: str) -> list[str]:
    value = _given(message, key, [])
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise DataError(f"{key}: got {value!r}, must be a list of texts")
    repeated = [name for name, times in Counter(value).items() if times > 1]
    if repeated:
        raise DataError(f"{key}: got {', '.join(repeated)} twice, must be once each")
    return value


def _seed(message: Mapping[str, Any]) -> int:
    seed = _given(message, "seed", 0)
    whole = isinstance(seed, int) and not isinstance(seed, bool)
    if not whole or not 0 <= seed <= _LARGEST_SEED:
        raise DataError(
            f"seed: got {seed!r}, must be a whole number from 0 to {_LARGEST_SEED}"
        )
    return seed


def _count(message: Mapping[str, Any]) -> int:
    n = _given(message, "n", 1)
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise DataError(f"n: got {n!r}, must be a whole number from 1")
    return n


def _finite(value: object) -> float:
    number = as_number(value)
    if number is None:
        raise DataError(
            f"values: got {value!r}, must be finite numbers, at most {LARGEST:g}"
        )
    return number
