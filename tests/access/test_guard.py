import itertools

import pytest

from access.guard import guarded, open_to_anyone, permission_of, require, unguarded
from access.permissions import ROLE_PERMISSIONS, Permission
from access.principal import Principal
from domain.account import Role
from domain.errors import AccessDeniedError
from tests.access.people import somebody


class Asked:
    """One method for each permission, made from the list itself."""


for _permission in Permission:

    @require(_permission)
    def _method(self: Asked, principal: Principal, number: int) -> int:
        return number + 1

    setattr(Asked, _permission.value, _method)


@pytest.mark.parametrize(("role", "permission"), list(itertools.product(Role, Permission)))
def test_a_guarded_method_answers_exactly_the_roles_of_the_table(role: Role, permission: Permission) -> None:
    method = getattr(Asked(), permission.value)
    assert permission_of(method) is permission
    if permission in ROLE_PERMISSIONS[role]:
        assert method(somebody(role), 1) == 2
    else:
        with pytest.raises(AccessDeniedError, match=permission.value):
            method(somebody(role), 1)


@pytest.mark.parametrize("stranger", [None, "admin", {"roles": ["admin"]}, object(), True])
def test_nothing_but_a_principal_is_believed(stranger: object) -> None:
    with pytest.raises(AccessDeniedError, match="nobody is logged in"):
        Asked().view_overview(stranger, 1)  # type: ignore[attr-defined]


def test_a_public_method_without_a_permission_is_refused_when_the_class_is_made() -> None:
    with pytest.raises(TypeError, match=r"Careless\.everything"):

        @guarded
        class Careless:
            def everything(self) -> None: ...


def test_inherited_static_class_and_property_members_are_looked_at_too() -> None:
    class Base:
        def inherited(self) -> None: ...

    class Careless(Base):
        @staticmethod
        def loose() -> None: ...
        @classmethod
        def made(cls) -> None: ...
        @property
        def shown(self) -> int:
            return 1

        def __call__(self) -> None: ...
        def _own(self) -> None: ...

    assert unguarded(Careless) == ["__call__", "inherited", "loose", "made", "shown"]


def test_a_class_whose_methods_all_say_what_they_need_passes() -> None:
    @guarded
    class Careful:
        LIMIT = 3

        @require(Permission.VIEW_PLANT)
        def plant(self, principal: Principal) -> str:
            return principal.user_id

        @open_to_anyone
        def login(self) -> None: ...

    assert Careful().plant(somebody(Role.OM)) == "somebody"
