"""One JSON object a line in, one out: for LabVIEW, MATLAB and other programs.

Operations (protocol 1); every answer is ``{"ok": true, …}`` or ``{"error": "…"}``, and an
error changes nothing and ends nothing::

    {"op": "init", "pool_csv": path, "columns": […], "categorical": […],
     "goal": "max" | "min", "target": name, "seed": 0, "protocol": 1}
    {"op": "init", "campaign": path, "db": url (optional), "protocol": 1}
                                       -> {"ok": true, "predict": true}

    with a pool:                       with a campaign file:
    tell    rows, values               interventions, results (objects by quantity),
                                       or experiments (numbers from ask), results
    ask     n -> rows                  n -> experiments, interventions
    predict rows -> mean, std          interventions -> mean, std (objects by quantity)
    close   -> ends the session
"""

import json
import logging
import math
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

from db import open_logbook
from labagent.app.agent import Agent
from labagent.app.pool import Pool, read_pool
from labagent.errors import DataError, LabagentError
from labagent.variables import Intervention, intervention_key

logger = logging.getLogger(__name__)

PROTOCOL = 1

Answer = dict[str, object]

_WORDS: Mapping[type, str] = {int: "a whole number", dict: "an object by control"}


class Session:
    """The state of one conversation: nothing, a pool, or a campaign."""

    def __init__(self) -> None:
        self._door: PoolDoor | CampaignDoor | None = None
        self.closed = False

    def answer(self, line: str) -> Answer:
        """Return the answer to one line; mistakes become ``{"error": …}``."""
        try:
            return self._dispatch(_parse(line))
        except LabagentError as error:
            return {"error": str(error)}
        except Exception as error:  # noqa: BLE001  the caller's loop must not die of our fault
            logger.exception("stdio: %s", line.strip()[:200])
            return {"error": f"internal error: {type(error).__name__}: {error}"}

    def _dispatch(self, message: Mapping[str, Any]) -> Answer:
        op = message.get("op")
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
        if op not in operations:
            raise DataError(
                f"op: got {op!r}, must be one of init, tell, ask, predict, close"
            )
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
        self._keys = [intervention_key(row) for row in pool.rows]
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
        for value in values:
            _finite(value)
        told = [r for r in rows if r in self._used and r not in self._asked]
        if told or len(set(rows)) < len(rows):
            raise DataError(f"rows: got {told or rows}, must be told only once each")
        for row, value in zip(rows, values, strict=True):
            result = {self._pool.target: float(value)}
            number = self._asked.pop(row, None)
            self.agent.tell(self._pool.rows[row] if number is None else number, result)
            self._used.add(row)
        return {"ok": True}

    def ask(self, message: Mapping[str, Any]) -> Answer:
        """Return rows not yet measured or asked for."""
        left = len(self._keys) - len(self._used)
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
        return next(
            i for i, k in enumerate(self._keys) if k == key and i not in self._used
        )

    def _rows(self, message: Mapping[str, Any]) -> list[int]:
        rows = _list(message, "rows")
        size = len(self._keys)
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
        key = "experiments" if "experiments" in message else "interventions"
        what, results = _list(message, key), _list(message, "results")
        if len(what) != len(results):
            raise DataError(f"results: got {len(results)}, must be as many as {key}")
        for item, result in zip(what, results, strict=True):
            if not isinstance(result, dict):
                raise DataError(f"results: got {result!r}, must be objects")
            wanted = int if key == "experiments" else dict
            if not isinstance(item, wanted) or isinstance(item, bool):
                raise DataError(f"{key}: got {item!r}, must be {_WORDS[wanted]}")
            self.agent.tell(item, result)
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
        wanted: list[Intervention] = _list(message, "interventions")
        for item in wanted:
            if not isinstance(item, dict):
                raise DataError(f"interventions: got {item!r}, must be {_WORDS[dict]}")
        found = self.agent.predict(wanted)
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
        message = json.loads(line)
    except json.JSONDecodeError as error:
        raise DataError(f"line: is not JSON: {error}") from error
    if not isinstance(message, dict):
        raise DataError(f"line: got {type(message).__name__}, must be a JSON object")
    return message


def _open(message: Mapping[str, Any]) -> PoolDoor | CampaignDoor:
    protocol = message.get("protocol", PROTOCOL)
    if protocol != PROTOCOL:
        raise DataError(f"protocol: got {protocol!r}, must be {PROTOCOL}")
    if "campaign" in message:
        db = _text(message, "db") if message.get("db") is not None else None
        return CampaignDoor(Agent.open(_text(message, "campaign"), db))
    if "pool_csv" not in message:
        raise DataError("init: got no pool_csv and no campaign, must name one of them")
    seed = message.get("seed", 0)
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise DataError(f"seed: got {seed!r}, must be a whole number from 0")
    pool = read_pool(
        Path(_text(message, "pool_csv")),
        _texts(message, "columns"),
        _texts(message, "categorical"),
        str(message.get("goal", "max")),
        seed,
    )
    return PoolDoor(pool, Agent(pool.campaign, open_logbook("sqlite://"), "stdio"))


def _list(message: Mapping[str, Any], key: str) -> list[Any]:
    value = message.get(key)
    if not isinstance(value, list):
        raise DataError(f"{key}: got {value!r}, must be a list")
    return value


def _text(message: Mapping[str, Any], key: str) -> str:
    value = message.get(key)
    if not isinstance(value, str) or not value:
        raise DataError(f"{key}: got {value!r}, must be a text")
    return value


def _texts(message: Mapping[str, Any], key: str) -> list[str]:
    value = message.get(key, [])
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise DataError(f"{key}: got {value!r}, must be a list of texts")
    repeated = [name for name, times in Counter(value).items() if times > 1]
    if repeated:
        raise DataError(f"{key}: got {', '.join(repeated)} twice, must be once each")
    return value


def _count(message: Mapping[str, Any]) -> int:
    n = message.get("n", 1)
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise DataError(f"n: got {n!r}, must be a whole number from 1")
    return n


def _finite(value: object) -> None:
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not math.isfinite(value)
    ):
        raise DataError(f"values: got {value!r}, must be finite numbers")
