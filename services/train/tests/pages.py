"""A parser of report pages: well-formed markup, texts and plots."""

from html.parser import HTMLParser

VOID = {"meta", "link", "br"}
ALONE = {"path", "circle"}


class Page(HTMLParser):
    """A parsed page; raises AssertionError where a tag is not closed, or closes another one."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        """Texts, each with the path of its tags."""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(("/".join(self.open), " ".join(data.split())))

    def all(self, tag: str) -> list[dict[str, str]]:
        """Return the attributes of each tag with this name."""
        return [attributes for name, attributes in self.tags if name == tag]

    def text(self, within: str = "") -> str:
        """Return the texts inside a tag, or all texts outside the style sheet."""
        return " ".join(
            text
            for place, text in self.texts
            if within in place.split("/") or (not within and "style" not in place.split("/"))
        )
