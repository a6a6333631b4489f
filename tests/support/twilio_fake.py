"""A local stand-in for Twilio's Messages API over HTTP: checks each request as Twilio documents it, answers in its
format, and has faults that a test can order.

https://www.twilio.com/docs/messaging/api/message-resource
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from twilio.request_validator import RequestValidator

ACCOUNT = "AC" + "0123456789abcdef" * 2
TOKEN = "the auth token of the tests"
NUMBER = "+441632960001"
SERVICE = "MG" + "0123456789abcdef" * 2

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_ALLOWED = {
    "To", "From", "MessagingServiceSid", "Body", "StatusCallback", "ValidityPeriod", "MediaUrl", "ApplicationSid",
    "ProvideFeedback", "SmartEncoded", "ShortenUrls", "SendAt", "ScheduleType",
}
_MESSAGES = {
    20003: "Authenticate", 20404: "The requested resource was not found", 20429: "Too Many Requests",
    21211: "The 'To' number is not a valid phone number.", 21602: "A message body is required",
    21603: "A 'From' phone number is required", 21604: "A 'To' phone number is required",
    21606: "The From phone number is not a valid, SMS-capable number", 21609: "Invalid 'StatusCallback' URL",
    21610: "Attempt to send to unsubscribed recipient", 21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit", 90007: "Invalid validity period value",
}


@dataclass
class Message:
    """A text that the fake took."""

    sid: str
    form: dict[str, str]
    status: str
    at: datetime

    def shown(self) -> dict[str, Any]:
        """The documented JSON."""
        at = format_datetime(self.at)
        uri = f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{self.sid}.json"
        return {
            "account_sid": ACCOUNT, "api_version": "2010-04-01", "body": self.form["Body"], "date_created": at,
            "date_sent": None if self.status in ("queued", "accepted") else at, "date_updated": at,
            "direction": "outbound-api", "error_code": None, "error_message": None, "from": self.form.get("From"),
            "messaging_service_sid": self.form.get("MessagingServiceSid"), "num_media": "0", "num_segments": "1",
            "price": None, "price_unit": "USD", "sid": self.sid, "status": self.status, "to": self.form["To"],
            "uri": uri, "subresource_uris": {"media": uri.replace(".json", "/Media.json")},
        }


@dataclass
class Twilio:
    """The fake, as a test holds it. `faults` are used up one a request: "drop" (take it, then hang up), "refuse CODE",
    "429 SECONDS", "500", "slow SECONDS", "garbled"."""

    url: str = ""
    messages: list[Message] = field(default_factory=list)
    requests: list[dict[str, str]] = field(default_factory=list)
    faults: deque[str] = field(default_factory=deque)
    latency: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

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

    def receipt(
        self, message: Message, status: str, error: int | None = None, token: str = TOKEN
    ) -> tuple[str, dict[str, str], dict[str, str]]:
        """The callback that Twilio would make: its path and query, its form, and its headers with the signature."""
        form = {
            "AccountSid": ACCOUNT, "ApiVersion": "2010-04-01", "MessageSid": message.sid, "SmsSid": message.sid,
            "MessageStatus": status, "SmsStatus": status, "To": message.form["To"], "From": NUMBER,
        }
        if error is not None:
            form["ErrorCode"] = str(error)
        return _signed(message.form["StatusCallback"], form, token)

    def reply(self, number: str, body: str, token: str = TOKEN) -> tuple[str, dict[str, str], dict[str, str]]:
        """What Twilio posts when a text comes in."""
        sid = f"SM{secrets.token_hex(16)}"
        form = {
            "AccountSid": ACCOUNT, "ApiVersion": "2010-04-01", "MessageSid": sid, "SmsSid": sid, "SmsMessageSid": sid,
            "From": number, "To": NUMBER, "Body": body, "NumMedia": "0", "NumSegments": "1",
        }
        return _signed("https://sidegate.example/hooks/twilio/reply", form, token)


def _signed(url: str, form: dict[str, str], token: str) -> tuple[str, dict[str, str], dict[str, str]]:
    parts = urlsplit(url)
    signature = RequestValidator(token).compute_signature(url, form)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path, form, {"X-Twilio-Signature": signature}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    twilio: Twilio

    def log_message(self, *_: Any) -> None:
        """Quiet."""

    def _answer(self, status: int, content: dict[str, Any], **headers: str) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _error(self, status: int, code: int, **headers: str) -> None:
        more = f"https://www.twilio.com/docs/errors/{code}"
        content = {"code": code, "message": _MESSAGES.get(code, "Error"), "more_info": more, "status": status}
        self._answer(status, content, **headers)

    def _allowed(self) -> bool:
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        wanted = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if scheme != "Basic" or value != wanted:
            self._error(401, 20003)
            return False
        if urlsplit(self.path).path != f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json":
            self._error(404, 20404)
            return False
        return True

    def do_POST(self) -> None:
        """Create a message."""
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        form = {name: values[0] for name, values in parse_qs(raw, keep_blank_values=True).items()}
        if not self._allowed():
            return
        with self.twilio.lock:
            self.twilio.requests.append(form)
            fault = self.twilio.faults.popleft() if self.twilio.faults else ""
        kind, _, rest = fault.partition(" ")
        time.sleep(self.twilio.latency)
        if kind == "429":
            return self._error(429, 20429, Retry_After=rest or "1")
        if kind == "500":
            return self._error(500, 20500)
        code = int(rest) if kind == "refuse" else self._wrong_with(form)
        if code:
            return self._error(401 if code == 20003 else 400, code)
        message = Message(f"SM{secrets.token_hex(16)}", form, "queued", datetime.now(UTC))
        with self.twilio.lock:
            self.twilio.messages.append(message)
        if kind == "drop":
            self.close_connection = True
            self.connection.close()
            return None
        if kind == "slow":
            time.sleep(float(rest))
        if kind == "garbled":
            self.send_response(201)
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"<oops")
            return None
        return self._answer(201, message.shown())

    def _wrong_with(self, form: dict[str, str]) -> int:
        assert self.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded")
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
        if not validity.isdigit() or not 1 <= int(validity) <= 36_000:
            return 90007
        return 0

    def do_GET(self) -> None:
        """List messages."""
        if not self._allowed():
            return
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        size = int(query.get("PageSize", "50"))
        since = datetime.fromisoformat(query["DateSent>"]).date() if "DateSent>" in query else None
        with self.twilio.lock:
            found = [
                each.shown()
                for each in reversed(self.twilio.messages)
                if query.get("To", each.form["To"]) == each.form["To"] and (since is None or each.at.date() >= since)
            ]
        uri = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        self._answer(200, {
            "messages": found[:size], "page": 0, "page_size": size, "start": 0, "end": len(found[:size]) - 1,
            "uri": uri, "first_page_uri": uri, "next_page_uri": None, "previous_page_uri": None,
        })


@contextmanager
def twilio_fake() -> Iterator[Twilio]:
    """Run the fake on a free port."""
    fake = Twilio()
    handler = type("Handler", (_Handler,), {"twilio": fake})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
