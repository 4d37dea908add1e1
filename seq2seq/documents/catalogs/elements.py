"""Elements of an XML fragment, which a translation keeps: the same ones, once each, well-formed."""

from collections import Counter
from xml.parsers import expat


def elements_of(fragment: str) -> Counter[tuple[str, tuple[tuple[str, str], ...]]]:
    """Count the elements of an XML fragment by name and attributes; prefixes need not be declared.

    Raises:
        ValueError: the fragment is not well-formed.
    """
    counts: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()

    def count(name: str, attributes: dict[str, str]) -> None:
        counts[name, tuple(sorted(attributes.items()))] += 1

    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = count
    try:
        parser.Parse(f"<_>{fragment}</_>".encode("utf-8", "surrogatepass"), True)
    except expat.ExpatError as error:
        raise ValueError(f"is not well-formed ({error})") from error
    counts["_", ()] -= 1
    return +counts


def elements_problem(source: str, target: str) -> str | None:
    """Return what is wrong with the elements of a translation, None if they are those of the source."""
    try:
        missing, added = elements_of(source), elements_of(target)
    except ValueError as error:
        return str(error)
    missing, added = missing - added, added - missing
    if missing:
        return f"lacks <{next(iter(missing))[0]}> of the source"
    return f"has a <{next(iter(added))[0]}> that the source lacks" if added else None
