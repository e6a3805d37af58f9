"""The commands, one module each, loaded when they are called."""

from collections.abc import Mapping

from labagent.app.lazy import Entry

_HERE = "labagent.app.commands"
_BEGIN, _WORK, _READ = "Begin", "Work", "Read"
_ASK = "Ask the model"
_TRUST, _CARE = "Trust, but verify", "Look after"

COMMANDS: Mapping[str, Entry] = {
    "demo": Entry(
        f"{_HERE}.demo:demo",
        _BEGIN,
        "Run a real campaign and compare it with the truth.",
    ),
    "init": Entry(f"{_HERE}.init:init", _BEGIN, "Write a campaign file to start from."),
    "check": Entry(f"{_HERE}.check:check", _BEGIN, "Check a campaign file."),
    "graph": Entry(
        f"{_HERE}.graph:graph", _BEGIN, "Draw what causes what in a campaign file."
    ),
    "import": Entry(
        f"{_HERE}.import_table:import_table",
        _BEGIN,
        "Import past experiments from a table.",
    ),
    "run": Entry(
        f"{_HERE}.run:run",
        _WORK,
        "Run a campaign until it is done or needs a person.",
    ),
    "propose": Entry(
        f"{_HERE}.propose:propose",
        _WORK,
        "Propose the next experiments and seal what is expected.",
    ),
    "next": Entry(
        f"{_HERE}.next_tasks:next_tasks", _WORK, "Show what a person has to do now."
    ),
    "approve": Entry(f"{_HERE}.decide:approve", _WORK, "Approve proposed experiments."),
    "reject": Entry(f"{_HERE}.decide:reject", _WORK, "Reject proposed experiments."),
    "record": Entry(
        f"{_HERE}.record:record", _WORK, "Record what a person measured or saw."
    ),
    "status": Entry(f"{_HERE}.status:status", _READ, "Show where a campaign stands."),
    "history": Entry(f"{_HERE}.history:history", _READ, "List all experiments."),
    "show": Entry(f"{_HERE}.show:show", _READ, "Show everything about experiments."),
    "explain": Entry(
        f"{_HERE}.explain:explain", _READ, "Say why an experiment was proposed."
    ),
    "predict": Entry(
        f"{_HERE}.predict:predict", _ASK, "Say what is expected of a whole recipe."
    ),
    "do": Entry(f"{_HERE}.do:do", _ASK, "Say what would follow if something were set."),
    "counterfactual": Entry(
        f"{_HERE}.counterfactual:counterfactual",
        _ASK,
        "Say what an experiment would have shown, set otherwise.",
    ),
    "identify": Entry(
        f"{_HERE}.identify:identify",
        _ASK,
        "Say whether an effect can be told, and by which formula.",
    ),
    "verify": Entry(
        f"{_HERE}.verify:verify",
        _TRUST,
        "Check that nothing was changed or removed, and every weight.",
    ),
    "replay": Entry(
        f"{_HERE}.replay:replay",
        _TRUST,
        "Make every decision again from the rows and compare.",
    ),
    "agent": Entry(
        f"{_HERE}.agent:agent", _CARE, "Serve another program: ask, tell, predict."
    ),
    "executors": Entry(
        f"{_HERE}.executors:executors", _CARE, "List who can run experiments."
    ),
    "doctor": Entry(f"{_HERE}.doctor:doctor", _CARE, "Check this installation."),
    "db": Entry(f"{_HERE}.db:app", _CARE, "Upgrade the database, or say where it is."),
}
"""Name to where its function lies, in the order ``labagent --help`` lists them."""
