"""A logbook at work: what tests of its promises do again and again."""

from labagent.experiments import Measurement, StepState
from labagent.ports import CampaignRow, Claim, Logbook
from tests import factories as make

LEASE = 60.0


def approved(
    logbook: Logbook, campaign: CampaignRow, batch: int = 0
) -> tuple[int, ...]:
    """Propose and approve a batch of two one-stage experiments."""
    ids = logbook.add_decision(
        campaign.id, make.decision(batch), make.ONE_STAGE, "agent"
    )
    logbook.decide(ids, True, "ada", "fine")
    return ids


def approved_route(logbook: Logbook, campaign: CampaignRow) -> tuple[int, ...]:
    """Propose and approve one experiment of three stages; return its step ids."""
    decision = make.decision(holds=(5.0,))
    ids = logbook.add_decision(campaign.id, decision, make.ROUTE, "agent")
    logbook.decide(ids, True, "ada", "fine")
    return tuple(s.id for s in logbook.experiments(campaign.id)[0].steps)


def claimed(logbook: Logbook, campaign: CampaignRow, lease: float = LEASE) -> Claim:
    claim = logbook.claim(campaign.id, "w1", lease)
    assert claim is not None
    return claim


def states(logbook: Logbook, campaign: CampaignRow) -> list[str]:
    return [s.state for e in logbook.experiments(campaign.id) for s in e.steps]


def finish(logbook: Logbook, claim: Claim, *seen: Measurement) -> None:
    logbook.complete(claim, StepState.MEASURED, seen, "", {"adapter": "test"})
