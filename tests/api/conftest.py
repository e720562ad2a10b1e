"""One small district with the data interface for the tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.api.faces import Face, small_face


@pytest.fixture(scope="session")
def face(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Face]:
    """Five live plants, one read by hand, one from files; 11:40 in June."""
    made = small_face(tmp_path_factory.mktemp("api"))
    yield made
    made.world.close()
