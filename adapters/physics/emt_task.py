"""What a worker runs for ``ase-emt``."""

from collections.abc import Mapping
from typing import Any

from adapters.jobfolder import Recorder
from adapters.physics.emt import simulate, versions
from labagent.experiments import Kind, Measurement


def work(payload: Mapping[str, Any], recorder: Recorder) -> Mapping[str, object]:
    """Simulate an alloy and record results and realised fractions.

    Args:
        payload: ``control``, ``fractions``, ``cells``, ``arrangements``, ``seed`` and
            ``results``: name, declared unit, and factor from our unit to that.
        recorder: Where the observations go.
    """
    asked: dict[str, float] = payload["fractions"]
    alloy = simulate(
        asked,
        cells=payload["cells"],
        seed=payload["seed"],
        arrangements=payload["arrangements"],
    )
    for element, fraction in asked.items():
        quantity = f"{payload['control']}.{element}"
        realised = alloy.realised.get(element, 0.0)
        readback = Measurement(quantity, realised, kind=Kind.READBACK)
        recorder.observe(readback, setpoint=fraction)
    for result in payload["results"]:
        name, unit, factor = result["name"], result["unit"], result["factor"]
        sigma = alloy.sigmas.get(name)
        recorder.observe(
            Measurement(
                quantity=name,
                value=alloy.values[name] * factor,
                unit=unit,
                sigma=None if sigma is None else sigma * factor,
            )
        )
    return {
        "libraries": versions(),
        "supercell": f"{payload['cells']}x{payload['cells']}x{payload['cells']}",
        "seed": payload["seed"],
        "realised": dict(alloy.realised),
        "decorations": list(alloy.decorations),
    }
