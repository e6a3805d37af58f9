"""What this version refuses is refused where it stands, and never ignored."""

from pathlib import Path

import pytest

from labagent.config.unsupported import NOT_YET
from tests.config.samples import ONE_SHOT, STAGED, changed, mistakes

# where a section's keys can be added, in which sample
_SPOTS = {
    "": (ONE_SHOT, "labagent: 1\n", "labagent: 1\n{}\n"),
    "objective.": (ONE_SHOT, "goal: maximize", "goal: maximize, {}"),
    "control.": (ONE_SHOT, "unit: degC", "unit: degC, {}"),
    "budget.": (ONE_SHOT, "experiments: 40", "experiments: 40, {}"),
    "cost.": (ONE_SHOT, "budget:", "cost: {{per_experiment: 1 EUR, {}}}\nbudget:"),
    "context.": (ONE_SHOT, "budget:", "context: {{a: {{unit: nm, {}}}}}\nbudget:"),
    "measured.": (STAGED, "unit: nm", "unit: nm, {}"),
    "stage.": (STAGED, "cost: 2 EUR", "cost: 2 EUR\n    {}"),
}


def _text(path: str) -> str:
    head, dot, _ = path.partition(":")[0].partition(".")
    section = f"{head}." if dot else ""
    sample, old, new = _SPOTS[section]
    entry = path.removeprefix(section)
    return changed(sample, (old, new.format(entry if ":" in entry else f"{entry}: 1")))


@pytest.mark.parametrize("path", NOT_YET)
def test_what_comes_later_is_refused(tmp_path: Path, path: str) -> None:
    refused = [m for m in mistakes(tmp_path, _text(path)) if "not in this" in m.problem]
    assert len(refused) == 1
    assert refused[0].rule == f"must wait for {NOT_YET[path]}"
    assert refused[0].suggestion
