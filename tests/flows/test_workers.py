import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from db import SqlLogbook
from flows.workers import parse, recover, started, this_worker
from tests.flows.bench import Bench, make_place


def test_this_process_is_alive_and_reads_back() -> None:
    worker = this_worker()
    assert not worker.dead
    assert parse(str(worker)) == worker


def test_a_process_that_ended_is_dead_even_before_it_is_reaped() -> None:
    command = [sys.executable, "-c", "input()"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    start = started(process.pid) or ""
    worker = replace(this_worker(), pid=process.pid, start=start)
    assert not worker.dead
    process.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it is a zombie now
    assert worker.dead
    process.communicate()
    assert worker.dead


def test_a_process_id_given_out_again_is_another_worker() -> None:
    assert replace(this_worker(), start="1").dead


def test_nothing_is_said_of_other_hosts() -> None:
    assert not replace(this_worker(), host="elsewhere", start="1").dead


@pytest.mark.parametrize("name", ["", "host", "host:12", "host:abc:1", "host:12:"])
def test_foreign_names_are_nobody(name: str) -> None:
    assert parse(name) is None


def test_recover_frees_the_steps_of_dead_workers_only(book: SqlLogbook) -> None:
    place = make_place(book, Bench())
    first, second, third = place.propose(1.0, 2.0, 3.0)
    dead = str(replace(this_worker(), start="1"))
    book.claim(place.campaign_id, dead, 60.0, first)
    book.claim(place.campaign_id, str(this_worker()), 60.0, second)
    book.claim(place.campaign_id, "elsewhere:1:1", 60.0, third)
    assert recover(book, place.campaign_id) == 1
    assert book.runnable(place.campaign_id) == (first,)
