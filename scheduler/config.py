"""Settings: from the environment (`SIDEGATE_*`), then `instance/config.toml`, then the embedded defaults."""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scheduler.crypto import new_keys
from scheduler.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name without `SIDEGATE_`, its embedded default, and what it is for."""

    name: str
    default: str
    meaning: str


SETTINGS = (
    Setting("DATABASE_URL", "", "Database; empty means SQLite in `instance/`. `postgresql+psycopg://…` in production."),
    Setting("KEYS", "", "Encryption keys: `1=BASE64,index=BASE64`. Empty means a file in `instance/`."),
    Setting("SECRET_KEY", "", "Signs cookies and forms. Empty means a file in `instance/`."),
    Setting("PUBLIC_URL", "http://127.0.0.1:5000", "The address that texts and calendars point to, without a slash."),
    Setting("ORGANISATION", "Riverside Wellbeing", "The neutral name shown to staff, and in texts where she agreed."),
    Setting("LEAVE_URL", "https://www.bbc.co.uk/weather", "Where the leave-now button goes: an everyday page."),
    Setting("CALL_US", "", "A number that her pages give for help, in any form that people read easily."),
    Setting("VIDEO_URL", "", "A Jitsi-compatible server of the service's choice for video; empty means none."),
    Setting("CHAT_URL", "", "The service's own web chat, where each appointment has a room; empty means none."),
    Setting("SAFE_CHECK_DAYS", "90", "After how many days she is asked again what is safe, where nobody says sooner."),
    Setting("ZONE", "Europe/London", "The service's own time zone: staff pages, reports, quiet hours."),
    Setting("SMS_GATEWAY", "handset", "`handset` shows texts on a page of the app; `twilio` sends them."),
    Setting("TWILIO_ACCOUNT_SID", "", "Twilio account."),
    Setting("TWILIO_AUTH_TOKEN", "", "Twilio auth token; also checks the signatures of its callbacks."),
    Setting("TWILIO_FROM", "", "The +44 two-way number that texts come from."),
    Setting("TWILIO_MESSAGING_SERVICE_SID", "", "A Twilio messaging service, instead of a number."),
    Setting("TWILIO_API_BASE", "", "Another base address for Twilio's API, for a region or a test."),
    Setting("REDIS_URL", "", "Shares rate limits between processes. Empty counts within each process."),
    Setting("PROXIES", "0", "How many reverse proxies stand in front, whose word on the visitor's address is taken."),
    Setting("PRODUCTION", "", "`1` refuses to start unless secrets, sender, address and migration are fit for use."),
    Setting("LOG_LEVEL", "INFO", "How much is logged. Never names, numbers or places at any level."),
)

_NAMES = frozenset(setting.name for setting in SETTINGS)


def _file_setting(instance: Path, name: str, make: Any) -> str:
    """The secret kept in `instance/NAME`, made once and readable by its owner alone."""
    path = instance / name
    try:
        instance.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(make())
        return path.read_text().strip()
    except FileExistsError:
        return path.read_text().strip()
    except OSError as error:
        raise ConfigurationError(f"The folder {instance.name}/ cannot be written to: {error.strerror}.") from error


def load(instance: Path, overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Every setting, by its name without `SIDEGATE_`. `overrides` win over the environment (tests use them).

    Raises ConfigurationError with one clear line when a setting is unknown, missing or unfit for production.
    """
    values: dict[str, Any] = {setting.name: setting.default for setting in SETTINGS}
    file = instance / "config.toml"
    if file.exists():
        try:
            from_file = {name.upper(): value for name, value in tomllib.loads(file.read_text()).items()}
        except tomllib.TOMLDecodeError as error:
            raise ConfigurationError(f"config.toml cannot be read: {error}.") from error
        unknown = sorted(set(from_file) - _NAMES)
        if unknown:
            raise ConfigurationError(f"config.toml has a setting that does not exist: {unknown[0]}.")
        values.update(from_file)
    values.update({n: os.environ[f"SIDEGATE_{n}"] for n in _NAMES if os.environ.get(f"SIDEGATE_{n}")})
    values.update(overrides or {})
    values["PRODUCTION"] = str(values["PRODUCTION"]).lower() in ("1", "true", "yes")
    for name in ("PUBLIC_URL", "VIDEO_URL", "CHAT_URL"):
        values[name] = str(values[name]).rstrip("/")
    if not str(values["SAFE_CHECK_DAYS"]).isdecimal() or not 1 <= int(values["SAFE_CHECK_DAYS"]) <= 730:
        raise ConfigurationError("SIDEGATE_SAFE_CHECK_DAYS must be a number of days from 1 to 730.")
    if values["PRODUCTION"]:
        _fit_for_production(values)
    if not values["DATABASE_URL"]:
        values["DATABASE_URL"] = f"sqlite:///{instance / 'sidegate.sqlite'}"
    if not values["KEYS"]:
        values["KEYS"] = _file_setting(instance, "keys", new_keys)
    if not values["SECRET_KEY"]:
        values["SECRET_KEY"] = _file_setting(instance, "secret_key", lambda: secrets.token_urlsafe(48))
    return values


def _fit_for_production(values: Mapping[str, Any]) -> None:
    if not values["KEYS"] or len(str(values["SECRET_KEY"])) < 32:
        raise ConfigurationError("In production, SIDEGATE_KEYS and SIDEGATE_SECRET_KEY (32 characters) must be set.")
    if not str(values["PUBLIC_URL"]).startswith("https://"):
        raise ConfigurationError("In production, SIDEGATE_PUBLIC_URL must begin with https://.")
    for name in ("VIDEO_URL", "CHAT_URL"):
        if values[name] and not str(values[name]).startswith("https://"):
            raise ConfigurationError(f"In production, SIDEGATE_{name} must begin with https://.")
    if not values["DATABASE_URL"]:
        raise ConfigurationError("In production, SIDEGATE_DATABASE_URL must be set.")
    if values["SMS_GATEWAY"] != "twilio":
        raise ConfigurationError("In production, SIDEGATE_SMS_GATEWAY must be twilio: a handset shows texts to staff.")
    sender = str(values["TWILIO_FROM"])
    if not values["TWILIO_MESSAGING_SERVICE_SID"] and not sender.startswith("+44"):
        raise ConfigurationError("In production, texts need a +44 number or a messaging service to come from.")
    if not values["TWILIO_ACCOUNT_SID"] or not values["TWILIO_AUTH_TOKEN"]:
        raise ConfigurationError("In production, the Twilio account and its auth token must be set.")
