"""Errors that carry a kind: the sentence is English, for programs; a page finds its own words by the kind."""


class RefusalError(ValueError):
    """A value that cannot be used; `note` is what needs no translation, such as codes and numbers."""

    def __init__(self, kind: str, sentence: str, note: str = "") -> None:
        super().__init__(sentence)
        self.kind = kind
        self.note = note
