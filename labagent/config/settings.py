"""``leash:``, ``batch:``, ``initial:``, ``seed:``, ``device:`` and their defaults."""

from collections.abc import Mapping
from dataclasses import dataclass

from labagent.campaigns import Leash
from labagent.config.fields import Fields
from labagent.config.nodes import Plain
from labagent.variables import Composition, DesignSpace

_DEVICES = ("auto", "cpu", "cuda")
_BATCHES: Mapping[Leash, int] = {
    Leash.APPROVE_EACH: 1,
    Leash.APPROVE_BATCH: 4,
    Leash.AUTONOMOUS: 4,
}
_LEAST_INITIAL = 4


@dataclass(frozen=True)
class Settings:
    """How the campaign is run."""

    leash: Leash
    batch: int
    initial: int
    seed: int
    device: str

    @property
    def plain(self) -> dict[str, Plain]:
        """The settings as the campaign file writes them."""
        return {
            "leash": self.leash.value,
            "batch": self.batch,
            "initial": self.initial,
            "seed": self.seed,
            "device": self.device,
        }


def read_settings(
    root: Fields, space: DesignSpace, affordable: int | None, history: bool
) -> Settings:
    """Return the settings, defaults filled in.

    Args:
        root: The whole file.
        space: What may be set; ``initial`` grows with its dimensions.
        affordable: How many experiments the budget pays for; None where unknown.
        history: Whether there are past experiments to learn from.
    """
    leash = Leash(
        root.option("leash", tuple(word.value for word in Leash))
        or Leash.APPROVE_BATCH.value
    )
    available = None if space.candidates is None else len(space.candidates)
    ends = [end for end in (affordable, available) if end]
    most = min(ends) if ends else None
    batch = _count(root, "batch", 1, most)
    initial = _count(root, "initial", 0 if history else 1, most)
    if batch is None:
        batch = min([_BATCHES[leash], *ends])
    if initial is None:
        initial = max(_LEAST_INITIAL, 2 * dimensions(space))
        # a third of the budget for looking around, the rest for the model
        third = [] if affordable is None else [max(1, affordable // 3)]
        initial = min([initial, *third, *ends])
    seed = root.whole("seed", 0)
    device = root.option("device", _DEVICES)
    return Settings(leash, batch, initial, seed or 0, device or "auto")


def _count(root: Fields, key: str, low: int, most: int | None) -> int | None:
    count = root.whole(key, low)
    if count is not None and most is not None and count > most:
        root.wrong(key, f"must not exceed the {most} experiments there can be")
    return count


def dimensions(space: DesignSpace) -> int:
    """Return in how many directions a point of the space can move."""
    return sum(
        len(c.domain.species) - 1 if isinstance(c.domain, Composition) else 1
        for c in space.controls
    )
