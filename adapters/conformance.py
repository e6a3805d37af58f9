"""The kit that examines an executor: does it keep the promises of the door?

Each check takes an example in a folder of its own and returns the promises it found
broken; an empty list means none. From the command line::

    python -m adapters replay
"""

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from adapters import build
from adapters.examples import Example, request_of
from adapters.provenance import capabilities_document, capabilities_hash
from adapters.rivals import Rivals
from labagent.errors import ExecutorError
from labagent.experiments import Kind
from labagent.ports import (
    Abort,
    Executor,
    Observation,
    Report,
    Request,
    RunStatus,
    Setup,
    Sighting,
)

PATIENCE = 60.0
"""Seconds to wait for a step."""

MOMENTS = (0.0, 0.001, 0.003, 0.01, 0.03)
"""Seconds into ``submit`` at which the submitting process is killed."""


def wait(executor: Executor, handle: str, *, started: bool = False) -> Report:
    """Poll until a step is over (or runs), or patience is."""
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        report = executor.poll(handle)
        if report.status.final or (started and report.status is RunStatus.RUNNING):
            return report
        time.sleep(0.02)
    return Report(RunStatus.UNKNOWN, "patience is over")


def finish(executor: Executor, example: Example, request: Request) -> str:
    """Submit a step, do a person's part, wait for its end; return the handle."""
    handle = executor.submit(request)
    example.complete(request)
    wait(executor, handle)
    return handle


def _values(seen: Sequence[Observation]) -> list[tuple[str, float | None]]:
    return [(o.measurement.quantity, o.measurement.value) for o in seen]


def description_is_static(example: Example) -> list[str]:
    """Capabilities are equal whenever asked, hashable, and plain JSON."""
    one, two = build(example.setup).describe(), build(example.setup).describe()
    found: list[str] = []
    if (one, hash(one), capabilities_hash(one)) != (
        two,
        hash(two),
        capabilities_hash(two),
    ):
        found.append("describe differs from one time to the next")
    document = capabilities_document(one)
    if json.loads(json.dumps(document)) != document:
        found.append("capabilities do not survive JSON")
    if one.adapter != example.setup.adapter:
        found.append(f"describe says the adapter is {one.adapter}")
    return found


def step_brings_results(example: Example) -> list[str]:
    """A good step succeeds, with observations in order and in declared units."""
    executor = build(example.setup)
    request = request_of(example, "step")
    handle = finish(executor, example, request)
    report = executor.poll(handle)
    if report.status is not RunStatus.SUCCEEDED:
        return [f"a good step ended as {report.status}: {report.message}"]
    seen = executor.observations(handle)
    found = _observation_problems(example.setup, seen)
    if _values(executor.observations(handle, 1)) != _values(seen)[1:]:
        found.append("observations ignore after_seq")
    provenance = executor.provenance(handle)
    json.dumps(dict(provenance), allow_nan=False)
    needed = ("executor", "adapter", "version", "capabilities", "simulated")
    return found + [f"provenance lacks {n}" for n in needed if n not in provenance]


def _observation_problems(setup: Setup, seen: Sequence[Observation]) -> list[str]:
    units = {v.name: v.unit for v in (*setup.results, *setup.parameters)}
    found: list[str] = []
    if [o.seq for o in seen] != list(range(1, len(seen) + 1)):
        found.append(f"sequence numbers are {[o.seq for o in seen]}")
    if any(b.monotonic < a.monotonic for a, b in pairwise(seen)):
        found.append("the monotonic clock goes back")
    if not {r.name for r in setup.results} <= {o.measurement.quantity for o in seen}:
        found.append("a declared result is missing")
    return found + [p for o in seen for p in _one_problem(o, units)]


def _one_problem(observation: Observation, units: Mapping[str, str]) -> list[str]:
    m = observation.measurement
    name = m.quantity
    if m.kind is Kind.READBACK and name not in units:
        name = name.rpartition(".")[0]  # a species of a composition
    found: list[str] = []
    if observation.at.utcoffset() != timedelta(0):
        found.append(f"{m.quantity}: the time is not UTC")
    if m.unit != units.get(name):
        found.append(f"{m.quantity}: {m.unit!r} is not the declared unit")
    if m.value is not None and not math.isfinite(m.value):
        found.append(f"{m.quantity}: {m.value} is not finite")
    return found


def same_key_has_one_effect(example: Example) -> list[str]:
    """The same key again, from this executor or another one, starts nothing."""
    executor = build(example.setup)
    request = request_of(example, "twice")
    handles = {executor.submit(request), build(example.setup).submit(request)}
    handles.add(finish(executor, example, request))
    handles.add(build(example.setup).submit(request))
    found = [] if len(handles) == 1 else [f"one key has the handles {handles}"]
    return found + _effect_problems(example, 1)


def _effect_problems(example: Example, expected: int) -> list[str]:
    effects = example.effects()
    return [] if effects == expected else [f"{effects} effects, not {expected}"]


def processes_at_once_have_one_effect(example: Example) -> list[str]:
    """The same key from three processes at the same time has one effect."""
    build(example.setup)
    found: list[str] = []
    with Rivals(example.setup) as rivals:
        for _ in range(3):
            rivals.start("race")
        rivals.go()
        if not all(rivals.submitted() for _ in range(3)):
            found.append("a rival failed to submit")
    executor = build(example.setup)
    request = request_of(example, "race")
    report = executor.poll(finish(executor, example, request))
    if report.status is not RunStatus.SUCCEEDED:
        found.append(str(report))
    return found + _effect_problems(example, 1)


def killed_after_submit_is_found(example: Example) -> list[str]:
    """What a process submitted before it was killed is found by key, and goes on."""
    build(example.setup)
    with Rivals(example.setup) as rivals:
        rivals.go()
        rivals.start("killed")
        rivals.submitted()  # and now its reply is lost
    executor = build(example.setup)
    sighting, handle = executor.lookup("killed")
    if sighting is not Sighting.SEEN:
        return [f"lookup says {sighting} of a step that was submitted"]
    example.complete(request_of(example, "killed"))
    report = wait(executor, handle)
    found = [] if report.status is RunStatus.SUCCEEDED else [str(report)]
    return found + _effect_problems(example, 1)


def killed_while_submitting_is_clear(example: Example) -> list[str]:
    """Whenever the submitter is killed, lookup, submit and poll lead to one effect."""
    build(example.setup)
    found: list[str] = []
    with Rivals(example.setup) as rivals:
        rivals.go()
        for number, moment in enumerate(MOMENTS, start=1):
            pid = rivals.start(f"moment {number}")
            time.sleep(moment)
            rivals.kill(pid)
            problem = _problem_after_kill(example, f"moment {number}")
            if problem:
                found.append(f"killed after {moment} s: {problem}")
            found += _effect_problems(example, number)
    return found


def _problem_after_kill(example: Example, key: str) -> str:
    executor = build(example.setup)
    sighting, _ = executor.lookup(key)
    if sighting is Sighting.CANNOT_TELL:
        return "lookup cannot tell"
    handle = finish(executor, example, request_of(example, key))
    report = executor.poll(handle)
    return "" if report.status is RunStatus.SUCCEEDED else str(report)


def abort_keeps_what_was_seen(example: Example) -> list[str]:
    """An aborted step ends as aborted, keeps partial results, and stays aborted."""
    executor = build(example.slow)
    capabilities = executor.describe()
    if not capabilities.abort:
        return []
    found: list[str] = []
    for how in Abort:
        handle = executor.submit(request_of(example, f"abort {how}"))
        wait(executor, handle, started=True)
        if capabilities.partial:
            _await_observation(executor, handle)
        before = _values(executor.observations(handle))
        executor.abort(handle, how)
        executor.abort(handle, how)
        report = wait(executor, handle)
        if report.status is not RunStatus.ABORTED:
            found.append(f"{how} abort ended as {report.status}: {report.message}")
        if _values(executor.observations(handle))[: len(before)] != before:
            found.append(f"{how} abort lost what was seen before")
        if capabilities.partial and not before:
            found.append("partial results did not arrive before the end")
    return found


def _await_observation(executor: Executor, handle: str) -> None:
    give_up = time.monotonic() + PATIENCE
    while not executor.observations(handle) and time.monotonic() < give_up:
        time.sleep(0.02)


def _refused(example: Example) -> Mapping[str, Request]:
    """Return requests that must be refused, by what is wrong with them."""
    good = request_of(example, "refused")
    name = next(iter(good.parameters))
    return {
        "outside the limits": request_of(example, "refused", example.forbidden),
        "a missing parameter": replace(good, parameters={}),
        "a wrong unit": replace(good, units={**good.units, name: "furlong"}),
        "an unknown parameter": replace(good, parameters={**good.parameters, "x": 1.0}),
        "not a number": replace(good, parameters={**good.parameters, name: math.nan}),
    }


def refusal_has_no_effect(example: Example) -> list[str]:
    """Wrong requests are refused with a reason, and nothing happens."""
    executor = build(example.setup)
    found: list[str] = []
    for what, request in _refused(example).items():
        if not executor.validate(request):
            found.append(f"{what}: validate finds nothing")
        try:
            executor.submit(request)
            found.append(f"{what}: was accepted")
        except ExecutorError as error:
            if not str(error):
                found.append(f"{what}: refused without a reason")
    if executor.lookup("refused")[0] is Sighting.SEEN:
        found.append("a refused key is seen")
    return found + _effect_problems(example, 0)


def garbage_is_a_clear_error(example: Example) -> list[str]:
    """Results that make no sense are not recorded, and the message says why."""
    if example.garbage is None:
        return []
    executor = build(example.garbage)
    handle = finish(executor, example, request_of(example, "garbage"))
    report = executor.poll(handle)
    found = [] if report.message else ["there is no message"]
    if report.status is RunStatus.SUCCEEDED or executor.observations(handle):
        found.append("nonsense counts as a result")
    return found


def health_tells_the_truth(example: Example) -> list[str]:
    """Ready at first; once spoilt, not ready, with a reason."""
    executor = build(example.setup)
    before = executor.health()
    example.spoil()
    after = executor.health()
    found = [] if before.ready else [f"not ready at first: {before.reasons}"]
    return found if not after.ready and after.reasons else [*found, "still ready"]


def unknown_handles_are_harmless(example: Example) -> list[str]:
    """What was never submitted is unknown; what is no handle is refused."""
    executor = build(example.setup)
    nobody = "0" * 32
    found: list[str] = []
    if executor.poll(nobody).status is not RunStatus.UNKNOWN:
        found.append("poll knows a handle that nobody got")
    if executor.observations(nobody):
        found.append("there are observations of nothing")
    executor.abort(nobody, Abort.EMERGENCY)
    if executor.poll(nobody).status is not RunStatus.UNKNOWN:
        found.append("abort made a step")
    try:
        executor.poll("../../outside")
        found.append("a path passes for a handle")
    except ExecutorError:
        pass
    return found


def lookup_knows_the_living(example: Example) -> list[str]:
    """A key is not seen, then seen; and the executor may be closed twice."""
    build(example.setup)
    executor = build(example.setup)
    found: list[str] = []
    if executor.lookup("key") != (Sighting.NOT_SEEN, ""):
        found.append("lookup sees a key before it was submitted")
    handle = executor.submit(request_of(example, "key"))
    if executor.lookup("key") != (Sighting.SEEN, handle):
        found.append("lookup does not see a key that was submitted")
    executor.close()
    executor.close()
    example.complete(request_of(example, "key"))
    report = wait(build(example.setup), handle)
    return found if report.status is RunStatus.SUCCEEDED else [*found, str(report)]


def requests_stay_as_they_are(example: Example) -> list[str]:
    """No method changes the request it is given."""
    executor = build(example.setup)
    request = request_of(example, "untouched")
    before = deepcopy(request)
    executor.validate(request)
    finish(executor, example, request)
    return [] if request == before else ["the request was changed"]


def results_belong_to_their_request(example: Example) -> list[str]:
    """Steps that run together do not mix; idempotent ones give equal results again."""
    executor = build(example.setup)
    asked = {"a": example.good, "b": example.other, "c": example.good}
    requests = {k: request_of(example, k, p) for k, p in asked.items()}
    handles = {k: executor.submit(r) for k, r in requests.items()}
    for request in requests.values():
        example.complete(request)
    for handle in handles.values():
        wait(executor, handle)
    seen = {k: _values(executor.observations(h)) for k, h in handles.items()}
    found: list[str] = []
    if seen["a"] == seen["b"]:
        found.append("different steps have equal results")
    if executor.describe().idempotent and seen["a"] != seen["c"]:
        found.append("equal steps have different results")
    return found


CHECKS: tuple[Callable[[Example], list[str]], ...] = (
    description_is_static,
    step_brings_results,
    same_key_has_one_effect,
    processes_at_once_have_one_effect,
    killed_after_submit_is_found,
    killed_while_submitting_is_clear,
    abort_keeps_what_was_seen,
    refusal_has_no_effect,
    garbage_is_a_clear_error,
    health_tells_the_truth,
    unknown_handles_are_harmless,
    lookup_knows_the_living,
    requests_stay_as_they_are,
    results_belong_to_their_request,
)
"""Everything an executor is examined for."""
