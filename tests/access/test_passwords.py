import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.passwords import CHARS_MAX, chars_min, common_words, password_problem, readable_password
from domain.account import Role

GOOD = [
    "tabu-lemo-4827-koni-vasi",
    "正确的马电池订书钉与萝卜汤",
    "Kz9#mQ2w!vB7-pL",
    "blue teapot under a fig tree",
]
COMMON = [
    "123456789012345",
    "passwordpassword",
    "P@$$word2026!!!!",
    "qwertyuiopasdfgh",
    "1q2w3e4r5t6y7u8i",
    "guangfu-shangzhou-2026",
    "Shangzhou_Guangfu!!",
    "admin123456admin",
    "aaaaaaaaaaaaaaaa",
    "abcdefghijklmnop",
    "woaini5201314520",
    "光伏光伏光伏光伏光伏电站商州区",
    "yekrutdrowssap1234",
    "zhangsan zhangsan",
    "sungrow-growatt-2025",
]


@pytest.mark.parametrize("password", GOOD)
def test_long_passwords_of_ones_own_are_taken(password: str) -> None:
    assert password_problem(password, {Role.OM}) is None


@pytest.mark.parametrize("password", [word for word in COMMON if word != "yekrutdrowssap1234"])
def test_passwords_of_well_known_words_are_refused(password: str) -> None:
    assert password_problem(password, {Role.OM}, ("zhangsan", "张三")) == "common"


@pytest.mark.parametrize(
    ("role", "least"),
    [
        (Role.OM, 12),
        (Role.KEEPER, 12),
        (Role.FIELD, 12),
        (Role.SETTLEMENT, 15),
        (Role.TOWNSHIP, 15),
        (Role.ACCOUNTANT, 15),
        (Role.COUNTY, 15),
        (Role.AUDITOR, 15),
        (Role.ADMIN, 15),
    ],
)
def test_who_sees_money_or_manages_accounts_needs_fifteen_characters(role: Role, least: int) -> None:
    assert chars_min({role}) == least
    assert password_problem("Kz9#mQ2w!vB7-pLx"[: least - 1], {role}) == "short"
    assert password_problem("Kz9#mQ2w!vB7-pLx"[:least], {role}) is None


def test_the_strictest_role_decides() -> None:
    assert chars_min({Role.OM, Role.ACCOUNTANT}) == 15


def test_what_cannot_be_typed_or_is_endless_is_refused() -> None:
    assert password_problem("Kz9#mQ2w\nvB7-pLx", {Role.OM}) == "control"
    assert password_problem("Kz9#" * 40, {Role.OM}) == "long"


@given(st.text(max_size=CHARS_MAX + 20), st.frozensets(st.sampled_from(Role)))
def test_any_text_gets_an_answer_and_a_short_one_never_passes(password: str, roles: frozenset[Role]) -> None:
    problem = password_problem(password, roles, ("user",))
    if len(password) < 12:
        assert problem == "short"
    assert problem in {None, "short", "long", "common", "control"}


@pytest.mark.parametrize("word", common_words())
def test_no_listed_word_repeated_to_length_passes(word: str) -> None:
    assert password_problem((word * 16)[:16], {Role.OM}) == "common"


def test_random_passwords_are_good_for_every_role_and_all_different() -> None:
    source = random.Random(7)
    made = {readable_password(source.choice) for _ in range(500)}
    assert len(made) == 500
    assert [word for word in made if password_problem(word, set(Role)) is not None] == []
