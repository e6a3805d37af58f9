"""What Prefect is told before anybody imports it.

Prefect reads its settings from the environment while it is imported, so importing the
``flows`` package places them there first. What the user set wins.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path

STARTUP_SECONDS = 120
"""Longest the embedded server may take to answer: the first start makes its tables."""


def state_folder() -> Path:
    """Return the folder where programs of this user keep their state."""
    if base := os.environ.get("XDG_STATE_HOME"):
        return Path(base)
    if sys.platform == "win32" and (base := os.environ.get("LOCALAPPDATA")):
        return Path(base)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path.home() / ".local" / "state"


def defaults() -> dict[str, str]:
    """Return the settings this program wants, as environment variables."""
    served = "PREFECT_API_URL" in os.environ
    return {
        # no call leaves the machine unless the user asked for it
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
        "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
        # a home of our own: the user's profiles and databases are not touched
        "PREFECT_HOME": str(state_folder() / "labagent" / "prefect"),
        # Prefect's own embedded server outlives a killed program; ours does not
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": str(STARTUP_SECONDS),
        # results are rows; Prefect's would be pickles
        "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
        # rows say what happened; only a server somebody looks at gets log lines
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_LOGGING_INTERNAL_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",  # our own lines say it
        "PREFECT_LOGGING_TO_API_ENABLED": "true" if served else "false",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        # a server that is gone is noticed within seconds, not two minutes
        "PREFECT_CLIENT_MAX_RETRIES": "1",
        "PREFECT_CLI_PROMPT": "false",
    }


def place() -> None:
    """Put the settings into the environment where the user set nothing."""
    for name, value in defaults().items():
        os.environ.setdefault(name, value)
    with suppress(OSError):  # a read-only home costs start-up time, nothing else
        Path(os.environ["PREFECT_HOME"]).mkdir(mode=0o700, parents=True, exist_ok=True)
