"""Signing in and out, the way home, and whether the app is alive."""

from scheduler.web.account.views import bp

__all__ = ["bp"]
