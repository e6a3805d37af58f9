import os
import signal

import pytest

from flows.signals import Stop, listening


def test_the_first_press_asks_the_second_insists_the_third_interrupts() -> None:
    stop = Stop()
    assert (stop.asked, stop.now) == (False, False)
    stop.press()
    assert (stop.asked, stop.now) == (True, False)
    stop.press()
    assert (stop.asked, stop.now) == (True, True)
    with pytest.raises(KeyboardInterrupt):
        stop.press()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_press_while_somebody_listens_and_not_after(
    number: signal.Signals,
) -> None:
    stop = Stop()
    told: list[bool] = []
    before = signal.getsignal(number)
    with listening(stop, lambda: told.append(stop.now)):
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
    assert told == [False, True]
    assert signal.getsignal(number) is before
