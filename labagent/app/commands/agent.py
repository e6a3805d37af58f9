"""``labagent agent``: serve another program."""

import io
import sys
from typing import Annotated

import typer

from labagent.app.session import wrong_words
from labagent.app.stdio import serve


def agent(
    stdio: Annotated[
        bool, typer.Option("--stdio", help="One JSON object a line in, one out.")
    ] = False,
) -> None:
    """Serve another program over stdin and stdout: ask, tell, predict."""
    if not stdio:
        raise wrong_words("got no --stdio", "must say how to speak", "add --stdio")
    if isinstance(sys.stdin, io.TextIOWrapper):
        # JSON is UTF-8 wherever it comes from; other bytes must reach the answer
        sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")
    serve(sys.stdin, sys.stdout)
