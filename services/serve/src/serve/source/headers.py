"""The columns of a header: by the names from ingest, or by the source's own names.

The rules are in contract/reference/api.md, CSV, with test vectors.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from serve.schema.text_normalization import WHITE_SPACE
from serve.source.file_formats import Renamed, SourceFormat


class Headers:
    """Names the columns of the tables sent to one model."""

    def __init__(self, known: Collection[str], formats: Iterable[SourceFormat] = ()) -> None:
        self._known = known
        tables = dict.fromkeys(each.renamed for each in formats if each.renamed)
        self._tables = [_Table(renamed, known) for renamed in tables] or [_Table((), known)]

    def resolve(self, header: Sequence[str]) -> list[str]:
        """Return the name of each column; an unknown or ambiguous cell stays unchanged."""
        names = [*header]
        if len(set(names)) == len(names) and all(name in self._known for name in names):
            return names
        found = [table.resolve(header) for table in self._tables]
        max_known = max(map(self.count_known, found))
        best = [names for names in found if self.count_known(names) == max_known]
        if any(names != best[0] for names in best):
            # Files of the source use this name for different columns; the position may decide.
            pairs = zip(found, self._tables, strict=True)
            best = [n for n, table in pairs if n in best and table.fits(header)] or best
        return [
            cell if len({names[index] for names in best}) > 1 else best[0][index]
            for index, cell in enumerate(header)
        ]

    def count_known(self, names: Sequence[str]) -> int:
        """Return the number of distinct names that are columns of the model."""
        return sum(name in self._known for name in {*names})

    def candidates(self, cell: str) -> list[str]:
        """Return the columns that a header cell may refer to by the source's name."""
        found = (name for table in self._tables for name in table.candidates(cell))
        return [*dict.fromkeys(found)]


class _Table:
    """The renamed columns of one or several equal headers."""

    def __init__(self, renamed: Sequence[Renamed], known: Collection[str]) -> None:
        self._known = known
        self._renamed = [each for each in renamed if each.name in known]
        self._groups: dict[str, list[str]] = {}
        """Columns by trimmed source name, in order."""
        for each in self._renamed:
            text = each.written.strip(WHITE_SPACE)
            group = self._groups.setdefault(text, [text] if text in known else [])
            if each.name not in group:
                group.append(each.name)
        self._pandas_names = self._names_by_pandas()

    def resolve(self, header: Sequence[str]) -> list[str]:
        texts = [cell.strip(WHITE_SPACE) for cell in header]
        counts = Counter(texts)
        seen: Counter[str] = Counter()
        names = []
        for cell, text in zip(header, texts, strict=True):
            group = self._groups.get(text, [])
            if cell in self._known and counts[text] == 1:
                names.append(cell)
            elif group and counts[text] == len(group):
                names.append(group[seen[text]])
            elif text in self._known:
                names.append(text)
            else:
                names.append(self._pandas_names.get(cell, cell))
            seen[text] += 1
        return names

    def fits(self, header: Sequence[str]) -> bool:
        """Return whether the source's name of every renamed column is at that column's position."""
        return all(
            header[each.position - 1 : each.position] == [each.written] for each in self._renamed
        )

    def candidates(self, cell: str) -> list[str]:
        text = cell.strip(WHITE_SPACE)
        if text in self._groups:
            return self._groups[text]
        return [text] if text in self._known else [*filter(None, [self._pandas_names.get(cell)])]

    def _names_by_pandas(self) -> Mapping[str, str]:
        """Return columns by the names that pandas gives them: `Unnamed: 0`, and `a.1` after `a`."""
        names = {}
        for text, group in self._groups.items():
            if text:
                names.update(
                    {f"{text}.{number}": name for number, name in enumerate(group) if number}
                )
        for each in self._renamed:
            if not each.written.strip(WHITE_SPACE):
                names[f"Unnamed: {each.position - 1}"] = each.name
        return {name: column for name, column in names.items() if name not in self._known}
