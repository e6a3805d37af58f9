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


CAUSES = [
    ("temperature, tim -> plqy", "14:10", "did you mean 'time'?"),
    ("plqy -> plqy", "14:10", "causes itself"),
    ("plqy -> time", "14:10", "time is set, not caused"),
    ("plqy", "14:10", "must read like: a, b -> c"),
    ("a -> b -> c", "14:10", "must read like: a, b -> c"),
    ("time -> plqy ? 2", "14:10", "must be a number between 0 and 1"),
    ("time -> plqy ? maybe", "14:10", "got the probability 'maybe'"),
]


@pytest.mark.parametrize(("text", "place", "part"), CAUSES, ids=[c[0] for c in CAUSES])
def test_causes_are_checked_before_they_are_used(
    tmp_path: Path, text: str, place: str, part: str
) -> None:
    found = mistakes(tmp_path, f"{ONE_SHOT}causes: ['{text}']\n")
    assert [m.place for m in found] == ["films.yaml:14:1", f"films.yaml:{place}"]
    assert part in str(found[1])


def test_causes_may_not_run_in_a_circle_nor_be_forbidden_as_well(
    tmp_path: Path,
) -> None:
    text = changed(
        STAGED,
        (
            "constraints:",
            "causes: [spin.time -> grain, grain -> plqy, plqy -> grain ? 0.3]\n"
            "forbid_causes: [spin.time -> grain]\nconstraints:",
        ),
    )
    told = [str(m) for m in mistakes(tmp_path, text)]
    assert any("got the circle" in line for line in told)
    assert any("is forbidden and declared" in line for line in told)
    assert len(told) == 4  # both keys are refused besides
