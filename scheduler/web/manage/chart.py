"""The chart of texts, as an image. pygal draws it; its style sheet, script and hover parts are taken out, and every
shape gets its colours as attributes, so that the strict content policy holds for the picture too."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from typing import Any

from flask_babel import gettext as _

from scheduler.services.texts import Fate, Figures
from scheduler.web import pages

#: Told apart by lightness too, not by hue alone.
COLOURS = {
    Fate.DELIVERED: "#1f6f54", Fate.SENT: "#7cc0a2", Fate.PLANNED: "#c9d3d1", Fate.UNSAFE: "#e3a52f",
    Fate.UNKNOWN: "#7a5aa6", Fate.UNDELIVERED: "#a3261c",
}
_SVG = "{http://www.w3.org/2000/svg}"
_INK, _LINE = "#333b3b", "#d5dbd9"
#: What serves only whoever hovers over a chart that stands in a page of its own.
_HOVER = ("plot overlay", "plot text-overlay", "plot tooltip-overlay")


def draw(figures: Figures, words: dict[Fate, Any]) -> str:
    """An SVG picture of the texts of each day, one bar a day."""
    chart = _library().StackedBar(
        js=[], css=[], width=960, height=400, disable_xml_declaration=True, legend_at_bottom=True,
        legend_at_bottom_columns=3, legend_box_size=14, spacing=6, margin=12, show_minor_x_labels=False,
        min_scale=2, max_scale=6, order_min=0, truncate_legend=-1, truncate_label=-1, range=None, include_x_axis=True,
        formatter=lambda value: f"{value:.0f}",
    )
    dates = [each.day for each in figures.days]
    chart.x_labels = [_short(each) for each in dates]
    chart.x_labels_major = [_short(each) for each in _marked(dates)]
    for fate in COLOURS:
        chart.add(str(words[fate]), [each.texts[fate] for each in figures.days])
    chart.add_xml_filter(_plain)
    return str(chart.render(is_unicode=True))


def _library() -> Any:
    """pygal, loaded only where something is drawn. It puts a finder for maps into all imports of the process, of a kind
    that newer Pythons warn of and then leave out; nothing here draws a map, so the finder goes again."""
    import pygal

    sys.meta_path[:] = [each for each in sys.meta_path if not isinstance(each, pygal.PluginImportFixer)]
    return pygal


def _short(day: date) -> str:
    return pages.day_text(day).partition(" ")[0][:3] + f" {day.day} " + pages.day_text(day).rpartition(" ")[2][:3]


def _marked(dates: Sequence[date]) -> list[date]:
    """The days whose names stand below the chart: every one of a week, else Mondays, each second one of many."""
    if len(dates) <= 7:
        return list(dates)
    mondays = [each for each in dates if each.weekday() == 0]
    return mondays[:: 2 if len(mondays) > 8 else 1]


def _plain(root: Any) -> Any:
    """The picture without styles, scripts or what a pointer would show, coloured by attributes alone."""
    root.attrib.pop("id", None)
    for parent in list(root.iter()):
        for child in list(parent):
            tag = str(child.tag).removeprefix(_SVG)
            if not isinstance(child.tag, str) or tag in ("defs", "style", "script", "desc", "title") or (
                child.get("class") in _HOVER
            ):
                parent.remove(child)
    for each in root.iter():
        _colour(each, str(each.tag).removeprefix(_SVG), (each.get("class") or "").split())
    root.set("width", root.get("viewBox").split()[2])
    root.set("height", root.get("viewBox").split()[3])
    root.set("role", "img")
    root.set("aria-labelledby", "chart-title chart-desc")
    said = (("title", _("Texts by day")), ("desc", _("One bar a day, with a part for what became of each text.")))
    for place, (tag, words) in enumerate(said):
        each = root.makeelement(tag, {"id": f"chart-{tag}"})
        each.text = words
        root.insert(place, each)
    return root


def _colour(each: Any, tag: str, classes: list[str]) -> None:
    if tag == "svg":
        each.set("font-family", "system-ui, sans-serif")
        each.set("font-size", "14")
    elif tag == "text":
        each.set("fill", _INK)
    elif tag == "path":
        each.set("fill", "none")
        each.set("stroke", _LINE)
    elif tag == "rect" and "background" in classes:
        each.set("fill", "#ffffff")
    elif tag in ("g", "rect") and (drawn := [name for name in classes if name.startswith("color-")]):
        each.set("fill", list(COLOURS.values())[int(drawn[0].removeprefix("color-"))])  # a series, or its legend's box
    elif tag == "g" and "axis" in classes:
        each.set("text-anchor", "end" if "y" in classes else "middle")
        if "x" in classes:  # the labels stay, the lines between days go
            for guide in each:
                _without_lines(guide)


def _without_lines(guide: Any) -> None:
    for line in [child for child in guide if str(child.tag).removeprefix(_SVG) == "path"]:
        guide.remove(line)
    for text in guide:
        if "major" not in (text.get("class") or "").split():
            text.text = ""


__all__ = ["COLOURS", "draw"]
