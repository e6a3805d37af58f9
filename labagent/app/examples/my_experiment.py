"""The experiment of python.yaml: replace the body of ``measure`` by your own."""

import math

ACTIVITY = {"K2CO3": 0.7, "Cs2CO3": 1.0, "K3PO4": 0.85}


def measure(parameters: dict[str, float | str]) -> dict[str, float]:
    """Return the yield, in percent, of a pretended reaction.

    ``parameters`` holds every control of python.yaml, in the units declared there.
    """
    temperature = float(parameters["temperature"])  # degC
    residence = float(parameters["residence"])  # min
    heat = math.exp(-(((temperature - 105) / 28) ** 2))
    time = math.exp(-((math.log(residence / 8) / 0.9) ** 2))
    return {"yield": 97 * heat * time * ACTIVITY[str(parameters["base"])]}
