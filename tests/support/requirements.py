"""What a machine may lack. Its absence skips a test, unless SIDEGATE_REQUIRE demands it (CI does)."""

import os
from typing import NoReturn

import pytest


def absent(what: str, reason: str) -> NoReturn:
    """Skip the test for `reason`; fail instead when SIDEGATE_REQUIRE (comma-separated) names `what`."""
    demanded = {name.strip() for name in os.environ.get("SIDEGATE_REQUIRE", "").split(",")}
    if what in demanded:
        pytest.fail(f"SIDEGATE_REQUIRE names {what}, but {reason}", pytrace=False)
    pytest.skip(reason)
