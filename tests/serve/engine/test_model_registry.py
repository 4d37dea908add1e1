"""The registry finds the translator of a pair, explains refusals, and lists the languages."""

from types import SimpleNamespace

import pytest

from serve.engine.registry import ModelRegistry, TranslationModel


class speaking:  # noqa: N801 - it is used as a function
    """Return what a registry reads of a translator."""

    def __init__(self, sources: list[str], targets: list[str]) -> None:
        self.settings = SimpleNamespace(source_languages=sources, target_languages=targets)
        self.told: list[tuple[str, str]] = []

    def directed(self, source: str, target: str) -> "speaking":
        """Record the requested direction."""
        self.told.append((source, target))
        return self


ENGLISH, GERMAN = speaking(["en"], ["de", "fr"]), speaking(["de"], ["en"])
CATALOG = ModelRegistry({"first": ENGLISH, "second": GERMAN})


def test_each_pair_has_its_own_translator() -> None:
    """Each language pair is translated by its own model."""
    assert CATALOG.find("en", "fr") is ENGLISH
    assert CATALOG.find("de", "en") is GERMAN


def test_codes_are_found_in_any_case() -> None:
    """Language codes match in any case."""
    assert CATALOG.find("EN", "De") is ENGLISH


@pytest.mark.parametrize(
    ("source", "target", "sentence"),
    [
        ("auto", "de", "auto is not supported as source; choose de or en"),
        ("de", "fr", "fr is not supported as target of de; choose en"),
        ("en", "<b>", "'<b>' is not supported as target of en; choose de or fr"),
        ("en", "x" * 1000, f"'{'x' * 20}' is not supported as target of en; choose de or fr"),
    ],
)
def test_refusal_says_what_is_supported(source: str, target: str, sentence: str) -> None:
    """A refused pair is answered with the supported languages, in a short message."""
    with pytest.raises(ValueError) as refused:
        CATALOG.find(source, target)
    assert str(refused.value) == sentence


def test_two_models_for_one_pair_are_refused() -> None:
    """Two models for one pair are refused."""
    with pytest.raises(ValueError, match="first and second both translate en to de"):
        ModelRegistry({"first": speaking(["en"], ["de"]), "second": speaking(["EN"], ["de"])})


def test_languages_name_their_targets() -> None:
    """Each language lists the targets it leads to."""
    assert CATALOG.languages() == [
        {"code": "de", "name": "German", "targets": ["en"]},
        {"code": "en", "name": "English", "targets": ["de", "fr"]},
        {"code": "fr", "name": "French", "targets": []},
    ]


FRENCH = speaking(["fr"], ["en"])
PIVOTING = ModelRegistry(
    {"second": GERMAN, "third": FRENCH, "first": speaking(["en"], ["de", "zh"])}, pivot=True
)


def way(registry: ModelRegistry, source: str, target: str) -> list[tuple[str, str, str]]:
    """Return the hops of a route: model, source and target."""
    return [(hop.model.name, hop.source, hop.target) for hop in registry.route(source, target)]


def test_pivot_goes_through_a_third_language() -> None:
    """Two models make a route through a third language."""
    assert way(PIVOTING, "FR", "de") == [("third", "fr", "en"), ("first", "en", "de")]
    assert way(PIVOTING, "en", "de") == [("first", "en", "de")]
    assert PIVOTING.targets("fr") == ["de", "en", "zh"]
    assert PIVOTING.targets("de") == ["en", "zh"]
    assert PIVOTING.sources_of("zh") == ["de", "en", "fr"]


def test_no_pivot_unless_allowed() -> None:
    """There is no pivot unless it is allowed."""
    with pytest.raises(ValueError, match="de is not supported as target of fr; choose en"):
        ModelRegistry({"a": FRENCH, "b": ENGLISH}).route("fr", "de")


def test_pivot_does_not_lead_back() -> None:
    """No route leads back to its own language."""
    with pytest.raises(ValueError, match="de is not supported as target of de; choose en or zh"):
        PIVOTING.route("de", "de")


def test_offer_is_loaded_once_on_first_use() -> None:
    """A model is loaded once, on its first use."""
    loads = []

    def load() -> object:
        loads.append(1)
        return ENGLISH

    registry = ModelRegistry({"lazy": TranslationModel("lazy", ["en"], ["de"], load)})  # type: ignore[arg-type]
    assert registry.languages() and not loads
    assert registry.find("en", "de") is registry.find("en", "de") is ENGLISH
    assert len(loads) == 1


def test_a_special_model_goes_before_a_general_one() -> None:
    """A model of one pair is preferred to a model of many languages."""
    many, special = speaking(["en", "de", "fr"], ["en", "de", "fr"]), speaking(["en"], ["de"])
    registry = ModelRegistry({"many": many, "special": special})
    assert [hop.model.name for pair in (("en", "de"), ("de", "en")) for hop in registry.route(*pair)] == [
        "special",
        "many",
    ]
    assert registry.targets("en") == ["de", "fr"] and ("en", "en") not in registry.pairs
    assert registry.find("FR", "de") is many and many.told == [("fr", "de")]
    assert registry.pairs[0][0] == "en" and registry.pairs[-1] == ("en", "de")
