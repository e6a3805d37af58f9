"""The composition root: which campaign, which memory, which executors.

Nothing here imports Prefect, torch or a simulator until it is needed, so that reading
commands stay fast.
"""

import os
import threading
from dataclasses import dataclass, field
from pathlib import Path

import adapters
import db
from adapters.envelope import Envelope, guarded
from adapters.provenance import capabilities_document
from flows.setups import setup_for, work_folder
from flows.workers import store_name, this_worker
from labagent import config
from labagent.campaigns import Campaign
from labagent.errors import ConfigurationError, DataError, Mistake
from labagent.ports import CampaignRow, Executor, Logbook

DATABASE_NAME = "labagent.db"
"""Default database, beside the campaign file."""

DATABASE_VARIABLE = "LABAGENT_DB"
"""Environment variable that names another one."""


@dataclass
class Executors:
    """The executors of a campaign, built when they are first asked for.

    Attributes:
        campaign: Names them.
        row: The campaign in the database.
        logbook: Keeps their capabilities.
        folder: Relative paths in the campaign file start here.
        work: Where they keep job files and raw data.
    """

    campaign: Campaign
    row: CampaignRow
    logbook: Logbook
    folder: Path
    work: Path
    _built: dict[str, tuple[Executor, str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, name: str) -> tuple[Executor, str]:
        """Return a guarded executor and the sha256 of its capabilities.

        Raises:
            ConfigurationError: It cannot be built from its settings.
        """
        with self._lock:
            if name not in self._built:
                self._built[name] = self._build(name)
            return self._built[name]

    def _build(self, name: str) -> tuple[Executor, str]:
        setup = setup_for(
            self.campaign, self.campaign.executor(name), self.folder, self.work / name
        )
        setup.work.mkdir(parents=True, exist_ok=True)
        executor = guarded(adapters.build(setup), Envelope.of(self.campaign))
        document = capabilities_document(executor.describe())
        sha256 = self.logbook.register_executor(self.row.id, name, document)
        return executor, sha256

    def close(self) -> None:
        """Release what was built; safe to repeat."""
        with self._lock:
            for executor, _ in self._built.values():
                executor.close()
            self._built.clear()


@dataclass(frozen=True)
class Runtime:
    """Everything a command works with; close it at the end, or use it in ``with``.

    Attributes:
        campaign: What is asked for.
        row: The campaign in the database.
        logbook: The memory.
        executors: Who runs the stages.
        folder: The campaign file's folder.
        work: Where executors keep files.
    """

    campaign: Campaign
    row: CampaignRow
    logbook: Logbook
    executors: Executors
    folder: Path
    work: Path

    @property
    def worker(self) -> str:
        """Name on the leases of this process; tells where its executors keep files."""
        return f"{this_worker()}@{store_name(self.work)}"

    @property
    def campaign_id(self) -> int:
        """The campaign's row."""
        return self.row.id

    def executor(self, name: str) -> Executor:
        """Return a guarded executor by its name in the campaign file.

        Raises:
            ConfigurationError: It cannot be built from its settings.
        """
        return self.executors.get(name)[0]

    def capabilities_sha256(self, name: str) -> str:
        """Return the hash under which an executor's capabilities are kept."""
        return self.executors.get(name)[1]

    def close(self) -> None:
        """Release executors and memory; safe to repeat."""
        self.executors.close()
        self.logbook.close()

    def __enter__(self) -> "Runtime":
        """Return itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close."""
        self.close()


def open_runtime(
    target: str | Path, database: str | None = None, by: str = "person"
) -> Runtime:
    """Open a campaign by its file, or one that is in the database by its name.

    Args:
        target: Path of a campaign file, or a campaign's name.
        database: URL; by default ``LABAGENT_DB``, else ``labagent.db`` beside the file.
        by: Who opens it, for the record of a new or changed goal.

    Raises:
        ConfigurationError: The file is wrong, or there is no such file or campaign.
        LogbookError: The database cannot be used.
    """
    path = Path(target)
    if path.is_file():
        return _open_file(path, database, by)
    return _open_name(str(target), database)


def _open_file(path: Path, database: str | None, by: str) -> Runtime:
    campaign = config.load(path)
    folder = path.resolve().parent
    url = database_url(database, folder)
    logbook = db.open_logbook(url)
    try:
        row = logbook.open_campaign(campaign, by)
    except BaseException:
        logbook.close()
        raise
    work = work_folder(campaign.name, database_folder(url) or folder)
    return assemble(campaign, row, logbook, folder, work)


def _open_name(name: str, database: str | None) -> Runtime:
    folder = Path.cwd()
    url = database_url(database, folder)
    default = folder / DATABASE_NAME
    if url == f"sqlite:///{default}" and not default.exists():
        mistake = Mistake(
            "campaign",
            f"got {name!r}",
            "must be a campaign file, or the name of a campaign in the database",
            f"there is neither the file {name} nor a database {default}",
        )
        raise ConfigurationError([mistake])
    logbook = db.open_logbook(url)
    try:
        row = logbook.campaign(name)
        campaign = config.from_document(logbook.document(row.id))
    except DataError as error:
        logbook.close()
        rule = "must be a campaign file, or the name of a campaign in the database"
        raise ConfigurationError([Mistake("campaign", str(error), rule)]) from error
    except BaseException:
        logbook.close()
        raise
    folder = database_folder(url) or folder
    return assemble(campaign, row, logbook, folder, work_folder(campaign.name, folder))


def assemble(
    campaign: Campaign, row: CampaignRow, logbook: Logbook, folder: Path, work: Path
) -> Runtime:
    """Put a runtime together from its parts."""
    executors = Executors(campaign, row, logbook, folder, work)
    return Runtime(campaign, row, logbook, executors, folder, work)


def database_url(database: str | None, folder: Path) -> str:
    """Return the database's URL: the one given, ``LABAGENT_DB``, or beside the file."""
    chosen = database or os.environ.get(DATABASE_VARIABLE)
    return chosen or f"sqlite:///{folder / DATABASE_NAME}"


def database_folder(url: str) -> Path | None:
    """Return the folder of a SQLite file; None for other databases."""
    kind, _, path = url.partition(":///")
    if not kind.startswith("sqlite") or not path or path.startswith(":memory:"):
        return None
    return Path(path.partition("?")[0]).resolve().parent
