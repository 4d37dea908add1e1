"""Texts, rows of texts and pairs of ids in flat buffers, so that a million pairs fit in little memory.

    rows of texts   one buffer of UTF-8 and where each text ends; a selection of rows shares the buffer
    pairs of ids    one array of numbers and where each side ends

A Python string takes some 60 bytes beside its characters, a list of ids 56 and 8 an id; a text here takes 8
bytes beside its own, an id 2.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar, overload

from seq2seq.text.tables import TableRow

Ids = list[int]
IdPair = tuple[Ids, Ids]

Item = TypeVar("Item")


class Packed(Sequence[Item]):
    """A sequence whose items are made when they are asked for; equal to any sequence of equal items."""

    def item(self, place: int) -> Item:
        """Return the item at a place from 0 on."""
        raise NotImplementedError

    @overload
    def __getitem__(self, place: int) -> Item: ...
    @overload
    def __getitem__(self, place: slice) -> list[Item]: ...
    def __getitem__(self, place: int | slice) -> Item | list[Item]:
        places = range(len(self))[place]  # an IndexError beyond the end, as of a list
        return self.item(places) if isinstance(places, int) else [self.item(each) for each in places]

    def __iter__(self) -> Iterator[Item]:
        return map(self.item, range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(self) != len(other):
            return False
        return all(one == another for one, another in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment] # it grows


class PackedTexts(Packed[str]):
    """Texts in one buffer of UTF-8."""

    def __init__(self, texts: Iterable[str] = ()):
        self.data = bytearray()
        self.ends = array("q", [0])
        for text in texts:
            self.append(text)

    def append(self, text: str) -> int:
        """Add a text at the end; return its place."""
        # Half of a character, which JSON may escape, is no UTF-8.
        self.data += text.encode("utf-8", "surrogatepass")
        self.ends.append(len(self.data))
        return len(self) - 1

    def extend(self, other: "PackedTexts") -> int:
        """Add all texts of another buffer; return the place of the first."""
        first, shift = len(self), len(self.data)
        self.data += other.data
        self.ends.extend(end + shift for end in other.ends[1:])
        return first

    def item(self, place: int) -> str:
        """Return the text at a place."""
        return self.data[self.ends[place] : self.ends[place + 1]].decode("utf-8", "surrogatepass")

    def __len__(self) -> int:
        return len(self.ends) - 1


class PackedRows(Packed[TableRow]):
    """Rows of texts, all of one width.

    Attributes:
        width: texts of a row; 0 before the first.
        texts: the texts of all rows, row by row.
        rows: the number of each row in `texts`; a selection has some of them.
    """

    def __init__(self, rows: Iterable[TableRow] = ()):
        self.width, self.texts, self.rows = 0, PackedTexts(), array("q")
        for row in rows:
            self.append(row)

    @classmethod
    def of(cls, rows: Iterable[TableRow]) -> "PackedRows":
        """Return the rows themselves where they are packed already, else a packed copy."""
        return rows if isinstance(rows, cls) else cls(rows)

    def append(self, row: TableRow) -> None:
        """Add a row at the end."""
        self.width = self.width or len(row)
        assert len(row) == self.width
        self.rows.append(len(self.texts) // self.width)
        for text in row:
            self.texts.append(text)

    def extend(self, rows: Iterable[TableRow]) -> None:
        """Add rows at the end."""
        for row in rows:
            self.append(row)

    def select(self, places: Iterable[int]) -> "PackedRows":
        """Return the rows at some places; they share the buffer."""
        chosen = PackedRows()
        chosen.width, chosen.texts = self.width, self.texts
        chosen.rows = array("q", (self.rows[place] for place in places))
        return chosen

    def item(self, place: int) -> TableRow:
        """Return the row at a place."""
        first = self.rows[place] * self.width
        return tuple(map(self.texts.item, range(first, first + self.width)))

    def __len__(self) -> int:
        return len(self.rows)


class PackedIds(Packed[IdPair]):
    """Pairs of ids; `size` is that of the vocabulary, which decides how many bytes an id takes."""

    def __init__(self, size: int):
        self.ids: array[int] = array("H" if size <= 1 << 16 else "i")
        self.ends = array("q", [0])

    def append(self, source: Sequence[int], target: Sequence[int]) -> None:
        """Add a pair at the end."""
        for side in (source, target):
            self.ids.extend(side)
            self.ends.append(len(self.ids))

    def item(self, place: int) -> IdPair:
        """Return the pair at a place, as lists."""
        start, middle, end = self.ends[2 * place : 2 * place + 3]
        return self.ids[start:middle].tolist(), self.ids[middle:end].tolist()

    def __len__(self) -> int:
        return len(self.ends) // 2

    def lengths(self) -> list[tuple[int, int]]:
        """Return the number of ids of each source and target."""
        ends = self.ends
        return [
            (ends[place + 1] - ends[place], ends[place + 2] - ends[place + 1])
            for place in range(0, len(ends) - 1, 2)
        ]


def lengths_of(pairs: Sequence[IdPair]) -> list[tuple[int, int]]:
    """Return the number of ids of each source and target."""
    if isinstance(pairs, PackedIds):
        return pairs.lengths()
    return [(len(source), len(target)) for source, target in pairs]
