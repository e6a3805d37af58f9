"""A campaign's pages in the database."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from db import open_logbook
from labagent import config
from labagent.app.database import must_exist
from labagent.campaigns import Campaign
from labagent.config.nodes import did_you_mean
from labagent.errors import ConfigurationError, Mistake
from labagent.experiments import ExperimentRecord
from labagent.ports import CampaignRow, Logbook

CAMPAIGN = "campaign"
"""Place of the mistake that a campaign is not there."""


@dataclass
class Book:
    """One campaign in an open database.

    Attributes:
        logbook: The database.
        row: The campaign's row.
        file: The campaign file, where one was named.
        url: URL of the database.
    """

    logbook: Logbook
    row: CampaignRow
    file: Path | None
    url: str

    @cached_property
    def campaign(self) -> Campaign:
        """The newest goal version, as the database keeps it."""
        return config.from_document(self.logbook.document(self.row.id))

    def records(
        self, numbers: Iterable[int] | None = None
    ) -> tuple[ExperimentRecord, ...]:
        """Return experiments by the numbers people type; all of them by default.

        Raises:
            ConfigurationError: One of the numbers does not exist.
        """
        if numbers is None:
            return self.logbook.experiments(self.row.id)
        wanted = list(numbers)
        found = {r.number: r for r in self.logbook.experiments(self.row.id, wanted)}
        missing = [str(n) for n in wanted if n not in found]
        if missing:
            mistake = Mistake(
                f"experiment {', '.join(missing)}",
                f"got no such id in campaign {self.row.name}",
                "must be one that is there",
                "`labagent history` lists them",
            )
            raise ConfigurationError([mistake])
        return tuple(found[n] for n in wanted)


def open_book(url: str, file: Path | None, name: str | None) -> Book:
    """Open a campaign in an existing database.

    Args:
        url: URL of the database.
        file: The campaign file, where one was named.
        name: The campaign's name, where no file was named; None for the only one.

    Raises:
        ConfigurationError: The file has mistakes, there is no database yet, or it holds
            no such campaign, or several and no name.
    """
    wanted = config.load(file).name if file is not None else name
    must_exist(url)
    logbook = open_logbook(url)
    try:
        row = _chosen(logbook.campaigns(), wanted)
    except BaseException:
        logbook.close()
        raise
    return Book(logbook, row, file, url)


def _chosen(known: Sequence[CampaignRow], name: str | None) -> CampaignRow:
    """Return the campaign of a name, or the only one where none is given.

    Raises:
        ConfigurationError: There is no such campaign, or several.
    """
    found = [row for row in known if name in (None, row.name)]
    if len(found) == 1:
        return found[0]
    names = [row.name for row in known]
    if not names:
        problem = f"got {name or 'none'}, but the database holds no campaign yet"
        rule, remedy = "must be begun first", "type: labagent run FILE"
    elif name is None:
        problem = f"got none, but the database holds {', '.join(names)}"
        rule, remedy = "must name one of them", f"add: -c {shlex.quote(names[0])}"
    else:
        problem = f"got {name!r}, which is no campaign and no file"
        rule, remedy = f"must be one of {', '.join(names)}", did_you_mean(name, names)
    raise ConfigurationError([Mistake(CAMPAIGN, problem, rule, remedy)])
