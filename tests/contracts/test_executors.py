"""The promises of the executors' door, kept by every adapter of the table."""

from collections.abc import Callable
from pathlib import Path

import pytest

import adapters
from adapters import EXECUTORS
from adapters.conformance import CHECKS
from adapters.examples import EXAMPLES, Example


def test_every_adapter_has_an_example() -> None:
    assert set(EXAMPLES) == set(EXECUTORS)


def test_every_driver_file_is_in_the_table() -> None:
    root = Path(adapters.__file__).parent
    files = {
        f"adapters.{folder}.{path.stem}"
        for folder in ("simulators", "instruments")
        for path in (root / folder).glob("[!_]*.py")
    }
    assert {entry.partition(":")[0] for entry in EXECUTORS.values()} == files


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("adapter", EXECUTORS)
def test_promise(
    adapter: str, check: Callable[[Example], list[str]], tmp_path: Path
) -> None:
    assert check(EXAMPLES[adapter](tmp_path)) == []
