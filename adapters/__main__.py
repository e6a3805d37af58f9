"""Examine executors: ``python -m adapters replay``."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from adapters.conformance import CHECKS
from adapters.examples import EXAMPLES


def examine(adapter: str) -> dict[str, list[str]]:
    """Return the broken promises of an adapter's example, by check."""
    found: dict[str, list[str]] = {}
    for check in CHECKS:
        with tempfile.TemporaryDirectory() as folder:
            found[check.__name__] = check(EXAMPLES[adapter](Path(folder)))
    return found


def main(arguments: Sequence[str]) -> int:
    """Examine an adapter and print what it breaks."""
    match list(arguments):
        case [adapter] if adapter in EXAMPLES:
            found = examine(adapter)
        case _:
            sys.stderr.write(f"give one of {', '.join(EXAMPLES)}\n")
            return 2
    for name, problems in found.items():
        sys.stdout.write(f"{'ok  ' if not problems else 'FAIL'} {name}\n")
        sys.stdout.writelines(f"     {p}\n" for p in problems)
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
