"""Subtitles: times, settings and the number of lines are kept, tags move, and no translation ends a cue."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from word_models import identity, mirror, saying, upper

from seq2seq.documents import translate_document

SRT = """1\r
00:00:01,000 --> 00:00:02,500 X1:10\r
<i>Two dogs</i> play\r
in the snow.\r
\r
2\r
00:00:03,000 --> 00:00:04,000\r
- Who <b>is</b> it?\r
- A dog.\r
3\r
00:00:05,000 --> 00:00:06,000\r
{\\an8}1999\r
"""
VTT = """WEBVTT - two dogs
Kind: captions

STYLE
::cue(b) { color: red }

NOTE a dog

REGION
id:dog

dog cue
00:01.000 --> 00:02.000 align:start line:0
<v Bob>Two <c.big>dogs &amp; cats</c>
<00:01.500>play

00:03.000 --> 01:00:04.000
x &lt; y
"""


def translated(name: str, text: str, model) -> str:
    """Return a document translated by a model."""
    return translate_document(name, text.encode(), model).content.decode()


def test_srt() -> None:
    """Numbers, times, dashes and lines of SubRip are kept; tags move."""
    expected = (
        SRT.replace("Two dogs", "TWO DOGS")
        .replace("play\r\nin the snow", "PLAY\r\nIN THE SNOW")
        .replace("Who <b>is</b> it?", "WHO <b>IS</b> IT?")
        .replace("A dog.", "A DOG.")
    )
    assert translated("a.srt", SRT, upper) == expected
    assert "SNOW. THE IN\r\nPLAY <i>DOGS TWO</i>\r\n\r\n" in translated("a.srt", SRT, mirror)


def test_vtt() -> None:
    """Styles, notes and settings of WebVTT are kept; entities are read and written."""
    expected = (
        VTT.replace("Two", "TWO")
        .replace("dogs &amp; cats</c>\n<00:01.500>play", "DOGS &amp;\nCATS</c> <00:01.500>PLAY")
        .replace("x &lt; y", "X &lt; Y")
    )
    assert translated("a.vtt", VTT, upper) == expected


@pytest.mark.parametrize("name", ["a.srt", "a.vtt"])
def test_a_translation_ends_no_cue(name: str) -> None:
    """A translation with times, blank lines or tags makes no new cue."""
    source = SRT if name == "a.srt" else VTT
    answer = "x\n\n9\n00:00:09,000 --> 00:00:10,000\n<script>a</script> {\\an1}"
    result = translated(name, source, saying(answer))
    assert result.count("-->") == source.count("-->")
    assert "<script" not in result
    assert name != "a.srt" or result.count("{\\an") == source.count("{\\an")  # only there it is a tag
    blank = [line for line in result.splitlines() if not line.strip()]
    assert len(blank) == len([line for line in source.splitlines() if not line.strip()])


SPOKEN = [
    ("[MUSIC PLAYING]\nMAN: two dogs play.", "[PLAYING MUSIC]\nMAN: PLAY. DOGS TWO"),
    ("OLD MAN: (laughing) two dogs", "MAN OLD: (LAUGHING) DOGS TWO"),
    ("- [door slams] two dogs\n- MAN: a cat", "- [SLAMS DOOR] DOGS TWO\n- MAN: CAT A"),
    ("(two dogs\nbark) a cat", "(BARK\nDOGS TWO) CAT A"),
    ("[two dogs\nbark]\na cat", "[BARK\nDOGS TWO]\nCAT A"),
    ("♪ two dogs ♪", "♪ DOGS TWO ♪"),
    ("<i>[SIGHS] a dog</i>", "<i>[SIGHS] DOG A</i>"),
    ("two dogs (and a cat) play", "PLAY CAT) A (AND DOGS TWO"),
    ("it is 12:30 now", "NOW 12:30 IS IT"),
    (">> two dogs\n>> a cat", ">> DOGS TWO\n>> CAT A"),
]


@pytest.mark.parametrize(("source", "expected"), SPOKEN)
def test_sounds_and_speakers(source: str, expected: str) -> None:
    """Sounds in brackets, speakers, songs and dashes are units of their own."""
    cue = "1\n00:00:01,000 --> 00:00:02,000\n{}\n"
    assert translated("a.srt", cue.format(source), identity) == cue.format(source)
    assert translated("a.srt", cue.format(source), mirror) == cue.format(expected)


cues = st.lists(
    st.tuples(
        st.integers(0, 99), st.lists(st.sampled_from(["A dog", "<i>runs", "in</i> snow", "- no"]), max_size=3)
    ),
    max_size=5,
)


@given(cues, st.sampled_from(["\n", "\r\n"]), st.sampled_from(["srt", "vtt"]))
def test_times_and_number_of_lines_stay(drawn: list[tuple[int, list[str]]], end: str, kind: str) -> None:
    """Every cue keeps its times and its number of lines."""
    lines = ["WEBVTT", ""] if kind == "vtt" else []
    for second, words in drawn:
        lines += [f"00:00:{second:02},000 --> 00:01:00,000", *words, ""]
    text = end.join(lines)
    if not drawn:
        return
    assert translated(f"a.{kind}", text, identity) == text
    result = translated(f"a.{kind}", text, mirror).split(end)
    assert len(result) == len(lines)
    assert [line for line in result if "-->" in line] == [line for line in lines if "-->" in line]
