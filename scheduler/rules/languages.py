"""The languages in which texts are written and her pages are shown: the one list that everything else asks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """A language by its `code`, with its name in itself (`own`) and in English. `locale` is what dates and plurals go
    by; `wide` says that its letters are outside GSM-7, so that a text holds 70 of them; `checked` says that someone who
    grew up with it has read every word; staff who choose it are told if not."""

    code: str
    own: str
    english: str
    locale: str
    right_to_left: bool = False
    wide: bool = False
    checked: bool = False


LANGUAGES = (
    Language("en", "English", "English", "en_GB", checked=True),
    Language("cy", "Cymraeg", "Welsh", "cy"),
    Language("pl", "Polski", "Polish", "pl"),
    Language("ro", "Română", "Romanian", "ro"),
    Language("ur", "اردو", "Urdu", "ur", right_to_left=True, wide=True),
    Language("pa", "ਪੰਜਾਬੀ", "Punjabi", "pa_Guru", wide=True),
    Language("bn", "বাংলা", "Bengali", "bn", wide=True),
    Language("ar", "العربية", "Arabic", "ar", right_to_left=True, wide=True),
)
BY_CODE = {language.code: language for language in LANGUAGES}


def language_of(code: str | None) -> Language:
    """The language of a code such as `cy` or `en-GB`; English when there is none of it."""
    return BY_CODE.get((code or "").replace("_", "-").split("-")[0].lower(), LANGUAGES[0])
