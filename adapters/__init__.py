"""Executors: simulators, tables and people behind one door.

Adding one is a file in ``simulators`` or ``instruments`` and a line in the table.
"""

from importlib import import_module
from typing import Protocol

from labagent.config.nodes import did_you_mean
from labagent.errors import ConfigurationError, Mistake
from labagent.ports import Executor, Setup

EXECUTORS: dict[str, str] = {
    "ase-emt": "adapters.simulators.ase_emt:AseEmt",
    "calcination": "adapters.simulators.calcination:Calcination",
    "replay": "adapters.simulators.replay:Replay",
    "python": "adapters.simulators.python_callable:PythonCallable",
    "manual": "adapters.instruments.manual:Manual",
}
"""Name in the campaign file to ``module:class``; loaded only when it is named."""


class _Driver(Protocol):
    """A driver's class: what is wrong with a setup, and an executor from it."""

    def check(self, setup: Setup) -> list[str]: ...

    def __call__(self, setup: Setup) -> Executor: ...


def _driver(setup: Setup) -> _Driver:
    """Load a driver's class.

    Raises:
        ConfigurationError: There is no such adapter, or a package is missing for it.
    """
    place = f"executors.{setup.name}.adapter"
    entry = EXECUTORS.get(setup.adapter)
    if entry is None:
        problem = f"got {setup.adapter!r}"
        rule = f"must be one of {', '.join(EXECUTORS)}"
        hint = did_you_mean(setup.adapter, list(EXECUTORS))
        raise ConfigurationError([Mistake(place, problem, rule, hint)])
    module, _, name = entry.partition(":")
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        problem = f"{setup.adapter} needs the package {error.name}"
        hint = f"pip install {error.name}"
        rule = "which is not installed"
        raise ConfigurationError([Mistake(place, problem, rule, hint)]) from error


def check(setup: Setup) -> list[str]:
    """Return what is wrong with an executor's settings; has no side effect."""
    try:
        driver = _driver(setup)
    except ConfigurationError as error:
        return [str(m) for m in error.mistakes]
    return driver.check(setup)


def build(setup: Setup) -> Executor:
    """Build an executor; wrap it with :func:`adapters.envelope.guarded` to dispatch.

    Raises:
        ConfigurationError: Unknown adapter, missing package, or wrong settings.
    """
    return _driver(setup)(setup)
