"""The words that tell what the service is, whom it is for, or why, in every language that texts are written in.

All of them are looked for in every text, whatever its language: a place's name may be in another. What is left out of a
text for no good reason, such as a street called Court Road, costs her little; what is left in may cost her much. They
are compared after `fold`, so they are written here without accents where the letters are Latin.
"""

from __future__ import annotations

import re
import unicodedata

#: Beginnings of words, in languages of Latin letters.
BEGINNINGS = {
    "en": (
        "abus", "addict", "alcohol", "assault", "clinic", "cocaine", "coercive", "counsel", "crisis", "custody",
        "detox", "domestic", "drink", "drug", "exclusion", "female", "girl", "helpline", "heroin", "ladies", "lady",
        "mental", "methadone", "misuse", "needle", "offend", "overdos", "partner", "perpetrator", "police", "pregnan",
        "prescri", "prison", "probation", "psych", "rape", "recover", "refuge", "rehab", "safeguard", "safety",
        "self-harm", "sexual", "sober", "sobriety", "substance", "suicid", "surviv", "therap", "trauma", "treatment",
        "victim", "violen", "woman", "women", "womxn",
    ),
    "cy": (
        "adferiad", "adsefydlu", "alcohol", "beichiog", "benyw", "caethiwed", "cam-drin", "camddefnydd", "camdriniaeth",
        "carchar", "chyffur", "cwnsela", "cyffur", "ddiogelu", "ddioddefwr", "dioddefwr", "diogelu", "drais",
        "feichiog", "fenyw", "ferched", "gaethiwed", "gam-drin", "garchar", "goroeswr", "goroeswyr", "gwragedd",
        "gyffur", "heddlu", "hunanladdiad", "iechyd meddwl", "lloches", "menyw", "merched", "noddfa", "therapi",
        "trais", "triniaeth",
    ),
    "pl": (
        "alkohol", "azyl", "ciaza", "ciezarn", "dziewczyn", "gwalt", "kobiec", "kobiet", "kryzys", "leczeni", "metadon",
        "molestow", "narkoman", "narkot", "odwyk", "ofiar", "policj", "przemoc", "psychi", "samoboj", "schronisk",
        "terapi", "trzezw", "uzalezn", "wiezien", "zensk",
    ),
    "ro": (
        "abuz", "adapost", "agresiun", "agresor", "alcool", "criza", "dependenta", "dezintox", "drogur", "femei",
        "feminin", "fetele", "fetelor", "gravid", "inchisoar", "insarcinat", "metadon", "politia", "politie", "psih",
        "refugi", "sevraj", "sinucid", "terapi", "tratament", "tribunal",
    ),
    # As names of places write other languages in Latin letters.
    "roman": ("aurat", "khavateen", "khawateen", "mahila", "panah", "zenana"),
}

#: Whole words, where their beginning is that of harmless ones too (Courtney, merchant, Violet).
WHOLE = {
    "en": ("court", "courts", "courthouse", "courtroom"),
    "cy": ("merch",),
    "ro": ("viol", "violul", "drog"),
    "roman": ("nari",),
}

#: Parts of words, in languages of other letters, where an article or an ending may be joined on.
PARTS = {
    "ur": (
        "الکحل", "بحالی", "بدسلوکی", "پناہ", "پولیس", "تشدد", "تھراپی", "جیل", "حاملہ", "خاتون", "خواتین", "خودکش",
        "ذہنی", "زنانہ", "زیادتی", "شراب", "طلاق", "عدالت", "علاج", "عورت", "کلینک", "لڑکی", "متاثرہ", "مظلوم",
        "منشیات", "میتھاڈون", "نشہ", "نشے", "نفسیات",
    ),
    "pa": (
        "ਅਦਾਲਤ", "ਇਸਤਰੀ", "ਇਲਾਜ", "ਔਰਤ", "ਸ਼ਰਾਬ", "ਹਿੰਸਾ", "ਕਲੀਨਿਕ", "ਕੁੜੀ", "ਖੁਦਕੁਸ਼ੀ", "ਗਰਭ", "ਜ਼ਨਾਨ", "ਜੇਲ", "ਤਲਾਕ",
        "ਥੈਰੇਪੀ", "ਦੁਰਵਿਵਹਾਰ", "ਨਸ਼ਾ", "ਨਸ਼ੀਲ", "ਨਸ਼ੇ", "ਪਨਾਹ", "ਪੀੜਤ", "ਪੁਲਿਸ", "ਪੁਲੀਸ", "ਬਦਸਲੂਕੀ", "ਬਲਾਤਕਾਰ", "ਮਹਿਲਾ",
        "ਮਾਨਸਿਕ", "ਮੁੜ ਵਸੇਬ", "ਲੜਕੀ",
    ),
    "bn": (
        "অ্যালকোহল", "আত্মহত্যা", "আদালত", "আশ্রয়", "আসক্ত", "কারাগার", "ক্লিনিক", "গর্ভ", "চিকিৎসা", "জেলখানা", "তালাক",
        "থেরাপি", "ধর্ষণ", "নারী", "নির্যাতন", "নেশা", "পুনর্বাসন", "পুলিশ", "ভুক্তভোগী", "মদ্য", "মহিলা", "মাদক", "মানসিক",
        "মেয়ে", "সহিংস", "স্ত্রী",
    ),
    "ar": (
        "أزمة", "أنثى", "إدمان", "إناث", "اعتداء", "اغتصاب", "امرأة", "انتحار", "تأهيل", "تحرش", "تعافي", "حامل",
        "حماية", "خمر", "زوجات", "سجن", "سيدات", "سيدة", "شرطة", "صحة عقلية", "ضحايا", "ضحية", "طلاق", "علاج", "عنف",
        "عيادة", "فتاة", "فتيات", "كحول", "مأوى", "محكمة", "مخدر", "مدمن", "مرأة", "معنف", "ملجأ", "ناجيات", "ناجية",
        "نسائي", "نساء", "نفسي", "نفسية",
    ),
}

# Letters that Arabic and Urdu write in several ways, and Latin ones that are no letter with a mark.
_ALIKE = str.maketrans(
    {**dict.fromkeys("أإآٱ", "ا"), "ة": "ه", "ہ": "ه", "ھ": "ه", "ۃ": "ه", "ى": "ي", "ی": "ي", "ئ": "ي", "ک": "ك",
     "ؤ": "و", "ł": "l", "đ": "d", "ø": "o", "’": "'", "‘": "'", "´": "'"}
)


def fold(text: str) -> str:
    """`text` as it is compared: without case, accents, Arabic vowel marks, invisible letters or kinds of dash."""
    apart = unicodedata.normalize("NFKD", text.casefold()).casefold()
    kept = "".join(
        letter
        for letter in apart
        if not ("\u0300" <= letter <= "\u036f" or "\u064b" <= letter <= "\u065f" or letter in "\u0640\u0670")
        and unicodedata.category(letter) != "Cf"
    )
    plain = unicodedata.normalize("NFC", kept).translate(_ALIKE)
    return re.sub(r"[\s\-\u2010-\u2015_]+", " ", plain)


def _any_of(words: dict[str, tuple[str, ...]]) -> str:
    return "|".join(sorted({re.escape(fold(word)) for each in words.values() for word in each}, reverse=True))


_FOUND = re.compile(
    rf"(?<![^\W\d_])(?:{_any_of(BEGINNINGS)})|(?<![^\W\d_])(?:{_any_of(WHOLE)})(?![^\W\d_])|{_any_of(PARTS)}"
)


def found_in(text: str) -> list[str]:
    """The words that tell, as they are listed here (folded), each once."""
    return list(dict.fromkeys(_FOUND.findall(fold(text))))
