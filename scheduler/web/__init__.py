"""What is shown: a blueprint per kind of user. No SQL and no rules."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Register security, error pages and every blueprint."""
