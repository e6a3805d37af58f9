"""The executors a campaign names, before anything is run."""

from dataclasses import dataclass
from pathlib import Path

import adapters
from flows.setups import setup_for, work_folder
from labagent.campaigns import Campaign
from labagent.ports import Setup


@dataclass(frozen=True)
class Checked:
    """An executor's settings, and what its adapter says is wrong with them."""

    setup: Setup
    problems: tuple[str, ...]


def check_setups(campaign: Campaign, folder: Path) -> tuple[Checked, ...]:
    """Check the settings of every executor; nothing is built or started.

    Args:
        campaign: Names the executors.
        folder: The campaign file's folder, where relative paths start.
    """
    return tuple(
        Checked(setup, tuple(adapters.check(setup)))
        for setup in setups(campaign, folder)
    )


def setups(campaign: Campaign, folder: Path) -> tuple[Setup, ...]:
    """Return what every executor of a campaign is built from."""
    work = work_folder(campaign.name, folder)
    return tuple(
        setup_for(campaign, spec, folder, work / spec.name)
        for spec in campaign.executors
    )
