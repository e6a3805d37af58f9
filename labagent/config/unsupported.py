"""What the grammar foresees and this version refuses.

A key is written ``section.key`` (campaign keys have no section), a value
``section.key: value``. Deleting a line lifts its refusal; what is parsed then shows in
the campaign.
"""

from collections.abc import Mapping

NOT_YET: Mapping[str, str] = {
    "curiosity": "proposals out of curiosity",
    "report_back": "findings on demand",
    "loosen": "a leash that loosens by itself",
    "find: learn": "campaigns that only learn",
    "budget.days": "budgets by the calendar",
    "cost.switch": "the price of changing a setting",
    "cost.per_minute": "prices that depend on settings",
    "stage.switch": "the price of changing a setting",
    "stage.per_minute": "prices that depend on settings",
    "control.kind: molecule": "molecules",
    "control.kind: structure": "crystal structures",
    "control.optimade": "structures from OPTIMADE",
    "control.from": "crystal structures from files",
    "measured.kind: spectrum": "spectra",
    "measured.kind: diffractogram": "spectra",
    "measured.kind: image": "images",
    "measured.file": "raw data files",
    "context.ask": "asking for context before each experiment",
}
"""Key or value to what it will bring."""

_REMEDIES: Mapping[str, str] = {
    "budget.days": "write hours: 30 days",
}
OTHER_WORDS: Mapping[str, str] = {
    "search_space": "controls",
    "parameters": "controls",
    "variables": "controls",
    "factors": "controls",
    "steps": "stages",
    "targets": "objectives",
    "outcomes": "objectives",
    "description": "goal",
    "approval": "leash",
    "units": "unit",
    "bounds": "range",
    "limits": "range",
    "options": "choices",
    "values": "choices",
    "categories": "choices",
    "direction": "goal",
    "target": "value",
    "threshold": "good_enough",
    "type": "kind",
}
"""Words of other programs to ours, for suggestions."""
DEFAULT_REMEDY = "leave it out for now"


def path_of(section: str, key: str, value: str | None = None) -> str:
    """Return how the table writes a key of a section, or one of its values."""
    path = key if section == "campaign" else f"{section}.{key}"
    return path if value is None else f"{path}: {value}"


def remedy(path: str) -> str:
    """Return what to do about a refused key or value."""
    return _REMEDIES.get(path, DEFAULT_REMEDY)
