"""The safety envelope: what no planner, person or bug gets past.

It stands between the dispatcher and every driver, and fails closed: what cannot be
checked is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

from adapters.requests import plain
from labagent.campaigns import Campaign
from labagent.errors import EnvelopeError
from labagent.ports import (
    Abort,
    Capabilities,
    Executor,
    Health,
    Observation,
    Report,
    Request,
    Sighting,
)
from labagent.variables import Constraint, DesignSpace, Intervention


@dataclass(frozen=True)
class Envelope:
    """What may be set at all.

    Attributes:
        safety: Limits no dispatched step may break.
        space: What may be set; its bounds and constraints hold as well.
    """

    safety: tuple[Constraint, ...]
    space: DesignSpace

    @classmethod
    def of(cls, campaign: Campaign) -> "Envelope":
        """Return a campaign's envelope."""
        return cls(campaign.safety, campaign.space)

    def check(self, intervention: Intervention) -> list[str]:
        """Return why an intervention is not safe; empty means it is.

        Args:
            intervention: All controls of the experiment, in declared units.
        """
        try:
            found = self.space.violations(intervention)
            if not found:
                found = [
                    f"safety: {v}"
                    for rule in self.safety
                    for v in rule.violations(intervention)
                ]
        except Exception as error:  # noqa: BLE001  what cannot be checked is not safe
            return [f"safety: cannot be checked ({type(error).__name__}: {error})"]
        return found


def _own(request: Request) -> Request:
    """Return a copy that nobody can change between the check and the driver."""
    return replace(
        request,
        parameters={k: plain(v) for k, v in request.parameters.items()},
        units=dict(request.units),
        intervention={k: plain(v) for k, v in request.intervention.items()},
    )


def _strangers(request: Request) -> list[str]:
    """Return parameters that are not what the checked intervention says."""
    return [
        f"parameter {name}: got {value!r}, must be the experiment's own "
        f"{request.intervention.get(name)!r}"
        for name, value in request.parameters.items()
        if name not in request.intervention or value != request.intervention[name]
    ]


@final
class Guarded:
    """An executor behind the envelope."""

    def __init__(self, executor: Executor, envelope: Envelope) -> None:
        self._executor = executor
        self._envelope = envelope

    def describe(self) -> Capabilities:
        """Return what the executor can do."""
        return self._executor.describe()

    def health(self) -> Health:
        """Return ready, or the reasons why not."""
        return self._executor.health()

    def validate(self, request: Request) -> list[str]:
        """Return why a request is refused, by the envelope or by the driver."""
        try:
            own = _own(request)
            found = self._envelope.check(own.intervention) + _strangers(own)
            return found or self._executor.validate(own)
        except Exception as error:  # noqa: BLE001  what cannot be checked is not safe
            return [f"request: cannot be checked ({type(error).__name__}: {error})"]

    def submit(self, request: Request) -> str:
        """Start a step that keeps to the envelope.

        Raises:
            EnvelopeError: It does not; the driver never saw it.
        """
        try:
            own = _own(request)
        except Exception as error:  # what cannot be read is not safe
            raise EnvelopeError([f"request: cannot be read ({error})"]) from error
        if problems := self.validate(own):
            raise EnvelopeError(problems)
        return self._executor.submit(own)

    def poll(self, handle: str) -> Report:
        """Return where a step stands."""
        return self._executor.poll(handle)

    def observations(self, handle: str, after_seq: int = 0) -> Sequence[Observation]:
        """Return what was seen since."""
        return self._executor.observations(handle, after_seq)

    def abort(self, handle: str, how: Abort) -> None:
        """Stop a step."""
        self._executor.abort(handle, how)

    def lookup(self, key: str) -> tuple[Sighting, str]:
        """Return what is known of a key."""
        return self._executor.lookup(key)

    def provenance(self, handle: str) -> Mapping[str, object]:
        """Return how a result came about."""
        return self._executor.provenance(handle)

    def close(self) -> None:
        """Release everything."""
        self._executor.close()


def guarded(executor: Executor, envelope: Envelope) -> Executor:
    """Return an executor that refuses what lies outside the envelope."""
    return Guarded(executor, envelope)
