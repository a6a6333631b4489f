"""The list of languages: each once, English first, and each with dates of its own."""

from __future__ import annotations

import pytest
from babel import Locale

from scheduler.rules.languages import BY_CODE, LANGUAGES, Language, language_of


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.code)
def test_every_language_has_dates_and_runs_the_way_it_is_written(language: Language) -> None:
    locale = Locale.parse(language.locale)
    assert locale.language == language.code
    assert (locale.text_direction == "rtl") == language.right_to_left
    assert len(locale.days["format"]["wide"]) == 7


def test_each_code_is_there_once_and_what_is_unknown_is_english() -> None:
    assert len(BY_CODE) == len(LANGUAGES)
    assert language_of("cy_GB").code == "cy"
    assert [language_of(code).code for code in ("ur", "AR", "xx", "", None)] == ["ur", "ar", "en", "en", "en"]
