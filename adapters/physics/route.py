"""The calcination route's controls, states and outcomes, as plain tables.

Needs nothing but Python, so that checking a campaign file stays quick.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

STAGES = ("dry", "calcine", "anneal")
"""What a sample goes through, in this order; tests come last."""


@dataclass(frozen=True)
class Control:
    """What one control may be.

    Attributes:
        low: Least the equipment can do, in ``unit``.
        high: Most the equipment can do, in ``unit``.
        unit: Native unit.
        log: Whether equal ratios count as equal steps.
    """

    low: float
    high: float
    unit: str
    log: bool = False

    def at(self, share: float) -> float:
        """Return the value at a share of the range, from 0 to 1."""
        if self.log:
            return self.low * (self.high / self.low) ** share
        return self.low + (self.high - self.low) * share


CONTROLS = {
    "dry_temperature": Control(50.0, 150.0, "degC"),
    "dry_time": Control(0.5, 48.0, "hour", log=True),
    "calcine_temperature": Control(350.0, 900.0, "degC"),
    "calcine_time": Control(0.1, 12.0, "hour", log=True),
    "calcine_ramp": Control(0.5, 30.0, "K/min", log=True),
    "anneal_temperature": Control(400.0, 1050.0, "degC"),
    "anneal_time": Control(0.1, 12.0, "hour", log=True),
    "anneal_ramp": Control(0.5, 30.0, "K/min", log=True),
}
"""Name to limits. A campaign's stages make it ``calcine.temperature``."""


@dataclass(frozen=True)
class Quantity:
    """What can be measured.

    Attributes:
        unit: Native unit.
        after: The stage after which it can be, and on which it depends.
    """

    unit: str
    after: str


QUANTITIES = {
    "moisture": Quantity("percent", "dry"),
    "rutile_calcined": Quantity("", "calcine"),
    "grain_calcined": Quantity("nm", "calcine"),
    "green_density": Quantity("", "calcine"),
    "rutile_fraction": Quantity("", "anneal"),
    "grain_size": Quantity("nm", "anneal"),
    "density": Quantity("", "anneal"),
    "activity": Quantity("1/hour", "anneal"),
    "strength": Quantity("MPa", "anneal"),
}
"""States, then outcomes: weight fractions, and density relative to that of crystals."""

CONTEXT = {
    "lot": Quantity("", "dry"),
    "humidity": Quantity("percent", "dry"),
    "furnace_offset": Quantity("K", "calcine"),
}
"""What can be recorded but not set; the lot is a label."""


@dataclass(frozen=True)
class Recipe:
    """What is set on the route, in the units of ``CONTROLS``.

    Attributes:
        dry_temperature: In degC.
        dry_time: In hours.
        calcine_temperature: In degC.
        calcine_time: Of the hold, in hours.
        calcine_ramp: In K/min.
        anneal_temperature: In degC.
        anneal_time: Of the hold, in hours.
        anneal_ramp: In K/min.
    """

    dry_temperature: float = 90.0
    dry_time: float = 12.0
    calcine_temperature: float = 500.0
    calcine_time: float = 2.0
    calcine_ramp: float = 5.0
    anneal_temperature: float = 700.0
    anneal_time: float = 2.0
    anneal_ramp: float = 5.0

    @classmethod
    def of(cls, values: Mapping[str, float]) -> "Recipe":
        """Return a recipe from control names with dots or underscores.

        Raises:
            ValueError: A control is unknown.
        """
        found = {field_of(name): float(value) for name, value in values.items()}
        known = [f.name for f in fields(cls)]
        for name in found:
            if name not in known:
                raise ValueError(
                    f"control {name}: is unknown, must be one of {', '.join(known)}"
                )
        return cls(**found)

    @classmethod
    def at(cls, shares: Mapping[str, float]) -> "Recipe":
        """Return a recipe from shares of the controls' ranges, each from 0 to 1."""
        return cls.of({n: CONTROLS[field_of(n)].at(x) for n, x in shares.items()})

    def values(self) -> dict[str, float]:
        """Return control name to value."""
        return asdict(self)


def field_of(control: str) -> str:
    """Return a control's name in the tables: ``dry.time`` is ``dry_time``."""
    return control.replace(".", "_")
