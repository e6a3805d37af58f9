"""A campaign's pages in the database."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from db import open_logbook
from labagent import config
from labagent.app.database import must_exist
from labagent.campaigns import Campaign
from labagent.errors import DataError
from labagent.experiments import ExperimentRecord
from labagent.ports import CampaignRow, Logbook


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
            DataError: One of the numbers does not exist.
        """
        if numbers is None:
            return self.logbook.experiments(self.row.id)
        wanted = list(numbers)
        found = {r.number: r for r in self.logbook.experiments(self.row.id, wanted)}
        missing = [str(n) for n in wanted if n not in found]
        if missing:
            raise DataError(
                f"experiment {', '.join(missing)}: no such id in campaign "
                f"{self.row.name}; `labagent history` lists them"
            )
        return tuple(found[n] for n in wanted)


def open_book(url: str, file: Path | None, name: str | None) -> Book:
    """Open a campaign in an existing database.

    Args:
        url: URL of the database.
        file: The campaign file, where one was named.
        name: The campaign's name, where no file was named; None for the only one.

    Raises:
        ConfigurationError: The file has mistakes, or there is no database yet.
        DataError: The database holds no such campaign, or several and no name.
    """
    wanted = config.load(file).name if file is not None else name
    must_exist(url)
    logbook = open_logbook(url)
    try:
        row = logbook.campaign(wanted)
    except BaseException:
        logbook.close()
        raise
    return Book(logbook, row, file, url)
