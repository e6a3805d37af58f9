"""Broken campaign files: every mistake has its place, value, rule and suggestion."""

from pathlib import Path

import pytest

from tests.config.samples import ONE_SHOT, STAGED, changed, mistakes

PLQY = "  plqy: {unit: percent, goal: maximize}\n"
GOAL = "goal: maximize"
TEMPERATURE = "range: [40, 140]"
TIME = "range: [1, 20]"
CHOICES = "choices: [K2CO3, Cs2CO3]"
ELEMENTS = "elements: [Al, Cu, Ni]"
BUDGET = "budget: {experiments: 40}"
BENCH = "executors: {bench: manual}"
END = "executors: {bench: manual}\n"

# id: (what is replaced, by what, line:column, parts of the message)
HEAD = {
    "no format": ("labagent: 1\n", "", "1:1", "labagent is missing", "labagent: 1"),
    "newer format": ("labagent: 1", "labagent: 2", "1:11", "got labagent = 2", "newer"),
    "name with capitals": ("name: films", "name: My Films", "2:7", "write my-films"),
    "name missing": ("name: films\n", "", "1:1", "name is missing"),
    "name no text": ("name: films", "name: 12", "2:7", "got name = 12", "in quotes"),
    "goal missing": ("goal: Bright films.\n", "", "1:1", "goal is missing"),
    "key mistyped": (
        "budget:",
        "budgte:",
        "12:1",
        "'budgte'",
        "did you mean 'budget'?",
    ),
    "another program's word": (
        "controls:",
        "parameters:",
        "6:1",
        "got the key 'parameters'",
        "did you mean 'controls'?",
    ),
}
OBJECTIVES = {
    "goal mistyped": (GOAL, "goal: maximise", "5:31", "did you mean 'maximize'?"),
    "goal missing": (", goal: maximize", "", "5:9", "goal is missing"),
    "target without value": (GOAL, "goal: target", "5:9", "value is missing"),
    "limit without value": (GOAL, "goal: at_most", "5:9", "value is missing"),
    "within without range": (GOAL, "goal: within", "5:9", "write [low, high]"),
    "range of an objective": (GOAL, f"{GOAL}, range: [0, 1]", "5:41", "goal: within"),
    "weight of a limit": (
        GOAL,
        "goal: at_most, value: 3, weight: 1",
        "5:50",
        "'weight'",
    ),
    "only limits": (GOAL, "goal: at_most, value: 3", "5:3", "nothing to improve"),
    "useless value": (GOAL, "goal: maximize, value: 3", "5:41", "got the key 'value'"),
    "good enough for a target": (
        GOAL,
        "goal: target, value: 3, good_enough: 5",
        "5:49",
        "must not be given for goal: target",
    ),
    "unit mistyped": (
        "percent",
        "percnt",
        "5:16",
        "'percnt'",
        "did you mean 'percent'?",
    ),
    "unit with a number": ("percent", "10 m", "5:16", "must be a unit"),
    "value in a strange unit": (
        GOAL,
        "goal: target, value: 3 min",
        "5:46",
        "got '3 min'",
        "must be in percent or convert to it",
    ),
    "text for a number": (GOAL, "goal: target, value: high", "5:46", "got 'high'"),
    "quoted number": (GOAL, 'goal: target, value: "3"', "5:46", "remove the quotes"),
    "noise of nothing": (
        GOAL,
        "goal: maximize, noise: 0",
        "5:48",
        "objective plqy: got noise = 0",
    ),
    "expectation inverted": (
        GOAL,
        "goal: maximize, expect: [5, 1]",
        "5:49",
        "must have its low end first",
        "write [1, 5]",
    ),
    "no mapping": (PLQY, "  plqy: maximize\n", "5:9", "got 'maximize'", "a mapping"),
    "no objectives": (PLQY, "", "4:1", "got objectives = nothing"),
    "weight of one": (
        GOAL,
        "goal: maximize, weight: 3",
        "5:3",
        "find: best or many and several",
    ),
    "weight below zero": (GOAL, "goal: maximize, weight: -1", "5:49", "above zero"),
    "weights for a front": (
        PLQY,
        "  a: {goal: maximize, weight: 1}\n  b: {goal: minimize, weight: 2}\n"
        "find: front\n",
        "5:3",
        "must have weights only to be summed",
    ),
    "weight forgotten": (
        PLQY,
        "  a: {goal: maximize, weight: 1}\n  b: {goal: minimize}\n",
        "5:3",
        "b has none",
        "find: front",
    ),
    "share of the top without many": (
        "objectives:",
        "top: 5 percent\nobjectives:",
        "4:1",
        "got the key 'top'",
        "find: many",
    ),
    "everything is the top": (
        "objectives:",
        "find: many\ntop: 60 percent\nobjectives:",
        "5:6",
        "must lie above 0 and below 50",
    ),
    "front of one": ("objectives:", "find: front\nobjectives:", "4:7", "must be best"),
    "name of a control": (
        "plqy:",
        "Time:",
        "8:3",
        "control time",
        "taken by objective",
    ),
    "name with a hyphen": ("plqy:", "pl-qy:", "5:3", "got the name 'pl-qy'", "pl_qy"),
    "reserved name": ("plqy:", "and:", "5:3", "must not be a word of the rules"),
}
CONTROLS = {
    "range inverted": (TEMPERATURE, "range: [140, 40]", "7:24", "write [40, 140]"),
    "range empty": (TEMPERATURE, "range: [40, 40]", "7:24", "must not be empty"),
    "range of one number": (TEMPERATURE, "range: 40", "7:24", "must be two numbers"),
    "range with a word": (TEMPERATURE, "range: [40, hot]", "7:29", "got 'hot'", "degC"),
    "log from zero": (TIME, "range: [0, 20]", "8:17", "above zero on a log scale"),
    "scale unknown": ("scale: log", "scale: logs", "8:44", "did you mean 'log'?"),
    "step too long": ("scale: log", "step: 40", "8:43", "not exceed 19"),
    "step of an integer": ("scale: log", "kind: integer, step: 2", "8:52", "'step'"),
    "integer of halves": (
        f"{TIME}, unit: min, scale: log",
        "range: [1, 2.5], kind: integer",
        "8:17",
        "must be whole numbers",
    ),
    "bare list": (
        "{range: [1, 20], unit: min, scale: log}",
        "[1, 20, min]",
        "8:9",
        "write {range: [1, 20], unit: min}",
    ),
    "range missing": (f"{TIME}, ", "", "8:9", "range is missing"),
    "kind unknown": ("scale: log", "kind: number", "8:43", "got kind = 'number'"),
    "one choice": (CHOICES, "choices: [K2CO3]", "9:19", "at least two"),
    "choice twice": (CHOICES, "choices: [A, B, A]", "9:26", "got 'A' twice"),
    "choice true": (CHOICES, "choices: [true, no]", "9:20", "got true", "in quotes"),
    "choices no list": (CHOICES, "choices: A", "9:19", "write choices: [A]"),
    "unit of a choice": (CHOICES, f"{CHOICES}, unit: kg", "9:36", "got the key 'unit'"),
    "no element": (ELEMENTS, "elements: [Al, Xx]", "10:26", "got 'Xx'", "species:"),
    "one element": (ELEMENTS, "elements: [Al]", "10:21", "must name at least two"),
    "lows above one": (
        ELEMENTS,
        "elements: {Al: [0.6, 1], Cu: [0.5, 1]}",
        "10:10",
        "low limits that sum to 1.1",
    ),
    "highs below one": (
        ELEMENTS,
        "elements: {Al: [0, 0.4], Cu: [0, 0.5]}",
        "10:10",
        "high limits that sum to 0.9",
    ),
    "limit above one": (
        ELEMENTS,
        "elements: {Al: [0, 1.4], Cu: [0, 1]}",
        "10:26",
        "got Al = [0, 1.4]",
    ),
    "step divides not": (
        ELEMENTS,
        f"{ELEMENTS}, step: 0.3",
        "10:41",
        "must divide 1",
        "did you mean 1/3?",
    ),
    "step too fine": (ELEMENTS, f"{ELEMENTS}, step: 1/999", "10:41", "at least 1/100"),
    "too few at once": (
        ELEMENTS,
        "elements: {Al: [0.1, 1], Cu: [0.1, 1]}, at_most: 1",
        "10:10",
        "must allow at least 2 at once",
    ),
    "at most reaches not one": (
        ELEMENTS,
        "elements: {Al: [0, 0.6], Cu: [0, 0.6]}, at_most: 1",
        "10:10",
        "must be able to reach 1",
    ),
    "no composition on the grid": (
        ELEMENTS,
        "elements: {Al: [0.3, 0.6], Cu: [0.3, 0.45]}, step: 1/2",
        "10:10",
        "must leave at least one composition",
    ),
    "more than there are": (ELEMENTS, f"{ELEMENTS}, at_least: 4", "10:45", "exceed 3"),
}
PROCESS = {
    "no budget": (f"{BUDGET}\n", "", "1:1", "budget is missing", "{experiments: 30}"),
    "empty budget": (BUDGET, "budget: {}", "12:9", "experiments is missing"),
    "half an experiment": (
        BUDGET,
        "budget: {experiments: 4.5}",
        "12:23",
        "whole number",
    ),
    "cost of nothing": (BUDGET, "budget: {cost: 9 EUR}", "12:9", "write cost: 12 EUR"),
    "hours of nothing": (
        BUDGET,
        "budget: {hours: 9}",
        "12:9",
        "write duration: 20 min",
    ),
    "money without currency": (
        BUDGET,
        "budget: {experiments: 9, cost: 100}",
        "12:32",
        "write for example 12 EUR",
    ),
    "two currencies": (
        BUDGET,
        "budget: {cost: 50 USD}\ncost: 6 EUR",
        "12:16",
        "must be in EUR like the one on line 13",
    ),
    "too little money": (
        BUDGET,
        "budget: {cost: 5 EUR}\ncost: 6 EUR",
        "12:9",
        "must pay for at least one experiment",
    ),
    "hours in kilograms": (BUDGET, "budget: {hours: 5 kg}", "12:17", "got '5 kg'"),
    "duration without unit": (BENCH, f"{BENCH}\nduration: 10", "14:11", "10 min"),
    "batch above budget": (BENCH, f"{BENCH}\nbatch: 50", "14:8", "not exceed the 40"),
    "no batch": (BENCH, f"{BENCH}\nbatch: 0", "14:8", "whole number of at least 1"),
    "seed below zero": (BENCH, f"{BENCH}\nseed: -1", "14:7", "at least 0"),
    "leash mistyped": (BENCH, f"{BENCH}\nleash: auto", "14:8", "got leash = 'auto'"),
    "device unknown": (BENCH, f"{BENCH}\ndevice: gpu", "14:9", "auto, cpu or cuda"),
    "executor unknown": (BENCH, f"{BENCH}\nexecutor: banch", "14:11", "'bench'?"),
    "two executors": (BENCH, "executors: {a: manual, b: manual}", "1:1", "one of a, b"),
    "executor without use": (
        BENCH,
        "executors: {a: manual, b: manual}\nexecutor: a",
        "13:24",
        "executor b: no stage uses it",
    ),
    "no adapter": (
        BENCH,
        "executors: {b: {timeout: 9 s}}",
        "13:16",
        "adapter is missing",
    ),
    "no executors": (END, "", "1:1", "write executors: {bench: manual}"),
    "stop on nothing": (BENCH, f"{BENCH}\nstop: plqi >= 3", "14:7", "mean 'plqy'?"),
    "stop never": (
        BENCH,
        f"{BENCH}\nstop: [no improvement in 0 batches]",
        "14:8",
        "at least 1 batch",
    ),
    "stop in words": (BENCH, f"{BENCH}\nstop: [some day]", "14:8", "got the condition"),
    "unit of a label": (
        BENCH,
        f"{BENCH}\ncontext: {{who: {{kind: label, unit: nm}}}}",
        "14:30",
        "must not be given for kind: label",
    ),
}
CASES = {**HEAD, **OBJECTIVES, **CONTROLS, **PROCESS}


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, name: str) -> None:
    old, new, place, *parts = CASES[name]
    found = mistakes(tmp_path, changed(ONE_SHOT, (old, new)))
    told = [str(m) for m in found if m.place == f"films.yaml:{place}"]
    assert any(all(part in line for part in parts) for line in told), found


STAGES = {
    "measured nowhere": ("[grain, plqy]", "[plqy]", "7:3", "no stage measures it"),
    "measured twice": ("    cost: 2 EUR", "    measures: [grain]", "14:16", "spin"),
    "measures unknown": ("[grain, plqy]", "[grian, plqy]", "14:16", "mean 'grain'?"),
    "settable backwards": (
        "{unit: nm}",
        "{unit: nm, settable: [80, 20]}",
        "7:31",
        "got settable = [80, 20]",
        "write [20, 80]",
    ),
    "settable in a strange unit": (
        "{unit: nm}",
        "{unit: nm, settable: [2 min, 20]}",
        "7:32",
        "got '2 min', must be in nm",
    ),
    "settable without a range": (
        "{unit: nm}",
        "{unit: nm, settable: true}",
        "7:31",
        "write settable: [low, high]",
    ),
    "objectives are never set": (
        "goal: maximize",
        "goal: maximize, settable: [1, 2]",
        "5:41",
        "objective plqy: got the key 'settable'",
    ),
    "context is never set": (
        "constraints:",
        "context: {wet: {settable: [1, 2]}}\nconstraints:",
        "16:17",
        "context wet: got the key 'settable'",
    ),
    "controls outside": (
        "constraints:",
        "controls: {a: {range: [0, 1]}}\nconstraints:",
        "16:1",
        "must stand in the stages",
    ),
    "cost outside": ("budget:", "cost: 3 EUR\nbudget:", "17:1", "stand in the stages"),
    "stage mistyped": ("    duration", "    durations", "15:5", "mean 'duration'?"),
    "control without stage": (
        "<= anneal.time]",
        "<= 20 s, temprature <= 3]",
        "16:34",
        "got the unknown name 'temprature'",
    ),
    "stage forgotten": (
        "[spin.time <= anneal.time]",
        "[time <= 5 s]",
        "16:15",
        "did you mean 'spin.time'?",
    ),
}


@pytest.mark.parametrize("name", STAGES)
def test_a_mistake_in_stages_is_told(tmp_path: Path, name: str) -> None:
    old, new, place, *parts = STAGES[name]
    found = mistakes(tmp_path, changed(STAGED, (old, new)))
    told = [str(m) for m in found if m.place == f"films.yaml:{place}"]
    assert any(all(part in line for part in parts) for line in told), found


def test_all_mistakes_come_in_one_report_in_the_order_of_the_file(
    tmp_path: Path,
) -> None:
    text = changed(
        ONE_SHOT,
        ("name: films", "name: Films"),
        (GOAL, "goal: maximise"),
        (TEMPERATURE, "range: [140, 40]"),
        ("temperature <= 130", "tempreature <= 130"),
        (BUDGET, "budgets: {}"),
        ("bench: manual", "bench: {adapter: manual, timeout: soon}"),
    )
    places = [m.place.removeprefix("films.yaml:") for m in mistakes(tmp_path, text)]
    assert places == ["2:7", "5:31", "7:24", "11:15", "12:1", "12:10", "13:47"]


def test_a_broken_control_breaks_no_rule_that_names_it(tmp_path: Path) -> None:
    text = changed(ONE_SHOT, ("unit: degC", "unit: degX"))
    assert [m.place for m in mistakes(tmp_path, text)] == ["films.yaml:7:41"]


@pytest.mark.parametrize("text", [ONE_SHOT, STAGED], ids=["one-shot", "staged"])
def test_the_samples_are_sound(tmp_path: Path, text: str) -> None:
    assert mistakes(tmp_path, text) == ()
