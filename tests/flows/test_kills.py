import os
from pathlib import Path

import pytest

from benchmarks.kills import Tally, trial

KILLS = int(os.environ.get("LABAGENT_KILLS", "3"))
"""How many kills the default tests make."""


def check(tally: Tally, kills: int) -> None:
    assert tally.violations == {}
    assert tally.kills == kills
    assert tally.measured == tally.effects > 0


def test_kills_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    check(trial(tmp_path, KILLS, seed=1), KILLS)


@pytest.mark.slow
def test_fifty_kills_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    check(trial(tmp_path, 50, seed=2), 50)


def test_a_tally_names_what_is_broken() -> None:
    zero = dict.fromkeys(("lost", "invented", "altered", "stuck", "gaps"), 0)
    tally = Tally(3, 5, 5, doubled=1, faults=0, orphans=2, **zero)
    assert tally.violations == {"doubled": 1, "orphans": 2}
