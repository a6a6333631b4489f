"""What is asked about the words of texts: those that managers wrote, and who checked a language."""

from __future__ import annotations

from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import LanguageCheck, TextWords

_T = TextWords.__table__.c


def edited() -> dict[tuple[str, str], str]:
    """What managers wrote, by language and purpose, where it is not the built-in words that hold."""
    found = db.session.execute(select(_T.language, _T.purpose, _T.words).where(_T.words.is_not(None)))
    return {(language, purpose): words for language, purpose, words in found}


def row(language: str, purpose: str) -> TextWords | None:
    """The record of one text, if it was ever changed."""
    return db.session.scalars(
        select(TextWords).where(TextWords.language == language, TextWords.purpose == purpose)
    ).one_or_none()


def rows(language: str) -> list[TextWords]:
    """The records of the texts in one language that were ever changed."""
    return list(db.session.scalars(select(TextWords).where(TextWords.language == language)))


def check(language: str) -> LanguageCheck | None:
    """Who checked this language, if anyone did."""
    return db.session.get(LanguageCheck, language)


def checks() -> dict[str, LanguageCheck]:
    """Who checked which language."""
    return {each.language: each for each in db.session.scalars(select(LanguageCheck))}
