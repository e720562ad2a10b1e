"""How far an import is, told by its ticket."""

from commands.progress import Progress, ProgressBoard


def test_the_newest_state_of_a_ticket_is_told_and_old_tickets_fall_out() -> None:
    board = ProgressBoard()
    assert board.of("a") is None
    board.tell("a", "read", 1, 9)
    board.tell("a", "kept", 2, 9)
    assert board.of("a") == Progress("kept", 2, 9)
    board.tell("", "read", 1, 9)
    board.tell("x" * 65, "read", 1, 9)
    assert (board.of(""), board.of("x" * 65)) == (None, None)
    for number in range(99):
        board.tell(str(number), "read", 0, 1)
    assert board.of("a") is not None
    board.tell("a", "kept", 9, 9)
    board.tell("more", "read", 0, 1)
    assert board.of("a") == Progress("kept", 9, 9)
    assert board.of("0") is None
