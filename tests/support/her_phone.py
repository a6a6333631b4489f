"""A woman's phone: presses the buttons of her pages as a browser without JavaScript does, and notes what it fetched."""

from dataclasses import dataclass, field
from typing import Any

from bs4 import BeautifulSoup, Tag
from flask import Flask
from flask.testing import FlaskClient

from scheduler.extensions import db
from scheduler.services import links
from scheduler.services.transaction import use_case


def make_link(client: int, **about: Any) -> str:
    """A link of this client's, committed; its token. `about` may hold message_id, type_id and appointment_id."""
    about.setdefault("message_id", None)
    token = use_case(links.make_link)(client, **about)
    db.session.rollback()
    return token


@dataclass
class Phone:
    """One browser. `address` and `html` are of the page in view; `fetched` every address in order."""

    app: Flask
    http: FlaskClient = field(init=False)
    address: str = ""
    html: str = ""
    status: int = 0
    headers: Any = None
    fetched: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.http = self.app.test_client()

    def _fetch(self, method: str, address: str, **rest: Any) -> Any:
        self.fetched.append(address)
        answer = self.http.open(address, method=method, **rest)
        self.address, self.status, self.headers = address, answer.status_code, answer.headers
        self.html = answer.get_data(as_text=True)
        return answer

    def open(self, address: str) -> "Phone":
        """Go to an address, following redirects within the site."""
        answer = self._fetch("GET", address)
        return self._follow(answer)

    def _follow(self, answer: Any) -> "Phone":
        while answer.status_code in (302, 303) and answer.headers["Location"].startswith("/"):
            answer = self._fetch("GET", answer.headers["Location"])
        return self

    @property
    def page(self) -> BeautifulSoup:
        """The page in view."""
        return BeautifulSoup(self.html, "html.parser")

    @property
    def words(self) -> str:
        """Its words, without the Leave button's."""
        main = self.page.main
        return " ".join(main.get_text(" ").split()) if main else ""

    def buttons(self, within: str = "main") -> list[str]:
        """What its buttons say."""
        found = self.page.select(f"{within} button")
        return [" ".join(each.get_text(" ").split()) for each in found]

    def press(self, words: str, **fields: Any) -> "Phone":
        """Press the first button or link whose words contain these, with its form filled in by `fields`."""
        for each in self.page.select("main button, main a, header button"):
            if words in " ".join(each.get_text(" ").split()):
                return self.follow(each, **fields)
        raise AssertionError(f"no button says {words!r}: {self.buttons()} on {self.address}")

    def follow(self, element: Tag, **fields: Any) -> "Phone":
        """Press this button or link."""
        if element.name == "a":
            return self.open(str(element["href"]))
        action, values = self.form(element)
        values.update({name: [value] if isinstance(value, str) else value for name, value in fields.items()})
        return self._follow(self._fetch("POST", action, data=values))

    def form(self, button: Tag) -> tuple[str, dict[str, list[str]]]:
        """Where pressing this button sends what."""
        form = button.find_parent("form")
        assert form is not None
        values: dict[str, list[str]] = {}
        for each in form.select("input"):
            if each.get("type") in ("checkbox", "radio") and not each.has_attr("checked"):
                continue
            values.setdefault(str(each["name"]), []).append(str(each.get("value", "on")))
        for select in form.select("select"):
            chosen = select.select_one("option[selected]") or select.select_one("option")
            values[str(select["name"])] = [str(chosen["value"])] if chosen else []
        if button.has_attr("name"):
            values[str(button["name"])] = [str(button["value"])]
        return str(form.get("action") or self.address), values

    def arrive(self, token: str) -> "Phone":
        """Open the link and press its button."""
        return self.open(f"/a/{token}").press("Continue")

