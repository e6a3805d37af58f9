import subprocess
import sys
from pathlib import Path

import pytest

from flows.setups import setup_for, work_folder
from flows.wiring import (
    database_folder,
    database_url,
    open_runtime,
)
from labagent.errors import ConfigurationError
from tests.factories import ROUTE, make_campaign
from tests.flows.bench import write_campaign

HEAVY = ("prefect", "torch", "ase")


def test_the_database_lies_beside_the_campaign_file(tmp_path: Path) -> None:
    file = write_campaign(tmp_path)
    with open_runtime(file) as runtime:
        assert (tmp_path / "labagent.db").exists()
        assert runtime.work == tmp_path / "heights-work"
        assert runtime.folder == tmp_path


def test_another_database_may_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert database_url(None, tmp_path) == f"sqlite:///{tmp_path / 'labagent.db'}"
    monkeypatch.setenv("LABAGENT_DB", "sqlite:///elsewhere.db")
    assert database_url(None, tmp_path) == "sqlite:///elsewhere.db"
    assert database_url("sqlite:///mine.db", tmp_path) == "sqlite:///mine.db"


def test_a_campaign_opens_by_its_name_from_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_runtime(write_campaign(tmp_path)) as first:
        campaign, work = first.campaign, first.work
    monkeypatch.chdir(tmp_path)
    with open_runtime("heights") as again:
        assert again.campaign == campaign
        assert again.work == work


@pytest.mark.parametrize("known", [False, True], ids=["no database", "other name"])
def test_an_unknown_campaign_is_a_clear_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    if known:
        open_runtime(write_campaign(tmp_path)).close()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=r"depths.*must be a campaign file"):
        open_runtime("depths")
    assert (tmp_path / "labagent.db").exists() == known


def test_executors_are_built_once_and_their_capabilities_kept(tmp_path: Path) -> None:
    with open_runtime(write_campaign(tmp_path)) as runtime:
        before = len(runtime.logbook.events())
        assert runtime.executor("curve") is runtime.executor("curve")
        assert len(runtime.capabilities_sha256("curve")) == 64
        assert len(runtime.logbook.events()) == before + 1


def test_opening_a_campaign_loads_nothing_heavy(tmp_path: Path) -> None:
    script = (
        "import sys; from flows.wiring import open_runtime\n"
        "open_runtime(sys.argv[1]).close()\n"
        "print([m for m in sys.argv[2:] if m in sys.modules])"
    )
    file = str(write_campaign(tmp_path))
    command = [sys.executable, "-c", script, file, *HEAVY]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_an_executor_is_told_of_its_own_stages_only(tmp_path: Path) -> None:
    campaign = make_campaign(stages=ROUTE)
    setup = setup_for(campaign, campaign.executor("furnace"), tmp_path, tmp_path)
    assert [s.name for s in setup.stages] == ["anneal"]
    assert [p.name for p in setup.parameters] == ["anneal.hold", "anneal.gas"]
    names = [r.name for r in setup.results]
    assert names == ["resistivity", "humidity", "operator"]


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("sqlite:////data/a.db", Path("/data")),
        ("sqlite:////data/a.db?mode=rw", Path("/data")),
        ("sqlite://", None),
        ("sqlite:///:memory:", None),
        ("postgresql://me:secret@host/db", None),
    ],
)
def test_only_database_files_have_a_folder(url: str, folder: Path | None) -> None:
    assert database_folder(url) == folder


def test_names_of_campaigns_make_safe_folders(tmp_path: Path) -> None:
    assert work_folder("a/b c", tmp_path) == tmp_path / "a_b_c-work"
