"""The control socket: orders reach a running instance, refusals come back as errors."""

import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.errors import AccessDeniedError, CommandError, RecordRejectedError, StoreUnavailableError
from main.control import ControlServer, call, is_running, socket_path
from texts.loader import Texts


def _deny(payload: object) -> dict[str, object]:
    raise AccessDeniedError("not for you", "village", what="611", who="county")


def _refuse(payload: object) -> dict[str, object]:
    raise RecordRejectedError("no such plant")


def _break(payload: object) -> dict[str, object]:
    raise ZeroDivisionError


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    server = ControlServer(
        tmp_path,
        {"echo": lambda payload: {"got": payload["word"]}, "deny": _deny, "refuse": _refuse, "break": _break},
    )
    server.start()
    yield tmp_path
    server.stop()


def test_an_order_is_carried_out_and_answered(data: Path) -> None:
    assert call(data, "echo", {"word": "电站"}) == {"got": "电站"}


def test_without_an_instance_there_is_no_answer(tmp_path: Path) -> None:
    assert call(tmp_path, "echo") is None
    assert not is_running(tmp_path)


def test_only_the_owner_may_open_the_socket(data: Path) -> None:
    assert stat.S_IMODE(socket_path(data).stat().st_mode) == 0o600


def test_a_refusal_comes_back_with_its_reason(data: Path) -> None:
    with pytest.raises(CommandError, match="no such plant"):
        call(data, "refuse")
    with pytest.raises(AccessDeniedError, match="not for you") as denied:
        call(data, "deny")
    assert "county 的可见范围" in denied.value.words(Texts("zh"))
    assert "out of the scope of county" in denied.value.words(Texts("en"))
    assert AccessDeniedError("plain").words(Texts("zh")) == "plain"


def test_an_unknown_order_is_refused_and_the_server_lives_on(data: Path) -> None:
    with pytest.raises(CommandError, match="does not know 'nonsense'"):
        call(data, "nonsense")
    assert call(data, "echo", {"word": "a"}) == {"got": "a"}


def test_a_fault_of_ours_tells_no_internals(data: Path) -> None:
    with pytest.raises(CommandError, match="break failed: ZeroDivisionError"):
        call(data, "break")


def test_a_second_instance_on_the_same_folder_is_refused(data: Path) -> None:
    with pytest.raises(StoreUnavailableError, match="another pvmon runs"):
        ControlServer(data, {}).start()


def test_a_socket_left_by_a_killed_instance_is_replaced(tmp_path: Path) -> None:
    first = ControlServer(tmp_path, {})
    first.start()
    path = socket_path(tmp_path)
    assert first._server is not None
    first._server.shutdown()
    first._server.server_close()  # as after kill -9: the file stays, nobody listens
    assert path.exists()
    second = ControlServer(tmp_path, {"echo": lambda payload: {}})
    second.start()
    assert is_running(tmp_path)
    second.stop()
    assert not path.exists()


def test_a_folder_name_longer_than_the_kernel_allows_works(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    server = ControlServer(deep, {"echo": lambda payload: {"n": 1}})
    server.start()
    assert call(deep, "echo") == {"n": 1}
    server.stop()


def test_a_full_queue_of_callers_is_no_absent_instance(tmp_path: Path) -> None:
    path = socket_path(tmp_path)
    path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as first:
        busy.bind(str(path))
        busy.listen(0)
        first.connect(str(path))  # the only place is taken
        assert is_running(tmp_path)
        with pytest.raises(CommandError, match="no more callers"):
            call(tmp_path, "echo", {"word": 1}, timeout_s=0.2)


def test_two_callers_at_once_are_both_answered(data: Path) -> None:
    answers: list[object] = []
    callers = [
        threading.Thread(target=lambda: answers.append(call(data, "echo", {"word": 1}))) for _ in range(40)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert answers == [{"got": 1}] * 40
