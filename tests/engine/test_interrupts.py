"""Buttons that stop a study in another thread."""

import threading

from dnnsa.engine.interrupts import Button, deferred, on_button


def in_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()


def test_a_button_asks_once_while_somebody_can_be_asked():
    button, asked = Button(), []

    def work():
        with button.wired(), deferred(lambda: asked.append("loop")):
            button.press()
            button.press()

    in_thread(work)
    assert asked == ["loop"]


def test_a_button_that_was_pressed_before_asks_whoever_comes_next():
    button, asked = Button(), []
    button.press()

    def work():
        with button.wired():
            for name in ("first", "second"):
                with deferred(lambda name=name: asked.append(name)):
                    pass

    in_thread(work)
    assert asked == ["first", "second"]


def test_after_its_time_nobody_is_asked():
    button, asked = Button(), []

    def work():
        with button.wired(), on_button(lambda: asked.append("loop")):
            pass
        button.press()

    in_thread(work)
    assert asked == []


def test_another_thread_has_no_button():
    button, asked = Button(), []

    def other():
        with deferred(lambda: asked.append("other")):
            button.press()

    with button.wired():
        in_thread(other)
    assert asked == []
