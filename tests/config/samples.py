"""A small sound campaign file, and what is said of broken ones."""

from pathlib import Path

from labagent.campaigns import Campaign
from labagent.config import load
from labagent.errors import ConfigurationError, Mistake

ONE_SHOT = """\
labagent: 1
name: films
goal: Bright films.
objectives:
  plqy: {unit: percent, goal: maximize}
controls:
  temperature: {range: [40, 140], unit: degC}
  time: {range: [1, 20], unit: min, scale: log}
  base: {choices: [K2CO3, Cs2CO3]}
  alloy: {elements: [Al, Cu, Ni]}
constraints: [temperature <= 130 degC]
budget: {experiments: 40}
executors: {bench: manual}
"""

STAGED = """\
labagent: 1
name: films
goal: Bright films.
objectives:
  plqy: {unit: percent, goal: maximize}
measured:
  grain: {unit: nm}
stages:
  spin:
    controls: {time: {range: [10, 60], unit: s}}
    cost: 2 EUR
  anneal:
    controls: {time: {range: [1, 30], unit: min}}
    measures: [grain, plqy]
    duration: 30 min
constraints: [spin.time <= anneal.time]
budget: {experiments: 40}
executors: {bench: manual}
"""

RICH = """\
labagent: 1
name: films
goal: Bright films.
find: best
objectives:
  plqy: {unit: percent, goal: maximize, expect: [0, 60], good_enough: 35, weight: 2}
  cost_index: {goal: minimize, weight: 1}
  t85: {unit: hour, goal: at_least, value: 100}
  width: {unit: nm, goal: within, range: [450, 460 nm]}
measured:
  grain: {unit: nm, expect: [10, 500]}
stages:
  mix:
    controls:
      alloy:
        elements: {Al: [0, 0.5], Cu: [0.1, 1], Ni: [0, 1]}
        step: 1/10
        at_most: 2
        at_least: 1
      salts: {species: [A, B], step: 0.25}
      solvent: {choices: [DMF, DMSO, GBL]}
    executor: bench
    cost: 2 EUR
  anneal:
    controls:
      temperature: {range: [80, 180], unit: degC, step: 5}
      time: {range: [1, 30 min], unit: min, scale: log}
      cycles: {kind: integer, range: [1, 9]}
    measures: [plqy, grain, cost_index, t85, width]
    executor: oven
    cost: {per_experiment: 3 EUR}
    duration: 30 min
constraints:
  - anneal.temperature <= 150 degC when mix.solvent == DMF
  - mix.alloy.Al + mix.alloy.Ni <= 0.9
safety:
  - anneal.temperature <= 120 when mix.solvent == DMSO and anneal.time >= 10
  - anneal.time / anneal.cycles <= 20 min
context:
  humidity: {unit: percent, range: [10, 60]}
  operator: {kind: label}
causes:
  - anneal.temperature, humidity -> grain
  - grain -> plqy ? 0.8
  - plqy <-> t85
forbid_causes: [operator -> plqy]
budget: {experiments: 60, cost: 600 EUR, hours: 5 days}
executors:
  bench: manual
  oven: {adapter: python, timeout: 1 h, file: oven.py, function: measure}
candidates:
  - {mix.alloy: CuNi, mix.salts: {A: 1}, mix.solvent: GBL, anneal.temperature: 100,
     anneal.time: 5, anneal.cycles: 2}
  - {mix.alloy: AlCu, mix.salts: {A: 0.5, B: 0.5}, mix.solvent: DMF,
     anneal.temperature: 90, anneal.time: 5, anneal.cycles: 2}
leash: approve_batch
batch: 2
initial: 2
stop: [plqy >= 35 and t85 >= 100, no improvement in 8 batches]
seed: 7
"""


def changed(text: str, *changes: tuple[str, str]) -> str:
    """Return a text with replacements, each of which must find its place once."""
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def write(folder: Path, text: str) -> Path:
    path = folder / "films.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def loaded(folder: Path, text: str) -> Campaign:
    return load(write(folder, text))


def mistakes(folder: Path, text: str) -> tuple[Mistake, ...]:
    """Return what is wrong with a file, places relative to its folder."""
    try:
        loaded(folder, text)
    except ConfigurationError as error:
        prefix = f"{folder}/"
        return tuple(
            Mistake(m.place.removeprefix(prefix), m.problem, m.rule, m.suggestion)
            for m in error.mistakes
        )
    return ()
