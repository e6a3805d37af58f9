"""Saying where a result comes from: capabilities as a document, and their hash."""

import hashlib
import json
from dataclasses import asdict
from fractions import Fraction
from importlib.metadata import PackageNotFoundError, version

import labagent
from labagent.ports import Capabilities, Setup


def installed(package: str) -> str:
    """Return a package's version, or ``missing``."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def version_text(*packages: str) -> str:
    """Return our version and those of the packages a driver rests on."""
    rest = [f"{p} {installed(p)}" for p in packages]
    return ", ".join([f"labagent {labagent.__version__}", *rest])


def _plain(value: object) -> str:
    if isinstance(value, Fraction):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in capabilities")


def capabilities_document(capabilities: Capabilities) -> dict[str, object]:
    """Return capabilities as JSON-able content, the kinds of domains included."""
    document = asdict(capabilities)
    for group in ("parameters", "results"):
        variables = getattr(capabilities, group)
        for row, variable in zip(document[group], variables, strict=True):
            row["domain"]["kind"] = type(variable.domain).__name__.lower()
    return json.loads(json.dumps(document, default=_plain))


def capabilities_hash(capabilities: Capabilities) -> str:
    """Return the sha256 of what an executor can do."""
    document = capabilities_document(capabilities)
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def common(setup: Setup, capabilities: Capabilities) -> dict[str, object]:
    """Return the provenance that every driver gives."""
    return {
        "executor": setup.name,
        "adapter": capabilities.adapter,
        "version": capabilities.version,
        "capabilities": capabilities_hash(capabilities),
        "simulated": capabilities.simulated,
        "options": json.loads(json.dumps(dict(setup.options), default=str)),
    }
