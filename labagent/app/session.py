"""What every command shares: where the campaign is, and how to answer."""

import getpass
import inspect
import os
import re
import shlex
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import update_wrapper
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

from labagent import config
from labagent.app.book import Book, open_book
from labagent.app.database import database_url, must_be_one, shown, sqlite_file
from labagent.app.options import CampaignOption, DbOption, JsonOption
from labagent.app.printing import say, say_json
from labagent.errors import ConfigurationError, Mistake

P = ParamSpec("P")
MOST_IDS = 10_000
"""Ids one command may name."""
_NUMERIC = re.compile(r"#?[-+]?\d[\d#.,:+-]*")
"""A word that can only be meant as ids, right or wrong."""


@dataclass(frozen=True)
class Session:
    """One call of a command.

    Attributes:
        db: What ``--db`` said.
        campaign: What ``--campaign`` (or the argument) said: a name or a file.
        json: Whether to answer in JSON.
    """

    db: str | None
    campaign: str | None
    json: bool

    def of(self, reference: str | None) -> "Session":
        """Return the session with a campaign named by an argument.

        Raises:
            ConfigurationError: ``--campaign`` names another one.
        """
        if reference is None:
            return self
        if self.campaign not in (None, reference):
            raise wrong_words(
                f"got {reference} beside --campaign {self.campaign}",
                "must name one campaign",
                "leave one of them out",
            )
        return replace(self, campaign=reference)

    @property
    def file(self) -> Path | None:
        """The campaign file, where a file was named rather than a name."""
        if self.campaign is None:
            return None
        path = Path(self.campaign).expanduser()
        looks_like_one = path.suffix in (".yaml", ".yml") or os.sep in self.campaign
        return path if looks_like_one or path.is_file() else None

    @property
    def url(self) -> str:
        """URL of the database."""
        return database_url(self.db, self.file)

    @contextmanager
    def book(self) -> Generator[Book]:
        """Open the campaign's pages in an existing database, for one command."""
        book = open_book(self.url, self.file, self.campaign)
        try:
            yield book
        finally:
            book.logbook.close()

    def check(self) -> None:
        """Check what was named before anything is begun with it.

        Raises:
            ConfigurationError: There is no such file, campaign or kind of database.
        """
        must_be_one(self.url)
        if self.file is not None:
            if not self.file.is_file():
                config.load(self.file)  # says that there is no such file
            return
        file = sqlite_file(self.url)
        if file is None or file.exists():
            with self.book():
                pass

    def command(self, *words: object) -> str:
        """Return a command line that speaks to the same campaign."""
        parts = ["labagent", *(shlex.quote(str(w)) for w in words)]
        if self.campaign is not None:
            parts += ["-c", shlex.quote(self.campaign)]
        return " ".join([*parts, *self._database()])

    def run_command(self, name: str) -> str:
        """Return the command line that goes on with a campaign of this name."""
        target = shlex.quote(self.campaign or self._file_of(name) or name)
        return " ".join(["labagent", "run", target, *self._database()])

    def _file_of(self, name: str) -> str | None:
        """Return the one campaign file here that has this name, where there is one."""
        line = re.compile(rf"^name:\s*(['\"]?){re.escape(name)}\1\s*(#.*)?$", re.M)
        found = [
            path
            for path in sorted(Path().glob("*.y*ml"))
            if path.is_file()
            and line.search(path.read_text(encoding="utf-8", errors="replace"))
        ]
        return str(found[0]) if len(found) == 1 else None

    def _database(self) -> list[str]:
        if self.db is None:
            return []
        # A URL may hold a password, which no screen is to show.
        secret = shown(self.db) != self.db
        return ["--db", '"$LABAGENT_DB"' if secret else shlex.quote(self.db)]

    def answer(self, data: object, lines: Iterable[str]) -> None:
        """Print the answer: as JSON where asked for, else as lines."""
        if self.json:
            say_json(data)
        else:
            say(lines)


def with_session(
    command: Callable[Concatenate[Session, P], None],
) -> Callable[..., None]:
    """Give a command ``--db``, ``--campaign`` and ``--json`` as one session."""

    def run(
        *args: Any,  # noqa: ANN401 - whatever the command's own options hold
        db: DbOption = None,
        campaign: CampaignOption = None,
        as_json: JsonOption = False,
        **options: Any,  # noqa: ANN401
    ) -> None:
        command(Session(db, campaign, as_json), *args, **options)

    own = list(inspect.signature(command).parameters.values())[1:]
    shared = [
        parameter
        for parameter in inspect.signature(run).parameters.values()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    update_wrapper(run, command)
    run.__dict__["__signature__"] = inspect.Signature([*own, *shared])
    run.__annotations__ = {p.name: p.annotation for p in (*own, *shared)}
    return run


def who(by: str | None) -> str:
    """Return the name a person gave, else their login name."""
    if by:
        return by
    try:
        return getpass.getuser()
    except (OSError, ImportError, KeyError):  # no such user here, as in containers
        return "unknown"


def split_words(words: Sequence[str]) -> tuple[list[int], str | None]:
    """Return the ids among words (``3``, ``5-8``, ``3,5``), and the campaign.

    Raises:
        ConfigurationError: Two campaigns are named, or a word is almost an id.
    """
    ids: list[int] = []
    others: list[str] = []
    for word in words:
        if not _NUMERIC.fullmatch(word):
            others.append(word)
            continue
        for part in filter(None, word.split(",")):
            ids += _ids(part.removeprefix("#"))
    if len(others) > 1:
        raise wrong_words(
            f"got {' and '.join(others)}",
            "must be ids such as 3 or 5-8, and at most one campaign",
        )
    return list(dict.fromkeys(ids)), others[0] if others else None


def _ids(word: str) -> range:
    first, dash, last = word.partition("-")
    if not first.isdecimal() or (dash and not last.isdecimal()):
        raise wrong_words(f"got {word!r}", "must be an id", "write 3 or 5-8")
    return _range(int(first), int(last or first))


def _range(first: int, last: int) -> range:
    if not 0 < last - first + 1 <= MOST_IDS:
        raise wrong_words(
            f"got the range {first}-{last}",
            f"must run upwards over at most {MOST_IDS} ids",
        )
    return range(first, last + 1)


def wrong_words(problem: str, rule: str, suggestion: str = "") -> ConfigurationError:
    """Return the error of a command line that says something impossible."""
    return ConfigurationError([Mistake("arguments", problem, rule, suggestion)])
