"""``labagent init``: a commented campaign file to start from."""

from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from labagent.app.options import JsonOption
from labagent.app.printing import say, say_json
from labagent.errors import ConfigurationError, Mistake


class Example(StrEnum):
    """What a campaign may look like."""

    MANUAL = "manual"
    CALCINATION = "calcination"
    ALLOY = "alloy"
    PYTHON = "python"
    REPLAY = "replay"


FILES: dict[Example, tuple[str, ...]] = {
    Example.MANUAL: ("past_films.csv",),
    Example.CALCINATION: (),
    Example.ALLOY: (),
    Example.PYTHON: ("my_experiment.py",),
    Example.REPLAY: ("measured_table.csv",),
}
"""What belongs to an example beside its campaign file."""

ABOUT: dict[Example, str] = {
    Example.MANUAL: "you do the experiments; a CSV of past ones is learned from first",
    Example.CALCINATION: "a powder route with causes and states, simulated",
    Example.ALLOY: "alloys of seven metals, simulated (needs the extra labagent[sim])",
    Example.PYTHON: "a function of your own in my_experiment.py runs the experiments",
    Example.REPLAY: "a measured table answers, to see how many experiments are needed",
}


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="[FOLDER]", help="Where to write; made if needed.")
    ] = Path(),
    example: Annotated[
        Example, typer.Option(help="Which kind of campaign to start from.")
    ] = Example.MANUAL,
    as_json: JsonOption = False,
) -> None:
    """Write a commented campaign file to start from, and say what to do next.

    Examples: manual (you experiment), calcination and alloy (a simulator does), python
    (your own function does), replay (a measured table answers). Nothing is overwritten.
    """
    names = write_example(folder, example)
    file = folder / names[0]
    if as_json:
        say_json({"example": example.value, "files": [str(folder / n) for n in names]})
        return
    say(
        [
            f"Wrote {', '.join(str(folder / n) for n in names)}: {ABOUT[example]}.",
            "",
            "What to do next:",
            f"  1. edit {file}; every line is explained there",
            f"  2. labagent check {file}",
            f"  3. labagent run {file}",
            f"  4. labagent next {file}      what you have to do now",
            f"  5. labagent status {file}    where it stands",
        ]
    )


def write_example(folder: Path, example: Example) -> tuple[str, ...]:
    """Write an example's files into a folder and return their names, campaign first.

    Raises:
        ConfigurationError: One of them is there already, or nothing can be written.
    """
    names = (f"{example.value}.yaml", *FILES[example])
    taken = [folder / name for name in names if (folder / name).exists()]
    if taken:
        raise ConfigurationError([_taken(path) for path in taken])
    _write(folder, names)
    return names


def example_text(name: str) -> str:
    """Return a file of the examples as it ships."""
    return files("labagent.app").joinpath("examples", name).read_text(encoding="utf-8")


def _taken(path: Path) -> Mistake:
    hint = "name another folder: labagent init FOLDER"
    return Mistake(str(path), "is already there", "must be a new file", hint)


def _write(folder: Path, names: tuple[str, ...]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            (folder / name).write_text(example_text(name), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            [Mistake(str(folder), f"cannot be written: {error}", "must be writable")]
        ) from error
