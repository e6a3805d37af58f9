import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adapters.files import (
    create,
    handle_of,
    is_handle,
    is_locked,
    read_json,
    to_json,
    try_lock,
    write_atomically,
)


def test_of_many_creators_one_wins_and_its_content_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "marker"
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda i: create(path, str(i) * 999), range(16)))
    assert made.count(True) == 1
    assert path.read_text() == str(made.index(True)) * 999
    assert list(path.parent.iterdir()) == [path]


def test_write_replaces_and_leaves_no_crumbs(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    write_atomically(path, to_json({"a": 1}))
    write_atomically(path, to_json({"a": 2}))
    assert read_json(path) == {"a": 2}
    assert list(tmp_path.iterdir()) == [path]


def test_json_refuses_what_is_no_number() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"a": float("nan")})


def test_a_lock_lives_as_long_as_the_process_that_inherited_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = try_lock(path)
    assert lock is not None
    child = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=(lock,)
    )
    os.close(lock)
    assert is_locked(path)
    assert try_lock(path) is None
    child.kill()
    child.communicate()
    assert not is_locked(path)


def test_asking_for_a_lock_takes_none(tmp_path: Path) -> None:
    assert not is_locked(tmp_path / "lock")
    assert not (tmp_path / "lock").exists()


def test_handles_are_told_from_paths() -> None:
    assert is_handle(handle_of("campaign/7"))
    assert not is_handle("../../../etc/passwd")
    assert handle_of("a") != handle_of("b")
