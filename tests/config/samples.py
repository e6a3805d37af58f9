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
