"""Reads a report the way a strict reader does: every element closed, every table as rows of text."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

VOID = {"meta", "link", "br", "input", "img", "hr", "wbr"}
SELF_CLOSING_SVG = {"rect", "line", "circle", "path", "use"}


@dataclass
class Page:
    """What stands in a report."""

    path: Path
    source: str
    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    tables: dict[str, list[list[str]]] = field(default_factory=dict)
    values: dict[str, list[list[float | None]]] = field(default_factory=dict)
    text: str = ""
    scripts: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def all(self, tag: str) -> list[dict[str, str]]:
        """Attributes of every element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    def with_class(self, name: str) -> list[dict[str, str]]:
        """Attributes of every element of a class."""
        return [a for _, a in self.elements if name in a.get("class", "").split()]

    def rows(self, key: str) -> list[dict[str, str]]:
        """Rows of a table by the words of its heads."""
        head, *body = self.tables[key]
        return [dict(zip(head, row, strict=True)) for row in body]


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__(convert_charrefs=True)
        self.page = page
        self.open: list[str] = []
        self.table: str | None = None
        self.words: list[str] = []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in SELF_CLOSING_SVG:
            self.page.faults.append(f"<{tag}/> is not a void element")
        self.page.elements.append((tag, {k: v or "" for k, v in attrs}))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {k: v or "" for k, v in attrs}
        if len(given) != len(attrs):
            self.page.faults.append(f"<{tag}> repeats an attribute")
        self.page.elements.append((tag, given))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table" and "id" in given:
            self.table = given["id"]
            self.page.tables[self.table], self.page.values[self.table] = [], []
        if self.table and tag == "tr":
            self.page.tables[self.table].append([])
            self.page.values[self.table].append([])
        if self.table and tag in ("td", "th"):
            self.page.tables[self.table][-1].append("")
            self.page.values[self.table][-1].append(float(given["data-v"]) if "data-v" in given else None)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            self.page.faults.append(f"</{tag}> closes {self.open[-1:]} at {self.getpos()}")
        else:
            self.open.pop()
        if tag == "table":
            self.table = None

    def handle_data(self, data: str) -> None:
        inside = self.open[-1] if self.open else ""
        if inside == "script":
            self.page.scripts.append(data)
        elif inside == "style":
            self.page.styles.append(data)
        else:
            self.words.append(data)
            if self.table and inside in ("td", "th"):
                self.page.tables[self.table][-1][-1] += data


def read_page(path: Path) -> Page:
    """Read a report."""
    page = Page(path, path.read_text(encoding="utf-8"))
    reader = _Reader(page)
    reader.feed(page.source)
    reader.close()
    page.faults += [f"<{tag}> is never closed" for tag in reader.open]
    page.text = " ".join(" ".join(reader.words).split())
    return page
