"""A local stand-in for Twilio's Messages API over HTTP: checks each request as Twilio documents it, answers in its
format, makes its signed callbacks, and has faults that a test can order. `twilio_server` is what listens.

https://www.twilio.com/docs/messaging/api/message-resource, https://www.twilio.com/docs/usage/webhooks/webhooks-security
"""

from __future__ import annotations

import base64
import re
import secrets
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from twilio.request_validator import RequestValidator

ACCOUNT = "AC" + "0123456789abcdef" * 2
TOKEN = "the auth token of the tests"
NUMBER = "+441632960001"
SERVICE = "MG" + "0123456789abcdef" * 2

_BASIC = "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
_MESSAGES_AT = f"/2010-04-01/Accounts/{ACCOUNT}/Messages"
_SERVICE_AT = f"/v1/Services/{SERVICE}"
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_ALLOWED = {
    "To", "From", "MessagingServiceSid", "Body", "StatusCallback", "ValidityPeriod", "MediaUrl", "ApplicationSid",
    "ProvideFeedback", "SmartEncoded", "ShortenUrls", "SendAt", "ScheduleType",
}
#: A text in one of these is on its way: it can be neither emptied nor deleted.
UNDER_WAY = frozenset({"accepted", "scheduled", "queued", "sending", "sent", "receiving"})
_SAID = {
    20001: "Invalid parameter", 20003: "Authenticate", 20009: "Cannot delete this resource before it is complete",
    20404: "The requested resource was not found", 20429: "Too Many Requests", 20500: "Internal Server Error",
    21211: "The 'To' number is not a valid phone number.", 21602: "A message body is required",
    21603: "A 'From' phone number is required", 21604: "A 'To' phone number is required",
    21606: "The From phone number is not a valid, SMS-capable number", 21609: "Invalid 'StatusCallback' URL",
    21610: "Attempt to send to unsubscribed recipient", 21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit", 30400: "Parameters are not valid",
    90007: "Invalid validity period value",
}
_STATUS = {20003: 401, 20009: 409, 20404: 404, 20429: 429, 20500: 500}


class Reply(NamedTuple):
    """An answer over HTTP. `after` are seconds that it takes; `hang_up` ends the connection in its place."""

    status: int
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    after: float = 0.0
    hang_up: bool = False


class Callback(NamedTuple):
    """A request that Twilio makes: its path and query under our address, its form, and its headers."""

    path: str
    form: dict[str, str]
    headers: dict[str, str]


@dataclass
class Message:
    """A text that the fake took."""

    sid: str
    form: dict[str, str]
    status: str
    at: datetime
    error: int | None = None
    inbound: bool = False

    def shown(self) -> dict[str, Any]:
        """The documented JSON."""
        at = format_datetime(self.at)
        uri = f"{_MESSAGES_AT}/{self.sid}.json"
        return {
            "account_sid": ACCOUNT, "api_version": "2010-04-01", "body": self.form["Body"], "date_created": at,
            "date_sent": None if self.status in ("queued", "accepted") else at, "date_updated": at,
            "direction": "inbound" if self.inbound else "outbound-api", "error_code": self.error,
            "error_message": self.error and _SAID.get(self.error, "Error"), "from": self.form.get("From"),
            "messaging_service_sid": self.form.get("MessagingServiceSid"), "num_media": "0", "num_segments": "1",
            "price": None, "price_unit": "USD", "sid": self.sid, "status": self.status, "to": self.form["To"],
            "uri": uri, "subresource_uris": {"media": uri.replace(".json", "/Media.json")},
        }


@dataclass
class Twilio:
    """The fake, as a test holds it. `faults` are used up one a request that would send: "drop" (take it, then hang up),
    "refuse CODE", "429 SECONDS", "500", "slow SECONDS", "garbled". Those in `later` are used up by every other request.
    """

    url: str = ""
    texts: dict[str, Message] = field(default_factory=dict)
    requests: list[dict[str, str]] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    faults: deque[str] = field(default_factory=deque)
    later: deque[str] = field(default_factory=deque)
    #: Seconds that each request takes.
    latency: float = 0.0
    #: How many requests at one instant before the answer is 429; 0 for no limit.
    most_at_once: int = 0
    under_way: int = 0
    senders: dict[str, list[str]] = field(
        default_factory=lambda: {"PhoneNumbers": [NUMBER], "ShortCodes": [], "AlphaSenders": []}
    )
    lock: threading.RLock = field(default_factory=threading.RLock)
    #: How whoever listens is told to stop.
    stop: Callable[[], object] = lambda: None

    @property
    def messages(self) -> list[Message]:
        """Every text that it took to send and still keeps, the first first."""
        return [each for each in self.texts.values() if not each.inbound]

    @property
    def settings(self) -> dict[str, str]:
        """What an app needs to send through this fake."""
        return {
            "SMS_GATEWAY": "twilio", "TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN, "TWILIO_FROM": NUMBER,
            "TWILIO_API_BASE": self.url, "PUBLIC_URL": "https://sidegate.example",
        }

    def bodies(self) -> list[str]:
        """The words of every text that it took."""
        return [message.form["Body"] for message in self.messages]

    # --- What it calls -----------------------------------------------------------------------------------------------

    def receipt(self, message: Message, status: str, error: int | None = None, token: str = TOKEN) -> Callback:
        """The callback that Twilio would make now that this text has come so far."""
        message.status, message.error = status, error
        form = {
            "AccountSid": ACCOUNT, "ApiVersion": "2010-04-01", "MessageSid": message.sid, "SmsSid": message.sid,
            "MessageStatus": status, "SmsStatus": status, "To": message.form["To"], "From": NUMBER,
        }
        if error is not None:
            form["ErrorCode"] = str(error)
        return _signed(message.form["StatusCallback"], form, token)

    def reply(self, number: str, body: str, token: str = TOKEN) -> Callback:
        """What Twilio posts when a text comes in, which it keeps like any other."""
        sid = f"SM{secrets.token_hex(16)}"
        form = {
            "AccountSid": ACCOUNT, "ApiVersion": "2010-04-01", "MessageSid": sid, "SmsSid": sid, "SmsMessageSid": sid,
            "From": number, "To": NUMBER, "Body": body, "NumMedia": "0", "NumSegments": "1",
        }
        self.texts[sid] = Message(sid, form, "received", datetime.now(UTC), inbound=True)
        return _signed("https://sidegate.example/hooks/twilio/reply", form, token)

    # --- What it is asked --------------------------------------------------------------------------------------------

    def answer(self, method: str, target: str, headers: Mapping[str, str], raw: bytes) -> Reply:
        """Answer one request. `headers` have small letters in their names."""
        parts = urlsplit(target)
        with self.lock:
            if headers.get("authorization") != _BASIC:
                return refusal(20003)
            if method == "POST" and parts.path == f"{_MESSAGES_AT}.json":
                return self._create(_form(headers, raw))
            self.asked[method] += 1
            kind, _, rest = (self.later.popleft() if self.later else "").partition(" ")
            if kind == "drop":
                return Reply(0, hang_up=True)
            if kind:
                code = {"429": 20429, "500": 20500}.get(kind) or int(rest)
                return refusal(code, rest if kind == "429" else "")
            query = dict(parse_qsl(parts.query))
            if parts.path == f"{_MESSAGES_AT}.json" and method == "GET":
                return self._list(query)
            if parts.path.startswith(f"{_MESSAGES_AT}/"):
                sid = parts.path.removeprefix(f"{_MESSAGES_AT}/").removesuffix(".json")
                return self._one(method, sid, _form(headers, raw) if method == "POST" else {})
            if parts.path.startswith(f"{_SERVICE_AT}/") and method == "GET":
                return self._senders(parts.path.removeprefix(f"{_SERVICE_AT}/"))
            return refusal(20404)

    def _create(self, form: dict[str, str]) -> Reply:
        self.requests.append(form)
        kind, _, rest = (self.faults.popleft() if self.faults else "").partition(" ")
        if kind == "429" or (self.most_at_once and self.under_way > self.most_at_once):
            return refusal(20429, rest or "1", self.latency)
        if kind == "500":
            return refusal(20500, after=self.latency)
        if code := int(rest) if kind == "refuse" else _wrong_with(form):
            return refusal(code, after=self.latency)
        message = Message(f"SM{secrets.token_hex(16)}", form, "queued", datetime.now(UTC))
        self.texts[message.sid] = message
        if kind == "drop":
            return Reply(0, after=self.latency, hang_up=True)
        if kind == "garbled":
            return Reply(201, b"<oops", after=self.latency)
        return Reply(201, message.shown(), after=self.latency + (float(rest) if kind == "slow" else 0))

    def _list(self, query: dict[str, str]) -> Reply:
        """The newest first, a page at a time; the last page has no next one."""
        since = datetime.fromisoformat(query["DateSent>"]).date() if "DateSent>" in query else None
        found = [
            each
            for each in reversed(self.texts.values())
            if query.get("To", each.form["To"]) == each.form["To"]
            and query.get("From", each.form.get("From")) == each.form.get("From")
            and (since is None or each.at.date() >= since)
        ]
        size = min(int(query.get("PageSize", "50")), 1000)
        page = int(query.get("Page", "0"))
        shown = found[page * size : (page + 1) * size]

        def uri(number: int) -> str:
            rest = {name: value for name, value in query.items() if name not in ("Page", "PageToken", "PageSize")}
            more = {"PageToken": f"PASM{number}"} if number else {}
            return f"{_MESSAGES_AT}.json?{urlencode({**rest, 'PageSize': size, 'Page': number, **more})}"

        return Reply(200, {
            "messages": [each.shown() for each in shown], "page": page, "page_size": size, "start": page * size,
            "end": page * size + len(shown) - 1, "uri": uri(page), "first_page_uri": uri(0),
            "next_page_uri": uri(page + 1) if len(found) > (page + 1) * size else None,
            "previous_page_uri": uri(page - 1) if page else None,
        })  # fmt: skip

    def _one(self, method: str, sid: str, form: dict[str, str]) -> Reply:
        message = self.texts.get(sid)
        if message is None:
            return refusal(20404)
        if method == "POST":
            if form != {"Body": ""}:
                return refusal(30400)
            if message.status in UNDER_WAY:
                return refusal(20009)
            message.form = {**message.form, "Body": ""}
        if method == "DELETE":
            if message.status in UNDER_WAY:
                return refusal(20009)
            del self.texts[sid]
            return Reply(204)
        return Reply(200, message.shown())

    def _senders(self, kind: str) -> Reply:
        if kind not in self.senders:
            return refusal(20404)
        key, name = {
            "PhoneNumbers": ("phone_numbers", "phone_number"), "ShortCodes": ("short_codes", "short_code"),
            "AlphaSenders": ("alpha_senders", "alpha_sender"),
        }[kind]
        at, url = "2026-01-05T10:00:00Z", f"https://messaging.twilio.com{_SERVICE_AT}/{kind}"
        return Reply(200, {
            key: [
                {
                    "sid": f"PN{place:032x}", "account_sid": ACCOUNT, "service_sid": SERVICE, "date_created": at,
                    "date_updated": at, name: sender, "country_code": "GB", "capabilities": ["SMS"], "url": url,
                }
                for place, sender in enumerate(self.senders[kind])
            ],
            "meta": {
                "page": 0, "page_size": 50, "first_page_url": f"{url}?PageSize=50&Page=0", "previous_page_url": None,
                "url": f"{url}?PageSize=50&Page=0", "next_page_url": None, "key": key,
            },
        })  # fmt: skip


def refusal(code: int, retry_after: str = "", after: float = 0.0) -> Reply:
    """Twilio's error of this code."""
    status = _STATUS.get(code, 400)
    more = f"https://www.twilio.com/docs/errors/{code}"
    body = {"code": code, "message": _SAID.get(code, "Error"), "more_info": more, "status": status}
    headers = [("Retry-After", retry_after)] if retry_after else []
    if status == 401:
        headers.append(("WWW-Authenticate", 'Basic realm="Twilio API"'))
    return Reply(status, body, tuple(headers), after)


def _form(headers: Mapping[str, str], raw: bytes) -> dict[str, str]:
    assert headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    return dict(parse_qsl(raw.decode(), keep_blank_values=True))


def _wrong_with(form: Mapping[str, str]) -> int:
    assert set(form) <= _ALLOWED, f"Twilio has no parameter {set(form) - _ALLOWED}"
    if not form.get("To"):
        return 21604
    if not _E164.fullmatch(form["To"]):
        return 21211
    if not form.get("From") and not form.get("MessagingServiceSid"):
        return 21603
    if form.get("From", NUMBER) != NUMBER or form.get("MessagingServiceSid", SERVICE) != SERVICE:
        return 21606
    if not form.get("Body"):
        return 21602
    if len(form["Body"]) > 1600:
        return 21617
    callback = urlsplit(form.get("StatusCallback", "https://example.org"))
    if callback.scheme not in ("http", "https") or "_" in callback.netloc or "." not in callback.netloc:
        return 21609
    validity = form.get("ValidityPeriod", "36000")
    return 0 if validity.isdigit() and 1 <= int(validity) <= 36_000 else 90007


def _signed(url: str, form: dict[str, str], token: str) -> Callback:
    parts = urlsplit(url)
    signature = RequestValidator(token).compute_signature(url, form)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return Callback(path, form, {"X-Twilio-Signature": signature})


def summary(texts: Iterable[Message]) -> dict[str, int]:
    """How many texts, and how many of them said the same as another to the same number."""
    said = Counter((each.form["To"], each.form["Body"]) for each in texts)
    return {"texts": said.total(), "twice": said.total() - len(said)}
