import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPORT = """
import json, os, sys
import flows
wanted = sys.argv[1:]
print(json.dumps([{n: os.environ.get(n) for n in wanted}, "prefect" in sys.modules]))
"""


def placed(*names: str, **given: str) -> tuple[dict[str, str | None], bool]:
    """Return settings after ``import flows``, and whether it imported Prefect."""
    ours = ("PREFECT_", "DO_NOT_TRACK")
    clean = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    said = subprocess.run(
        [sys.executable, "-c", REPORT, *names],
        env={**clean, **given},
        capture_output=True,
        text=True,
        check=True,
    )
    settings, imported = json.loads(said.stdout)
    return settings, imported


def test_importing_flows_places_settings_and_not_prefect(tmp_path: Path) -> None:
    settings, imported = placed(
        "DO_NOT_TRACK",
        "PREFECT_SERVER_ANALYTICS_ENABLED",
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT",
        "PREFECT_HOME",
        XDG_STATE_HOME=str(tmp_path),
    )
    assert settings == {
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
        "PREFECT_HOME": str(tmp_path / "labagent" / "prefect"),
    }
    assert (tmp_path / "labagent" / "prefect").is_dir()
    assert not imported


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PREFECT_LOGGING_LEVEL", "DEBUG"),
        ("PREFECT_SERVER_ANALYTICS_ENABLED", "true"),
        ("PREFECT_CLIENT_MAX_RETRIES", "7"),
    ],
)
def test_what_the_user_set_wins(tmp_path: Path, name: str, value: str) -> None:
    given = {"XDG_STATE_HOME": str(tmp_path), name: value}
    assert placed(name, **given)[0] == {name: value}


@pytest.mark.parametrize(
    ("given", "logs"),
    [({}, "false"), ({"PREFECT_API_URL": "http://127.0.0.1:4200/api"}, "true")],
    ids=["embedded", "served"],
)
def test_only_a_server_of_the_user_is_sent_log_lines(
    tmp_path: Path, given: dict[str, str], logs: str
) -> None:
    name = "PREFECT_LOGGING_TO_API_ENABLED"
    assert placed(name, XDG_STATE_HOME=str(tmp_path), **given)[0] == {name: logs}
