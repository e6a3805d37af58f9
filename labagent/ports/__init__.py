"""The doors to the outside: who runs experiments, and who remembers them."""

from labagent.ports.executors import (
    Abort,
    Capabilities,
    Executor,
    Health,
    Observation,
    Report,
    Request,
    RunStatus,
    Setup,
    Sighting,
)
from labagent.ports.logbooks import (
    CampaignRow,
    Claim,
    Correction,
    DecisionRecord,
    EventRow,
    Fault,
    Finding,
    ImportedRow,
    Logbook,
)

__all__ = [
    "Abort",
    "CampaignRow",
    "Capabilities",
    "Claim",
    "Correction",
    "DecisionRecord",
    "EventRow",
    "Executor",
    "Fault",
    "Finding",
    "Health",
    "ImportedRow",
    "Logbook",
    "Observation",
    "Report",
    "Request",
    "RunStatus",
    "Setup",
    "Sighting",
]
