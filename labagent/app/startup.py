"""Refuse to start where a foreign package hides one of ours.

``adapters``, ``db`` and ``flows`` are common names: another distribution, or a folder
of that name on ``PYTHONPATH``, would be imported instead of ours, and the error would
come later and say something else. Call :func:`check_packages` before importing them.
"""

from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import labagent
from labagent.errors import ConfigurationError, Mistake

OUR_PACKAGES = ("adapters", "db", "flows")


def check_packages() -> None:
    """Check that ``adapters``, ``db`` and ``flows`` are the ones beside ``labagent``.

    Nothing is imported; one search of the import path per name, well below 5 ms.

    Raises:
        ConfigurationError: At least one is missing or belongs to somebody else.
    """
    home = Path(labagent.__file__).resolve().parent.parent
    mistakes = [m for name in OUR_PACKAGES if (m := _mistake(name, home)) is not None]
    if mistakes:
        raise ConfigurationError(mistakes)


def _mistake(name: str, home: Path) -> Mistake | None:
    folder = _folder(find_spec(name))
    if folder == home / name:
        return None
    return Mistake(
        place=f"Python package {name}",
        problem=f"got {folder or 'none'}",
        rule=f"must be {home / name}",
        suggestion=(
            "another package of that name hides it: install labagent into an "
            "environment of its own and unset PYTHONPATH"
            if folder
            else "it is missing from this installation: install labagent again"
        ),
    )


def _folder(spec: ModuleSpec | None) -> Path | None:
    """Return where a package lies, or a module its file; None where there is none."""
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations))).resolve()
    return Path(spec.origin or "built in").resolve()
