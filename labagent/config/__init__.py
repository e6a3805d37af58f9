"""The campaign file: one page of YAML to a checked campaign.

``load(path)`` reads a file, ``from_document(text)`` the canonical JSON that the
database keeps; both give equal campaigns. All mistakes of a file are raised together,
each with its place, the value, the rule and what to write instead. The grammar is
described in ``docs/campaign-file.md``, whose examples are tests.

::

    reader       text to a tree of nodes that know their place
    fields       reads the keys of a mapping, reports what is wrong
    goals        objectives, measured, context      controls   design variables
    process      stages, executors                  costs      budget, money
    rules        the language of rules              constraints  its meaning
    stops, settings
    causality    the declared graph     arrows     its lines    sequence    their order
    feasibility, simplex   whether rules leave anything
    tables, cells, columns, rows, inlining    CSV and XLSX
    regimes      what was set in a row, and what took its own course
    units        pint        numerals   numbers in other notations
    unsupported  what is refused for now
    losses       nothing declared is lost    drafts    what could be read
    build        puts it together
"""

from pathlib import Path

from labagent.campaigns import Campaign
from labagent.config.build import build
from labagent.config.drafts import Draft
from labagent.config.nodes import Report
from labagent.config.reader import read_document, read_yaml
from labagent.config.rows import Past, read_history, read_past, read_rows, schema_of

__all__ = [
    "Draft",
    "Past",
    "draft",
    "from_document",
    "load",
    "read_history",
    "read_past",
    "read_rows",
    "schema_of",
]


def load(path: Path) -> Campaign:
    """Return the campaign a YAML file describes.

    Args:
        path: The file; tables it names are looked for beside it.

    Raises:
        ConfigurationError: Everything wrong with the file, in its order.
    """
    return draft(path).campaign()


def draft(path: Path) -> Draft:
    """Return what a YAML file says, and all that is wrong with it.

    Args:
        path: The file; tables it names are looked for beside it.

    Raises:
        ConfigurationError: The file is no YAML at all.
    """
    report = Report()
    tree = read_yaml(path, report)
    if tree is None:
        report.close()
        raise AssertionError("a mistake was found but not reported")
    return build(tree, path.parent, report)


def from_document(document: str) -> Campaign:
    """Return the campaign a stored document describes, without any file.

    Args:
        document: :attr:`Campaign.document` of an earlier load.

    Raises:
        ConfigurationError: Everything wrong with it.
    """
    return build(read_document(document), None, Report()).campaign()
