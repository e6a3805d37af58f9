"""Every package an installation brings has its exact version in constraints.txt."""

import re
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CONSTRAINTS = Path(__file__).resolve().parents[2] / "constraints.txt"
PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[0-9][A-Za-z0-9.]*)")
EXTRAS = frozenset({"sim", "postgres", "dev"})


def pinned() -> dict[str, str]:
    lines = CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    pins = [PIN.fullmatch(line) for line in lines if not line.startswith("#")]
    assert all(pins), "constraints.txt: must hold name==version and comments only"
    return {canonicalize_name(p["name"]): p["version"] for p in pins if p}


def needed(package: str, extras: frozenset[str], seen: set[str]) -> set[str]:
    """Return what a package needs here, directly or not."""
    for text in requires(package) or []:
        wanted = Requirement(text)
        name = canonicalize_name(wanted.name)
        applies = [
            wanted.marker is None or wanted.marker.evaluate({"extra": extra})
            for extra in extras | {""}
        ]
        if any(applies) and name not in seen:
            seen.add(name)
            if name != "torch":  # a CUDA build brings libraries of its own
                needed(name, frozenset(wanted.extras), seen)
    return seen


def test_every_needed_package_is_pinned() -> None:
    missing = needed("labagent", EXTRAS, set()) - pinned().keys()
    assert not missing, f"constraints.txt: has no version of {sorted(missing)}"


def test_pins_keep_the_ranges_of_the_project() -> None:
    pins = pinned()
    wanted = [Requirement(text) for text in requires("labagent") or []]
    broken = [
        f"{w} but {pins[canonicalize_name(w.name)]}"
        for w in wanted
        if not w.specifier.contains(pins[canonicalize_name(w.name)])
    ]
    assert not broken
