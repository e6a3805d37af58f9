"""Which names variables, stages and executors may have."""

import re
import unicodedata

from labagent.config.nodes import Place, Report, did_you_mean, shortened

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,47}")
_SPELLED = {
    "ä": "ae",
    "ö": "oe",
    "ü": "ue",
    "Ä": "Ae",
    "Ö": "Oe",
    "Ü": "Ue",
    "ß": "ss",
    "æ": "ae",
    "ø": "oe",
    "å": "aa",
    "µ": "u",
    "μ": "u",
}
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
    better = re.sub(r"\W+", "_", _in_ascii(name), flags=re.ASCII).strip("_")
    if better and not better[0].isalpha():
        better = f"x{better}"
    report.add(
        place,
        f"{what}: got the name {name!r}",
        "must begin with a letter and go on with at most 47 letters, digits or _",
        f"write {better}" if _NAME.fullmatch(better) else "",
    )
    return False


def _in_ascii(name: str) -> str:
    """Return a name with its letters spelled in ASCII: haerte, resume."""
    for letter, spelled in _SPELLED.items():
        name = name.replace(letter, spelled)
    parts = unicodedata.normalize("NFKD", name)
    return "".join(c for c in parts if not unicodedata.combining(c))


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
        owner, first = self._taken.setdefault(name.lower(), (f"{what} {name}", place))
        if first == place:
            return True
        self._report.add(
            place,
            f"{what} {name}: got a name taken by {owner} ({first.short})",
            "must have a name of its own; capitals make no difference",
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
        f"{what}: got the unknown name {shortened(name)!r}",
        f"must be one of {listed}" if names else "must be declared; nothing is yet",
        did_you_mean(name, names),
    )
