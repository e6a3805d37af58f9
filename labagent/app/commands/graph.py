"""``labagent graph``: the process as a graph, in the terminal or as SVG."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from labagent.app.inspecting import inspected
from labagent.app.layout import fields, paragraph
from labagent.app.options import JsonOption
from labagent.app.printing import say, say_json
from labagent.app.rails import draw_rails, has_room, in_words, legend
from labagent.app.screen import rendered
from labagent.errors import ConfigurationError, Mistake
from labagent.review.drawing import draw_svg
from labagent.review.graphs import LEFT_OUT, Picture, picture, plain_picture


def graph(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The campaign file.")],
    svg: Annotated[
        Path | None,
        typer.Option(
            "--svg", metavar="OUT.svg", help="Also draw it into this file, as SVG."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Draw what causes what: context, stage after stage, outcomes.

    Exit code 2 where something is wrong with the file; mistakes are told as
    `labagent check` tells them.
    """
    _check_target(svg)
    campaign, _ = inspected(file, as_json=as_json)
    shown = picture(campaign)
    if svg is not None:
        svg.write_text(draw_svg(shown), encoding="utf-8")
    if as_json:
        say_json(
            {
                "file": str(file),
                **plain_picture(shown),
                "svg": str(svg) if svg else None,
            }
        )
        return
    say(screen(shown))
    if svg is not None:
        say(["", f"Drawn into {svg}."])


def screen(shown: Picture) -> Iterator[str]:
    """Yield a process graph as lines for people."""
    yield rendered(draw_rails(shown))
    names = [v.name for v in shown.vertices]
    drawn = has_room(shown)
    order = " -> ".join(group.title for group in shown.groups)
    told = fields(
        [
            ("Order", order if not shown.declared else ""),
            ("Lines", legend(shown) if drawn else ""),
            ("Causes", "\n".join(in_words(shown, *names)) if drawn else ""),
            ("Forbidden", "\n".join(map(str, shown.forbidden))),
        ],
        indent=0,
    )
    yield from (["", told] if told else [])
    if not shown.declared:
        yield paragraph(LEFT_OUT)


def _check_target(svg: Path | None) -> None:
    """Check that a drawing replaces nothing but a drawing.

    Raises:
        ConfigurationError: The name is not a drawing's.
    """
    if svg is None or svg.suffix.lower() == ".svg":
        return
    raise ConfigurationError(
        [
            Mistake(
                "--svg",
                f"got {str(svg)!r}",
                "must be a file's name that ends with .svg",
                f"write --svg {svg.stem or 'graph'}.svg",
            )
        ]
    )
