"""A call in a thread of its own: its result or its error arrives, and the caller goes on meanwhile."""

import threading

import pytest

from domain.aside import Aside


def test_the_caller_goes_on_until_it_asks_for_the_result() -> None:
    go, begun = threading.Event(), threading.Event()

    def call() -> int:
        begun.set()
        assert go.wait(10.0)
        return 7

    one = Aside(call, "test")
    assert begun.wait(10.0), "it began without being asked for"
    go.set()
    assert one.result() == 7
    assert one.result() == 7


def test_what_the_call_raised_is_raised_where_the_result_is_asked_for() -> None:
    def call() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        Aside(call, "test").result()


def test_a_call_that_hangs_holds_up_no_end_of_the_program() -> None:
    go = threading.Event()
    Aside(lambda: go.wait(10.0), "hanging")
    assert [one.daemon for one in threading.enumerate() if one.name == "hanging"] == [True]
    go.set()
