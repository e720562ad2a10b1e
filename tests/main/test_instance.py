import pytest

from main.instance import COLLECTOR_FIGURES, QUEUE_FIGURES
from texts.loader import LANGUAGES, Texts


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", [*COLLECTOR_FIGURES, *QUEUE_FIGURES])
def test_every_figure_the_data_page_shows_has_its_words(name: str, language: str) -> None:
    assert f"pages.data.figure.{name}" in Texts(language)
