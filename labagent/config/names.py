"""Which names variables, stages and executors may have."""

import re

from labagent.config.nodes import Place, Report, did_you_mean

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,47}")
_RESERVED = ("and", "or", "not", "when", "in", "budget")


def check_name(what: str, name: str, place: Place, report: Report) -> bool:
    """Return whether a name may be used; report it otherwise.

    Args:
        what: What it names, e.g. ``control``.
        name: The name, without a stage before it.
        place: Where it stands.
        report: Receives the mistake.
    """
    if name in _RESERVED:
        report.add(
            place, f"{what}: got the name {name!r}", "must not be a word of the rules"
        )
        return False
    if _NAME.fullmatch(name):
        return True
    better = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
    if better and not better[0].isalpha():
        better = f"x{better}"
    report.add(
        place,
        f"{what}: got the name {name!r}",
        "must begin with a letter and go on with at most 47 letters, digits or _",
        f"write {better}" if _NAME.fullmatch(better) else "",
    )
    return False


class Register:
    """Names already given away; capitals make no difference (SQL columns)."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._taken: dict[str, tuple[str, Place]] = {}

    def add(self, what: str, name: str, place: Place) -> bool:
        """Take a name; report it and return False where it is taken.

        Args:
            what: What it names, e.g. ``control``.
            name: The whole name, a stage's included.
            place: Where it stands.
        """
        first = self._taken.setdefault(name.lower(), (what, place))
        if first[1] == place:
            return True
        self._report.add(
            place,
            f"{what} {name}: got a name taken by {first[0]}",
            f"must have a name of its own, capitals aside (see {first[1].short})",
        )
        return False


def unknown_name(what: str, name: str, names: list[str]) -> tuple[str, str, str]:
    """Return problem, rule and suggestion for a name that nothing has.

    Args:
        what: Where it was used, e.g. ``rule 'a <= b'``.
        name: The name used.
        names: The names it could have been.
    """
    listed = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")  # noqa: PLR2004 as many as a line holds
    return (
        f"{what}: got the unknown name {name!r}",
        f"must be one of {listed or 'none'}",
        did_you_mean(name, names),
    )
