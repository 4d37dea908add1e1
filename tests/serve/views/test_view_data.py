"""The values of the drawings: faithful numbers, text that cannot become code, labels in every language."""

import base64
import json
import math
import re
from pathlib import Path

import pytest
from view_samples import HOSTILE, SOURCE, make_maps, numbered

from seq2seq.alignment.head import AlignmentHead

ALIGNED = AlignmentHead(1, 2)
BRACES = re.compile(r"\{\w+\}")


def unpack(packed: str) -> list[float]:
    """Return the numbers as the browser reads them: 16 bits each, lower byte first."""
    data = base64.b64decode(packed)
    return [int.from_bytes(data[place : place + 2], "little") / 65535 for place in range(0, len(data), 2)]


@pytest.mark.parametrize("source", [SOURCE, "  leading", "a\n\nb ", "", "猫坐着。", *HOSTILE])
def test_pair_is_cut_without_loss(source: str) -> None:
    """Words and gaps of a text join to the text."""
    from serve.views import pair_data

    data = pair_data(make_maps(source).alignment(ALIGNED))
    words, gaps = data["source"]["words"], data["source"]["gaps"]
    joined = gaps[0] + "".join(word + gap for word, gap in zip(words, gaps[1:], strict=True))
    assert joined == source


def test_pair_has_the_alignments_links_and_the_pieces_probabilities() -> None:
    """The links are the alignment's larger weights, the probabilities those of the tokens."""
    from serve.views import pair_data
    from serve.views.pair import SMALLEST_WEIGHT

    alignment = make_maps().alignment(ALIGNED)
    weights = alignment.matrix("words").weights
    log_probabilities = [math.log(p) for p in (0.9, 0.8, 0.7, 0.6, 0.5)]
    data = pair_data(alignment, log_probabilities)
    links = {(t, s): weight for t, s, weight in data["links"]}
    for t, row in enumerate(weights.tolist()):
        for s, weight in enumerate(row):
            assert links.get((t, s), 0.0) == pytest.approx(
                weight if weight >= SMALLEST_WEIGHT else 0.0, abs=1e-4
            )
    pieces = [[0, "Zwei", 0.9], [1, "Hunde", 0.8], [2, "spielen", 0.7], [3, "hier.", 0.6]]
    assert data["pieces"] == pieces


def test_probabilities_of_another_text_are_left_out() -> None:
    """Probabilities that do not fit the text are left out."""
    from serve.views import pair_data

    assert pair_data(make_maps().alignment(ALIGNED), [-0.1, -0.2])["pieces"] == []


def test_every_map_is_sent_with_its_numbers() -> None:
    """Every map is sent with its numbers, exact to 1e-5."""
    from seq2seq.alignment.head_maps import make_head_maps
    from serve.views import attention_data

    maps = make_maps()
    data = attention_data(maps, ALIGNED)
    assert {(sheet["flow"], sheet["units"]) for sheet in data["sheets"]} == {
        (flow, units) for flow in ("cross", "encoder", "decoder") for units in ("words", "pieces")
    }
    for sent in data["sheets"]:
        sheet = make_head_maps(maps, sent["flow"], sent["units"])
        assert (sent["rows"], sent["columns"]) == (sheet.rows, sheet.columns)
        for layer in range(sent["layers"]):
            for plane, head in enumerate([*map(str, range(sent["heads"])), "mean"]):
                weights = unpack(sent["maps"][f"{layer}.{head}"])
                assert weights == pytest.approx(sheet.raw[layer, plane].flatten().tolist(), abs=1e-5)
                special = unpack(sent["special"][f"{layer}.{head}"])
                assert special == pytest.approx(sheet.special[layer, plane].flatten().tolist(), abs=1e-5)
        assert sent["symbols"] == (["<s>"] if sent["flow"] == "decoder" else ["</s>"])


def test_of_a_long_text_only_the_chosen_map_is_sent_whole() -> None:
    """Of a long text the chosen map is sent whole, the others as small pictures of their largest weights."""
    from seq2seq.alignment.head_maps import make_head_maps
    from serve.views import MapSelection, attention_data
    from serve.views.attention import BUDGET

    words = numbered(300)
    maps = make_maps(words, words)
    data = attention_data(maps, ALIGNED, MapSelection("encoder", "words", 1, "mean"))
    (sent,) = data["sheets"]
    assert (sent["flow"], list(sent["maps"])) == ("encoder", ["1.mean"])
    assert len(json.dumps(data)) < BUDGET
    sheet = make_head_maps(maps, "encoder", "words")
    thumbs, (layers, planes) = sent["thumbs"], sheet.weights.shape[:2]
    small = unpack(thumbs["data"])
    size = thumbs["height"] * thumbs["width"]
    for number in range(layers * planes):
        largest = sheet.raw[number // planes, number % planes].max().item()
        picture = small[number * size : (number + 1) * size]
        hidden = picture[thumbs["width"] - 1 :: thumbs["width"]]  # the column of special symbols is the last
        words = [weight for place, weight in enumerate(picture) if (place + 1) % thumbs["width"]]
        assert max(words) == pytest.approx(largest, abs=1e-4)
        most = sheet.hidden[number // planes, number % planes].max().item()
        assert max(hidden) == pytest.approx(most, abs=1e-4)


def test_tree_and_candidates_refuse_what_cannot_be_drawn() -> None:
    """Values that cannot be drawn are refused."""
    from serve.views import Node, StepCandidate, candidates_data, tree_data

    with pytest.raises(ValueError, match="node 0 has parent 0"):
        tree_data([Node("a", 0.5, 0, True)])
    with pytest.raises(ValueError, match="probability nan"):
        tree_data([Node("a", math.nan, None, True)])
    with pytest.raises(ValueError, match="1 steps but 2 written"):
        candidates_data([[StepCandidate("a", 0.5)]], [0, 1])


def test_labels_are_the_same_in_every_language() -> None:
    """The labels and their placeholders are the same in every language."""
    from serve.views.labels import LABELS, LANGUAGES

    assert set(LABELS) == set(LANGUAGES)
    for language, labels in LABELS.items():
        assert labels.keys() == LABELS["en"].keys(), language
        for key, text in labels.items():
            assert sorted(BRACES.findall(text)) == sorted(BRACES.findall(LABELS["en"][key])), (language, key)


def test_scripts_name_labels_that_exist_and_all_of_them() -> None:
    """The scripts name labels that exist, and all of them."""
    from serve.views.labels import LABELS
    from serve.views.script import HERE, PARTS, labels_in

    used: set[str] = set()
    for parts in PARTS.values():
        body = "\n".join((HERE / f"{part}.js").read_text(encoding="utf-8") for part in parts)
        found = labels_in(body)["en"].keys()
        assert set(re.findall(r'\bsay\("(\w+)"', body)) <= found
        used |= found
    assert used == LABELS["en"].keys()


def test_scripts_write_text_only_and_load_nothing() -> None:
    """The scripts write text only, and load nothing."""
    from serve.views.script import HERE

    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|setTimeout\(\s*[\"'`]"
        r"|fetch\(|XMLHttpRequest|@import|url\("
    )
    for path in sorted(HERE.glob("*.js")) + sorted(HERE.glob("*.css")) + [HERE / "page.html"]:
        text = path.read_text(encoding="utf-8")
        assert not forbidden.search(text), path.name
        addresses = set(re.findall(r"https?://[^\"'\s]+", text))
        assert addresses <= {"http://www.w3.org/2000/svg"}, path.name  # the name of SVG, never fetched


def test_scripts_and_styles_are_small() -> None:
    """Scripts and styles together are under 100 kB."""
    from serve.views.script import HERE

    sizes = [path.stat().st_size for path in [*HERE.glob("*.js"), *HERE.glob("*.css")]]
    assert sum(sizes) < 100_000


@pytest.mark.parametrize("hostile", HOSTILE)
def test_values_in_a_page_cannot_end_its_script(hostile: str) -> None:
    """No text in a saved page can end its script."""
    from serve.views import attention_data, standalone_page
    from serve.views.script import as_script

    assert json.loads(as_script(hostile)) == hostile
    text = f"two {hostile} dogs"
    page = standalone_page("attention", attention_data(make_maps(text, text), ALIGNED), title=hostile)
    assert page.count("<script") == page.count("</script") == 2
    assert "<img" not in page
    assert "<!--" not in page


def test_components_leave_no_stub_files(repository: Path) -> None:
    """Gradio writes no stub file beside the source of a component."""
    from serve import views

    assert issubclass(views.PairView, __import__("gradio").HTML)
    assert not list((repository / "serve").rglob("*.pyi"))
