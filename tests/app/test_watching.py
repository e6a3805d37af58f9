"""What a run shows."""

import pytest

from flows.outcomes import Kind, News
from labagent.app.watching import Bar, Lines

STEP = News(Kind.STEP, "experiment 3: \x1b[2Jmeasured\nwell", 3, done=2, of=5)


def test_a_log_gets_one_clean_line_a_piece_of_news(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Lines() as watch:
        watch(STEP)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "step        experiment 3: \\x1b[2Jmeasured well\n"


def test_quiet_means_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with Lines(kinds=()) as watch:
        watch(STEP)
    assert capsys.readouterr().err == ""


def test_a_bar_shows_progress_and_the_best_so_far(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Bar(0, 5, lambda news: f"#{news.experiment}: [b]9 GPa") as watch:
        watch(STEP)
    shown = capsys.readouterr().err
    assert "2/5" in shown
    assert "best #3: [b]9 GPa" in shown
    assert "\x1b[2J" not in shown
