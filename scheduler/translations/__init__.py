"""The sentences of her pages, and their catalogues: one `messages.po` and one compiled `messages.mo` for each language.

Only what reaches her is here: her templates, the code of her pages, and the few sentences that services refuse her
with. Staff pages are English. Both files are committed, so that a fresh clone needs nothing but to be started;
`make translations` brings them up to date, and tests fail when they are not.
"""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from scheduler import errors
from scheduler.rules.languages import LANGUAGES, Language
from scheduler.web.errors import SENTENCES

HERE = Path(__file__).parent
#: Stands where the format wants dates: the same catalogue is the same bytes whenever it is compiled.
_NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)
_METHODS = [("web/link/**.py", "python"), ("templates/link/**.html", "jinja2.ext:babel_extract")]

#: Refusals that may reach her, by the class whose one sentence they are.
_REFUSALS = (
    errors.SlotUnavailable, errors.NotFound, errors.NotAllowed, errors.Invalid, errors.WrongState, errors.Stale,
    errors.Busy, errors.SidegateError,
)
#: What services say to her beside a field. They have no request and so no language: her pages look it up.
FROM_SERVICES = (
    "Type the word that you agreed with us.",
    "That is not the word. Please try again.",
    "Type a phone number, such as 07700 900123.",
    "Choose one, two or three different times.",
    "One of those times is not on the list any more.",
    "That form was out of date. Nothing was changed. Please go back and try again.",
)
#: Every language that needs a catalogue; English is what is in the code.
OTHERS = tuple(language for language in LANGUAGES if language.code != "en")


def extracted() -> Catalog:
    """Every sentence that may reach her, without translations."""
    found = Catalog(fuzzy=False)
    for _name, _line, message, _comments, context in sorted(
        extract_from_dir(str(HERE.parent), _METHODS, keywords=_KEYWORDS), key=lambda each: str(each[:2])
    ):
        found.add(message, context=context)
    for sentence in (*(each.sentence for each in _REFUSALS), *SENTENCES.values(), *FROM_SERVICES):
        found.add(sentence)
    return found


_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None}


def po_file(language: Language) -> Path:
    """Where the catalogue of a language is."""
    return HERE / language.code / "LC_MESSAGES" / "messages.po"


def recorded(language: Language) -> Catalog:
    """The catalogue of a language as it is; empty where there is none yet."""
    path = po_file(language)
    if not path.exists():
        return Catalog(locale=language.locale, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language.locale)


def missing(catalogue: Catalog) -> list[str]:
    """The sentences that have no translation in it."""
    return [
        str(each.id)
        for each in extracted()
        if each.id and not _is_translated(catalogue, each.id, each.context)
    ]


def _is_translated(catalogue: Catalog, sentence: object, context: str | None) -> bool:
    found = catalogue.get(sentence, context)  # type: ignore[arg-type]
    if found is None:
        return False
    strings = found.string if isinstance(found.string, (list, tuple)) else (found.string,)
    return bool(strings) and all(strings)


def compiled(catalogue: Catalog) -> bytes:
    """The bytes of `messages.mo`."""
    catalogue.creation_date = catalogue.revision_date = _NO_DATE
    made = BytesIO()
    write_mo(made, catalogue)
    return made.getvalue()


def update(language: Language) -> Catalog:
    """Bring a language's two files up to date with the pages: new sentences stand there empty, old ones are gone."""
    catalogue = recorded(language)
    catalogue.update(extracted(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    if language.checked:
        word = "Read and corrected by someone who grew up with it."
    else:
        word = "To be checked by someone who grew up with it."
    catalogue.header_comment = f"# Her pages in {language.english}. {word}"
    path = po_file(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    made = BytesIO()
    write_po(made, catalogue, width=0, no_location=True, sort_output=True, omit_header=True)
    header = f'{catalogue.header_comment}\nmsgid ""\nmsgstr ""\n' + "".join(
        f'"{name}: {value}\\n"\n'
        for name, value in (
            ("Language", language.locale), ("MIME-Version", "1.0"), ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"), ("Plural-Forms", catalogue.plural_forms),
        )
    )
    path.write_text(f"{header}\n{made.getvalue().decode()}")
    catalogue = recorded(language)
    path.with_suffix(".mo").write_bytes(compiled(catalogue))
    return catalogue
