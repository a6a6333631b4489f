"""`make translations`: bring every catalogue up to date with her pages, compile it, and say what is still missing."""

from __future__ import annotations

import sys

from scheduler.translations import OTHERS, missing, update

for language in OTHERS:
    left = missing(update(language))
    sys.stdout.write(f"{language.english}: {len(left) or 'nothing'} left to translate\n")
    for sentence in left:
        sys.stdout.write(f"  {sentence}\n")
