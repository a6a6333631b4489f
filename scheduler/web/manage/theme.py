"""The theme of her pages: a name, two colours and a picture, seen on a drawn phone before they are kept."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy

from scheduler.errors import Invalid, Stale
from scheduler.services import themes
from scheduler.services.themes import Look
from scheduler.web import pages
from scheduler.web.manage import ROLES, bp
from scheduler.web.security import allow, current_actor

PICTURES = {
    "hills": lazy("Hills"), "leaf": lazy("A leaf"), "wave": lazy("Waves"), "bird": lazy("A bird"),
    "flower": lazy("A flower"),
}
#: Pairs that go well together, to begin with.
SUGGESTED = (
    (lazy("Green and apricot"), "#1b665b", "#e8915b"), (lazy("Plum and rose"), "#6b2f6b", "#e79ab4"),
    (lazy("Blue and sand"), "#1f5a8a", "#e3b778"), (lazy("Brick and sky"), "#8a3b2a", "#8fbcd8"),
    (lazy("Teal and gold"), "#125e6a", "#e5b84b"),
)  # fmt: skip


@bp.get("/theme")
@allow(*ROLES)
def theme() -> Any:
    """The theme as it is, or as it is being tried."""
    return _page(_typed(themes.current() or themes.USUAL))


@bp.post("/theme")
@allow(*ROLES)
def save_theme() -> Any:
    """Show what was typed, or keep it."""
    form = request.form
    if form.get("do") == "usual":
        look = themes.USUAL
    else:
        look = Look(*(form.get(name, "")[:200] for name in ("name", "main", "accent", "picture")))
    try:
        look = themes.checked(look)
        if form.get("do") != "show":
            themes.set_look(current_actor(), look, pages.a_number(form.get("version"), "version", 0) or 0)
            flash(_("Her pages look like this now."), "ok")
            return redirect(url_for("manage.theme"), 303)
    except Invalid as wrong:
        return _page(look, dict(wrong.fields)), 422
    except Stale as error:
        flash(error.public, "error")
        return _page(look), error.status
    return _page(look)


def _page(look: Look, wrong: dict[str, str] | None = None) -> str:
    try:
        shown = themes.checked(look)
    except Invalid:
        shown = themes.current() or themes.USUAL
    return render_template(
        "manage/theme.html", look=look, shown=shown, pictures=PICTURES, suggested=SUGGESTED, wrong=wrong or {},
        version=themes.version(),
    )


def _typed(look: Look) -> Look:
    """The look, with what the address asks to try in its place."""
    asked = {name: request.args[name][:200] for name in ("name", "main", "accent", "picture") if name in request.args}
    return Look(**{"name": look.name, "main": look.main, "accent": look.accent, "picture": look.picture, **asked})


@bp.get("/theme/preview.css")
@allow(*ROLES)
def theme_preview() -> Response:
    """The style of the drawn phone, in the colours that the address names."""
    look = themes.checked(_typed(themes.USUAL))
    return Response(render_template("manage/preview.css", c=look.palette), mimetype="text/css")
