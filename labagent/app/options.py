"""Arguments and options that several commands share."""

from typing import Annotated

import typer

DbOption = Annotated[
    str | None,
    typer.Option(
        "--db",
        metavar="URL",
        help="Database URL or SQLite file; else LABAGENT_DB, else labagent.db beside "
        "the campaign file.",
    ),
]
CampaignOption = Annotated[
    str | None,
    typer.Option(
        "--campaign",
        "-c",
        metavar="NAME|FILE",
        help="Campaign, by name or file; not needed where the database has only one.",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Answer in JSON, and nothing else.")
]
Reference = Annotated[
    str | None,
    typer.Argument(
        metavar="[CAMPAIGN]",
        show_default=False,
        help="Campaign, by file or by name; not needed where the database has only "
        "one.",
    ),
]
"""A campaign as people name it: its file, or its name."""
ByOption = Annotated[
    str | None,
    typer.Option("--by", metavar="NAME", help="Who says so; your login name if left."),
]
