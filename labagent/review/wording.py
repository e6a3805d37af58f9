"""Words that runs and screens share."""


def plural(count: int, noun: str) -> str:
    """Return ``1 experiment`` or ``3 experiments``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
