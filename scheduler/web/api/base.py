"""The API's frame: strict reading of requests, who may use a view, ETags, cursor pages, and its description."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

import marshmallow as ma
from flask import Flask, Request, current_app, request
from flask_limiter.util import get_remote_address
from flask_smorest import Api as SmorestApi
from flask_smorest import Blueprint as SmorestBlueprint
from flask_smorest.utils import prepare_response
from itsdangerous import BadSignature, URLSafeSerializer
from marshmallow import fields
from webargs.flaskparser import FlaskParser

from scheduler.errors import BodyNotJson, BodyUnreadable, Invalid, Stale, VersionMissing
from scheduler.services.actors import STAFF_ROLES
from scheduler.web.api.fields import MOST_ID, Schema, from_address
from scheduler.web.security import allow

View = TypeVar("View", bound=Callable[..., Any])

#: A record's id in an address. Anything that no record can have is simply not found.
ID = f"int(min=1, max={MOST_ID})"

EVERYONE = tuple(sorted(STAFF_ROLES))
#: Far above what an integration needs, and well below what a runaway loop does.
RATE = "1200 per minute"


# --- reading a request ------------------------------------------------------------------------------------------------


def _no_constant(_name: str) -> NoReturn:
    raise BodyUnreadable  # NaN and Infinity are not JSON (RFC 8259, 6)


def _no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BodyUnreadable  # two readers would believe two different things
    return found


class Parser(FlaskParser):
    """Reads a request strictly: what is not understood is refused, with a sentence by field."""

    DEFAULT_UNKNOWN_BY_LOCATION = {
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "json": ma.RAISE, "query": ma.RAISE, "querystring": ma.RAISE,
    }

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        """The body, which must be JSON and say so; an empty one is an empty object."""
        from_address.set(False)
        raw = req.get_data(cache=True)
        if not raw.strip():
            return {}
        if req.mimetype != "application/json" and not req.mimetype.endswith("+json"):
            raise BodyNotJson
        try:
            return json.loads(raw.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_no_twice)
        except (ValueError, RecursionError):
            raise BodyUnreadable from None

    def load_querystring(self, req: Request, schema: ma.Schema) -> Any:
        """The address's own fields."""
        from_address.set(True)
        return super().load_querystring(req, schema)

    def handle_error(self, error: ma.ValidationError, *_args: Any, **_kwargs: Any) -> NoReturn:
        """Every fault by its field's name, nested ones as `windows.0.opens`."""
        raise Invalid(**dict(_by_field(error.messages)))


def _by_field(messages: Any, path: tuple[str, ...] = ()) -> Iterable[tuple[str, str]]:
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            yield from _by_field(inner, path if name == "_schema" else (*path, _printable(name)))
    elif messages:
        first = messages[0] if isinstance(messages, list) else messages
        # The first part says where in the request the fault is; everything else is a field's name.
        yield ".".join(path[1:]) or "body", str(first)


def _printable(name: Any) -> str:
    return re.sub(r"[^\w\-]", "?", str(name), flags=re.ASCII)[:60]


# --- who may ---------------------------------------------------------------------------------------------------------


class Blueprint(SmorestBlueprint):
    """A resource's views."""

    ARGUMENTS_PARSER = Parser()

    def __init__(self, resource: str, description: str) -> None:
        super().__init__(
            f"api-{resource}", f"scheduler.web.api.{resource}", url_prefix="/api/v1", description=description
        )


def roles(*names: str) -> Callable[[View], View]:
    """The view is for tokens of these roles; said in the API's description as well. Put it below the route."""

    def declare(view: View) -> View:
        documented = SmorestBlueprint.doc(**{"x-roles": sorted(names)})(view)
        return allow(*names)(documented)

    return declare


def caller() -> str:
    """Whom the rate limit counts: a token, or an address that has none."""
    given = request.headers.get("Authorization", "")
    return hashlib.sha256(given.encode()).hexdigest() if given else get_remote_address()


# --- versions ---------------------------------------------------------------------------------------------------------


class IfMatch(Schema):
    """The header that says which version an edit is of."""

    if_match = fields.String(
        data_key="If-Match", load_default=None,
        metadata={"description": "The ETag of the version that is changed; `*` for whichever it is."},
    )

    class Meta:
        unknown = ma.EXCLUDE


class Keyed(IfMatch):
    """The headers of a request that may be sent twice."""

    key = fields.String(
        data_key="Idempotency-Key", load_default=None,
        metadata={"description": "Any text of your own. A repeated request with it gets the first one's result."},
    )

    @ma.validates("key")
    def _usable(self, value: str | None, **_kwargs: Any) -> None:
        if value is not None and not re.fullmatch(r"[\x21-\x7e]{1,200}", value):
            raise ma.ValidationError("Use 1 to 200 letters, digits and signs, without spaces.")


def expected(headers: Mapping[str, Any], needed: bool = True) -> int | None:
    """The version that the request's If-Match names; None for `*`, or when there is none and none is needed.

    Raises VersionMissing, Stale for an ETag that was never ours.
    """
    given = headers["if_match"]
    if given is None:
        if needed:
            raise VersionMissing
        return None
    if given.strip() == "*":
        return None
    found = re.fullmatch(r'\s*"(\d{1,9})"\s*', given, flags=re.ASCII)
    if found is None:
        raise Stale
    return int(found[1])


def tag(version: int) -> dict[str, str]:
    """The ETag header of a version."""
    return {"ETag": f'"{version}"'}


# --- pages ------------------------------------------------------------------------------------------------------------


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="api-cursor")


def _question(args: Mapping[str, Any]) -> str:
    asked = {name: value for name, value in args.items() if name not in ("cursor", "limit")}
    text = json.dumps([request.path, asked], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def after(args: Mapping[str, Any]) -> list[Any] | None:
    """The place that the request's cursor marks; None for a first page. Raises Invalid for one that is not ours or
    belongs to another question."""
    if not args.get("cursor"):
        return None
    try:
        question, place = _serializer().loads(args["cursor"])
    except (BadSignature, ValueError, TypeError):
        question, place = None, None
    if question != _question(args) or not isinstance(place, list):
        raise Invalid(cursor="Use the `next` of the page before, with the same filters.")
    return place


def page(args: Mapping[str, Any], found: Sequence[Any], place_of: Callable[[Any], Sequence[Any]]) -> dict[str, Any]:
    """A page of what was found after the cursor: ask for one more than `limit`, so that it shows whether there is a
    next page. `place_of` gives what the order is by, as JSON values."""
    limit = args["limit"]
    items = list(found[:limit])
    more = len(found) > limit
    following = _serializer().dumps([_question(args), list(place_of(items[-1]))]) if more else None
    return {"items": items, "next": following}


def page_of_all(args: Mapping[str, Any], found: Iterable[Any], place_of: Callable[[Any], Sequence[Any]]) -> Any:
    """A page of a list that is short enough to be held whole: put in order of `place_of`, from the cursor on."""
    ordered = sorted(found, key=place_of)
    place = after(args)
    if place is not None:
        try:
            ordered = [each for each in ordered if list(place_of(each)) > place]
        except TypeError:
            raise Invalid(cursor="Use the `next` of the page before, with the same filters.") from None
    return page(args, ordered, place_of)


def paged(item: type[ma.Schema]) -> type[ma.Schema]:
    """The schema of a page of these items."""
    name = item.__name__.removesuffix("Schema")
    return type(
        f"{name}PageSchema",
        (Schema,),
        {"items": fields.List(fields.Nested(item)), "next": fields.String(allow_none=True), "__module__": __name__},
    )


# --- the description --------------------------------------------------------------------------------------------------


class ProblemSchema(Schema):
    """A refusal (RFC 9457). `title` is the sentence for people, `code` the word for programs; `fields` has a sentence
    for each field at fault."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    code = fields.String(required=True)
    fields_ = fields.Dict(keys=fields.String(), values=fields.String(), data_key="fields", attribute="fields")
    appointments = fields.List(fields.Integer(), metadata={"description": "What is in the way of an edit."})
    sessions = fields.List(fields.Integer(), metadata={"description": "What is in the way of an edit."})


class Api(SmorestApi):
    """flask-smorest's description of the API; the answers to errors are the app's own."""

    ERROR_SCHEMA = ProblemSchema
    DEFAULT_ERROR_RESPONSE_NAME = "DEFAULT_ERROR"

    def _register_error_handlers(self) -> None:
        """None of its own: `web.errors` answers for pages and API alike."""

    def _register_responses(self) -> None:
        from http import HTTPStatus

        for status in HTTPStatus:
            refused = {"description": status.phrase, "schema": self.ERROR_SCHEMA}
            prepare_response(refused, self.spec, "application/problem+json")
            self.spec.components.response(status.name, refused, lazy=True)
        default = {"description": "Any refusal.", "schema": self.ERROR_SCHEMA}
        prepare_response(default, self.spec, "application/problem+json")
        self.spec.components.response("DEFAULT_ERROR", default, lazy=True)


def describe(app: Flask) -> Api:
    """An empty description for this app, to which the blueprints are added."""
    api = Api(
        spec_kwargs={
            "title": "Appointments",
            "version": "v1",
            "openapi_version": "3.1.0",
            "info": {
                "description": (
                    "Appointments, and everything around them. Times are RFC 3339 with an offset. Lists come in pages "
                    "with a `next` cursor. Every refusal is application/problem+json; a time that cannot be had is "
                    "always the same `slot-unavailable`, whatever the reason."
                )
            },
            "security": [{"bearer": []}],
        }
    )
    api.init_app(app)
    api.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    return api
