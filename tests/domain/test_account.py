from datetime import UTC, datetime

from domain.account import Role, Scope, Session, User


def test_a_scope_sees_nothing_unless_told_otherwise() -> None:
    scope = Scope()
    assert not scope.everything
    assert not scope.town_ids | scope.village_ids | scope.plant_ids


def test_secrets_do_not_show_when_an_account_or_session_is_printed() -> None:
    user = User("li", "李四（虚构）", frozenset({Role.OM}), Scope(), "$argon2id$secret")
    now = datetime(2026, 7, 1, tzinfo=UTC)
    session = Session("hash-of-token", "li", now, now, csrf_secret="csrf-secret")
    assert "secret" not in repr(user)
    assert "hash-of-token" not in repr(session)
    assert "csrf-secret" not in repr(session)


def test_role_names_are_fixed_because_they_are_stored() -> None:
    assert [role.value for role in Role] == [
        "om",
        "accountant",
        "county",
        "auditor",
        "admin",
        "keeper",
        "field",
        "settlement",
        "township",
        "machine",
    ]
