from pathlib import Path

import pytest

from adapters.options import Options, missing_package, refuse
from labagent.errors import ConfigurationError
from tests.adapters.setups import setup


def read(folder: Path, **given: object) -> Options:
    options = Options(setup(folder, "replay", given))
    options.whole("cells", 2, 1, 4)
    options.number("tolerance", 0.1, 0.0, 1.0)
    options.flag("fast", default=False)
    options.text("sheet", "")
    options.seconds("delay", 0.0)
    options.mapping("columns")
    return options


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"cells": 9}, r"option cells: got 9, must lie in \[1, 4\]"),
        ({"cells": "two"}, "option cells: got 'two', must be a whole number"),
        ({"cells": True}, "option cells: got True, must be a whole number"),
        ({"tolerance": 2}, r"option tolerance: got 2, must lie in \[0, 1\]"),
        ({"tolerance": "1"}, "option tolerance: got '1', must be a number"),
        ({"fast": "yes"}, "option fast: got 'yes', must be true or false"),
        ({"sheet": 3}, "option sheet: got 3, must be a text"),
        ({"delay": 2}, "option delay: got 2, must be a duration such as '2 s'"),
        ({"delay": "2"}, "option delay: got '2', must be a duration"),
        ({"delay": "2 kg"}, "option delay: got '2 kg', must be a duration"),
        ({"delay": "-2 s"}, "option delay: got '-2 s', must not be negative"),
        ({"columns": ["a"]}, r"option columns: got \['a'\], must map names to values"),
        ({"cell": 2}, "option cell: is unknown, .*did you mean 'cells'"),
    ],
    ids=lambda given: str(given) if isinstance(given, dict) else "",
)
def test_a_wrong_option_is_named(
    given: dict[str, object], message: str, tmp_path: Path
) -> None:
    options = read(tmp_path, **given)
    (problem,) = options.finish()
    assert problem.startswith("executor bench: option ")
    with pytest.raises(ConfigurationError, match=message):
        refuse(setup(tmp_path, "replay"), [problem])


def test_good_options_are_read(tmp_path: Path) -> None:
    given = {"delay": "5 min", "tolerance": 1, "cells": 3, "columns": {1: "a"}}
    options = Options(setup(tmp_path, "replay", given))
    assert options.seconds("delay", 0.0) == 300.0
    assert options.number("tolerance", 0.0, 0.0, 1.0) == 1.0
    assert options.whole("cells", 1, 1, 4) == 3
    assert options.mapping("columns") == {"1": "a"}
    assert options.finish() == []


def test_all_mistakes_are_found_at_once(tmp_path: Path) -> None:
    assert len(read(tmp_path, cells=9, delay="x", colour="red").finish()) == 3


@pytest.mark.parametrize("name", [None, "no-such.csv"], ids=["not given", "missing"])
def test_a_file_must_be_there(name: str | None, tmp_path: Path) -> None:
    options = Options(setup(tmp_path, "replay", {"file": name} if name else {}))
    options.file("file")
    (problem,) = options.finish()
    assert "option file: got" in problem


def test_a_missing_package_names_the_extra() -> None:
    assert missing_package("ase", "sim") == []
    (problem,) = missing_package("no_such_package", "sim")
    assert 'pip install "labagent[sim]"' in problem
