"""Texts through Twilio, and the signatures of what Twilio sends back. The only file that knows Twilio's library.

Twilio has no idempotency key: a POST that is repeated may send twice. So each text is posted once, and whatever leaves
in doubt whether Twilio took it is `Unknown`. Only an answer that says no, or a connection that was never made, is a no.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests import exceptions as trouble
from requests.adapters import HTTPAdapter
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from urllib3.exceptions import MaxRetryError, NewConnectionError

from scheduler import clock
from scheduler.notifications.codes import OPTED_OUT, OUTCOMES, PASSING, STATES, outcome_of
from scheduler.notifications.gateway import SAFE_SENDER, Accepted, Answer, Listed, NotTried, Refused, Text, Unknown

_CONNECT, _ANSWER = 5.0, 15.0
#: How long Twilio may keep a text before it leaves, in seconds; Twilio takes 1 to 36,000, and advises 5 at the least.
_SHORTEST_VALIDITY, _LONGEST_VALIDITY = 5, 36_000
_LONGEST_WAIT = timedelta(hours=1)
#: The status of an answer that there is nothing to empty or delete.
_GONE = 404


class _Http(TwilioHttpClient):
    """Twilio's client over `requests`: to another base address when one is set, with both time limits, logging
    nothing, and remembering how long an answer asked us to wait."""

    def __init__(self, base: str, at_once: int) -> None:
        super().__init__()
        # As many connections are kept open as texts are under way, and no request is ever repeated by itself.
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, HTTPAdapter(pool_maxsize=at_once, max_retries=0))
        self.timeout = (_CONNECT, _ANSWER)  # as `requests` takes it
        self._base = urlsplit(base) if base else None
        self._last = threading.local()

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        """Send one request."""
        self._last.wait = None
        if self._base is not None:
            there = urlsplit(url)
            path = self._base.path.rstrip("/") + there.path
            url = urlunsplit((self._base.scheme, self._base.netloc, path, there.query, ""))
        response = super().request(method, url, *args, **kwargs)
        self._last.wait = (response.headers or {}).get("Retry-After")
        return response

    def log_request(self, kwargs: dict[str, Any]) -> None:
        """Nothing: a request holds her number and the words."""

    def log_response(self, status_code: int, response: requests.Response) -> None:
        """Nothing."""

    def wait(self) -> timedelta:
        """How long this thread's last answer asked us to wait."""
        asked = getattr(self._last, "wait", None)
        return min(timedelta(seconds=int(asked)), _LONGEST_WAIT) if asked and str(asked).isdigit() else timedelta(0)


class TwilioGateway:
    """Sends through one Twilio account, from a messaging service or a number."""

    at_once = 25
    keeps = True

    def __init__(
        self, account: str, token: str, sender: str, service: str, public_url: str, base: str = ""
    ) -> None:
        from twilio.rest import Client  # large: only the worker needs it

        self._http = _Http(base, self.at_once)
        self._client = Client(account, token, http_client=self._http)
        self._service = service
        self._from = {"messaging_service_sid": service} if service else {"from_": sender}
        self._callback = f"{public_url}/hooks/twilio/status"

    @classmethod
    def from_settings(cls, config: Mapping[str, Any]) -> TwilioGateway:
        """The gateway of the app's settings."""
        names = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM", "TWILIO_MESSAGING_SERVICE_SID", "PUBLIC_URL")
        return cls(*(str(config[f"SIDEGATE_{name}"]) for name in names), str(config["SIDEGATE_TWILIO_API_BASE"]))

    def send(self, text: Text) -> Answer:
        """Post one text, once."""
        left = int((text.until - clock.now()).total_seconds())
        if left < _SHORTEST_VALIDITY:
            return NotTried()  # weighed anew: there may be another safe time before it is too late
        try:
            made = self._client.messages.create(
                to=text.to,
                body=text.body,
                status_callback=f"{self._callback}?{text.kind}={text.message_id}",
                validity_period=min(left, _LONGEST_VALIDITY),
                **self._from,
            )
        except TwilioRestException as answer:
            return self._no(answer)
        except trouble.RequestException as problem:
            unreachable = _never_connected(problem)
            return Refused("unreachable", again=True, ours=True) if unreachable else Unknown("no-answer")
        except (TwilioException, ValueError, KeyError, TypeError):
            # An answer that cannot be read may be a yes.
            return Unknown("unreadable-answer")
        if not made.sid:
            return Unknown("unreadable-answer")
        return Accepted(made.sid, STATES.get(str(made.status), "accepted"))

    def _no(self, answer: TwilioRestException) -> Answer:
        code = answer.code or 0
        if answer.status == 429 or code in PASSING:
            return Refused(OUTCOMES.get(code, "too-many"), again=True, wait=self._http.wait(), ours=True)
        if 400 <= answer.status < 500 and answer.status != 408:
            return Refused(OUTCOMES.get(code, f"refused-{code or answer.status}"), stopped=code == OPTED_OUT)
        return Unknown(f"answer-{answer.status}")

    def sent_to(self, number: str, since: datetime) -> Iterable[Listed]:
        """Twilio's list of texts to a number since then. Raises OSError when it cannot be had."""
        try:
            found = self._client.messages.list(to=number, date_sent_after=since - timedelta(days=1), limit=200)
        except (TwilioException, trouble.RequestException, ValueError, KeyError) as problem:
            raise OSError("Twilio's list cannot be read") from problem
        return [
            Listed(each.sid, STATES.get(str(each.status), "accepted"), each.body or "", _why(each.error_code))
            for each in found
            if each.sid and str(each.direction or "").startswith("outbound")
        ]

    def unfit(self) -> str | None:
        """Asks what a messaging service sends from; a number was looked at when the app started."""
        if not self._service:
            return None
        service = self._client.messaging.v1.services(self._service)
        try:
            numbers = [each.phone_number or "" for each in service.phone_numbers.list()]
            others = service.short_codes.list(limit=1) or service.alpha_senders.list(limit=1)
        except (TwilioException, trouble.RequestException, ValueError, KeyError):
            return "what the messaging service sends from cannot be asked"
        if not numbers:
            return "the messaging service has no number to send from"
        if others or not all(SAFE_SENDER.fullmatch(number) for number in numbers):
            return "the messaging service sends from a name, a short code or a number that is not +44"
        return None

    def empty(self, provider_id: str) -> bool:
        """Set the words of a text to nothing, which Twilio does once it is settled."""
        return self._forgotten(lambda: self._client.messages(provider_id).update(body=""))

    def delete(self, provider_id: str) -> bool:
        """Delete the record of a text."""
        return self._forgotten(lambda: self._client.messages(provider_id).delete())

    @staticmethod
    def _forgotten(ask: Callable[[], object]) -> bool:
        try:
            ask()
        except TwilioRestException as answer:
            return bool(answer.status == _GONE)
        except (TwilioException, trouble.RequestException, ValueError, KeyError, TypeError):
            return False
        return True


def _why(code: object) -> str | None:
    return outcome_of(str(code)) if code else None


def _never_connected(problem: trouble.RequestException) -> bool:
    """True when not one byte of the request left, so that Twilio certainly did not take it."""
    if isinstance(problem, trouble.ConnectTimeout | trouble.SSLError | trouble.ProxyError):
        return True
    cause = problem.args[0] if problem.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


def signature_fits(token: str, url: str, form: Mapping[str, Any], signature: str) -> bool:
    """True when Twilio signed this form, posted to this address of ours. Without a token nothing fits."""
    return bool(token) and bool(RequestValidator(token).validate(url, form, signature))
