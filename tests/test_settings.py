"""Every setting stands in one table of the guide, and no other does."""

from __future__ import annotations

import re
from pathlib import Path

from scheduler.config import SETTINGS

GUIDE = Path(__file__).parent.parent / "docs" / "deploying.md"
ROW = re.compile(r"^\| `SIDEGATE_(\w+)` \| (?:`([^`]*)`)? ?\| (.+) \|$", re.MULTILINE)


def test_the_guide_lists_every_setting_as_it_is() -> None:
    listed = [(name, default, meaning) for name, default, meaning in ROW.findall(GUIDE.read_text())]
    assert listed == [(each.name, each.default, each.meaning) for each in SETTINGS]
