"""Errors named after what happened, each with its HTTP status and its one public sentence.

A public sentence is all that anyone outside the lead's desk learns (SAFETY.md 4). It never says why.
"""

from __future__ import annotations

from collections.abc import Mapping


class SidegateError(Exception):
    """Anything that a user may be told about."""

    status = 400
    sentence = "That could not be done."
    code = "error"

    def __init__(self, sentence: str | None = None, **fields: str) -> None:
        super().__init__(sentence or self.sentence)
        self.public = sentence or self.sentence
        self.fields: Mapping[str, str] = fields


class SlotUnavailable(SidegateError):
    """Full, closed, not eligible, kept apart or just taken: one error and one sentence for all of them.

    It takes no arguments, so that nobody can make one refusal differ from another.
    """

    status = 409
    sentence = "That time is not available. Please choose another."
    code = "slot-unavailable"

    def __init__(self) -> None:
        super().__init__()


class NotFound(SidegateError):
    """No such record, or none that this person may know of: the two are not told apart."""

    status = 404
    sentence = "We could not find that."
    code = "not-found"


class Merged(NotFound):
    """The record turned out to be another: `into` is the one in use. Pages lead there; to the API it is gone."""

    def __init__(self, gone: int, into: int) -> None:
        super().__init__()
        self.gone, self.into = gone, into


class NotOnePerson(SidegateError):
    """Something says that two records are not one person's, or that they cannot be made one now. Only a lead is told
    what, and reads it on the page that compares the two."""

    status = 409
    sentence = "These two records cannot be made one."
    code = "not-one-person"


class NotAllowed(SidegateError):
    """The person's role does not include this."""

    status = 403
    sentence = "You do not have permission to do that."
    code = "not-allowed"


class Invalid(SidegateError):
    """What was typed cannot be used. `fields` has a sentence for each field at fault."""

    status = 422
    sentence = "Please check what you typed."
    code = "invalid"


class Stale(SidegateError):
    """Someone else changed the record after this person read it."""

    status = 412
    sentence = "This was changed by someone else. Please look again before you save."
    code = "stale"


class WrongState(SidegateError):
    """The record is in a state from which this cannot be done."""

    status = 409
    sentence = "That cannot be done now. It may have been changed already."
    code = "wrong-state"


class MayBeHere(SidegateError):
    """Whoever is to be recorded may be a client already. `clients` lists who, for staff to look at."""

    status = 409
    sentence = "This person may be here already."
    code = "may-be-here"

    def __init__(self, clients: tuple[int, ...]) -> None:
        super().__init__()
        self.clients = clients


class InTheWay(SidegateError):
    """An edit would break bookings that stand. `blockers` lists them for staff who may see them (SAFETY.md 3)."""

    status = 409
    sentence = "Some bookings are in the way."
    code = "in-the-way"

    def __init__(self, blockers: tuple[int, ...] = (), sessions: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.blockers = blockers
        self.sessions = sessions


class LinkExpired(SidegateError):
    """A link that was used, revoked, has expired or never was: not told apart."""

    status = 410
    sentence = "This link has ended."
    code = "link-ended"


class KeyReused(SidegateError):
    """An idempotency key came back with a different request."""

    status = 422
    sentence = "This request was already sent with other details."
    code = "key-reused"


class Busy(SidegateError):
    """Too many people are writing at the same moment; nothing was changed."""

    status = 503
    sentence = "The system is busy. Nothing was changed. Please try again."
    code = "busy"


class BodyUnreadable(SidegateError):
    """A request's body is not JSON at all."""

    status = 400
    sentence = "The body is not JSON that can be read."
    code = "body-unreadable"


class BodyNotJson(SidegateError):
    """A request's body says that it is something other than JSON."""

    status = 415
    sentence = "Send the body as application/json."
    code = "body-not-json"


class VersionMissing(SidegateError):
    """An edit did not say which version of the record it changes."""

    status = 428
    sentence = "Send If-Match with the ETag of what you read, so that nobody's change is lost."
    code = "version-missing"


class SignInFailed(SidegateError):
    """Wrong name or password: not told apart."""

    status = 401
    sentence = "That name and password do not match."
    code = "sign-in-failed"


class BackupUnfit(SidegateError):
    """A file that is no backup, is cut short or changed, or does not fit this database. Its sentence says which."""

    status = 422
    sentence = "That file cannot be put back."
    code = "backup-unfit"


class RecordUnreadable(Exception):
    """An encrypted value that cannot be read. Whoever asks a rule with it must be told "not available"."""


class ConfigurationError(Exception):
    """The settings are such that the app must not start. Its text is one clear line for the person starting it."""
