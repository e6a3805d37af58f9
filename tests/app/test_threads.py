"""How many cores a command calculates on."""

import os
import subprocess
import sys

import pytest

TOLD = """
import sys, labagent.app.main as m
m.app = lambda: print(__import__("torch").get_num_threads())
m.main()
"""


@pytest.mark.parametrize(("asked", "threads"), [(None, 1), ("2", 2)])
def test_one_unless_the_user_says_otherwise(asked: str | None, threads: int) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    if asked is not None:
        environment["OMP_NUM_THREADS"] = asked
    done = subprocess.run(
        [sys.executable, "-c", TOLD],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) == threads
