"""The words of the page in every language: titles, labels, hints.

What is said of what happened is in `answers.py`, longer texts are in `prose.py`.

    say("translate")   a mark that the browser replaces by the word in its language (`gr.I18n`)

The language is the browser's until another is chosen in the settings at the foot of the page.
"""

from typing import Final

import gradio as gr

from .answers import ANSWERS
from .prose import PROSE

PREFIX: Final = "seq2seq_"  # Gradio has words of its own, under names such as "radio"

# Languages by their own names: understood in every language of the page.
ENDONYMS: Final = {
    "ar": "العربية",
    "cs": "Čeština",
    "de": "Deutsch",
    "en": "English",
    "es": "Español",
    "fr": "Français",
    "hi": "हिन्दी",
    "it": "Italiano",
    "ja": "日本語",
    "ko": "한국어",
    "nl": "Nederlands",
    "pl": "Polski",
    "pt": "Português",
    "ru": "Русский",
    "th": "ไทย",
    "tr": "Türkçe",
    "uk": "Українська",
    "vi": "Tiếng Việt",
    "zh": "中文",
}

LABELS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "detect": "Detect the language",
        "languages": "Languages",
        "swap": "⇄ Swap",
        "source": "Text",
        "source_hint": "Type or paste a text, then press Shift + Enter",
        "target": "Translation",
        "translate": "Translate",
        "stop": "Stop",
        "examples": "Examples",
        "segment": "Segment",
        "save_text": "Save as text",
        "options": "How to search",
        "settings": "Language and colours",
        "tab_words": "Words",
        "tab_attention": "Attention",
        "tab_what_if": "What if",
        "tab_learn": "How it works",
        "alternatives": "Alternatives, best first",
        "alternatives_hint": "The number is the score: log-probability a piece, closer to 0 is better.",
        "documents": "Translate a document",
        "document": "File",
        "column": "Column to translate, for csv and tsv: a name or a number from 1",
        "document_go": "Translate the file",
        "document_done": "The translated file",
        "own": "Back to the model's own translation",
        "tree_grow": "Grow the beam's tree",
        "what_if_step": "Step by step",
        "what_if_tree": "The beam's tree",
        "what_if_compare": "Compare two translations",
        "first": "One",
        "second": "The other",
        "flow": "Attention",
        "flow_cross": "translation → source",
        "flow_encoder": "source → itself",
        "flow_decoder": "translation → itself",
        "layer": "Layer",
        "head": "Head",
        "score": "score",
        "option_num_hypotheses": "Translations to show",
        "option_num_hypotheses_hint": "The best and its alternatives.",
        "option_beam_size": "Beam",
        "option_beam_size_hint": "Hypotheses kept at every step; 1 is greedy search.",
        "option_length_penalty": "Length penalty",
        "option_length_penalty_hint": "Exponent p in score = log-probability / length ** p; "
        "larger favours longer results.",
        "option_repetition_penalty": "Repetition penalty",
        "option_repetition_penalty_hint": "Exponent on the probability of pieces already written; "
        "above 1 discourages repeats.",
        "option_no_repeat_ngram_size": "No sequence twice",
        "option_no_repeat_ngram_size_hint": "Write no sequence of this many pieces twice; 0 is off.",
    },
    "zh": {
        "detect": "检测语言",
        "languages": "语言",
        "swap": "⇄ 互换",
        "source": "原文",
        "source_hint": "输入或粘贴文字，然后按 Shift + Enter",
        "target": "译文",
        "translate": "翻译",
        "stop": "停止",
        "examples": "示例",
        "segment": "段落",
        "save_text": "存为文本",
        "options": "如何搜索",
        "settings": "语言与配色",
        "tab_words": "词语",
        "tab_attention": "注意力",
        "tab_what_if": "假如",
        "tab_learn": "原理",
        "alternatives": "备选译文，由好到差",
        "alternatives_hint": "数字是得分，即每个子词的对数概率，越接近 0 越好。",
        "documents": "翻译文件",
        "document": "文件",
        "column": "要翻译的列（csv 与 tsv）：列名，或从 1 起的序号",
        "document_go": "翻译此文件",
        "document_done": "译好的文件",
        "own": "回到模型自己的译文",
        "tree_grow": "展开束搜索树",
        "what_if_step": "逐步查看",
        "what_if_tree": "束搜索树",
        "what_if_compare": "比较两个译文",
        "first": "其一",
        "second": "其二",
        "flow": "注意力",
        "flow_cross": "译文 → 原文",
        "flow_encoder": "原文 → 自身",
        "flow_decoder": "译文 → 自身",
        "layer": "层",
        "head": "头",
        "score": "得分",
        "option_num_hypotheses": "显示几个译文",
        "option_num_hypotheses_hint": "最佳译文及其备选。",
        "option_beam_size": "束宽",
        "option_beam_size_hint": "每一步保留的候选译文数；1 即贪心搜索。",
        "option_length_penalty": "长度惩罚",
        "option_length_penalty_hint": "得分 = 对数概率 / 长度 ** p 中的指数 p，越大越偏向长译文。",
        "option_repetition_penalty": "重复惩罚",
        "option_repetition_penalty_hint": "已写子词的概率取此次方，大于 1 则抑制重复。",
        "option_no_repeat_ngram_size": "不重复的序列",
        "option_no_repeat_ngram_size_hint": "这么多个子词的序列不写第二遍；0 为不限。",
    },
    "de": {
        "detect": "Sprache erkennen",
        "languages": "Sprachen",
        "swap": "⇄ Tauschen",
        "source": "Text",
        "source_hint": "Text eingeben oder einfügen, dann Umschalt + Enter",
        "target": "Übersetzung",
        "translate": "Übersetzen",
        "stop": "Anhalten",
        "examples": "Beispiele",
        "segment": "Abschnitt",
        "save_text": "Als Text speichern",
        "options": "Wie gesucht wird",
        "settings": "Sprache und Farben",
        "tab_words": "Wörter",
        "tab_attention": "Aufmerksamkeit",
        "tab_what_if": "Was wäre, wenn",
        "tab_learn": "Wie es geht",
        "alternatives": "Alternativen, die beste zuerst",
        "alternatives_hint": "Die Zahl ist die Bewertung: Log-Wahrscheinlichkeit je Stück; "
        "näher an 0 ist besser.",
        "documents": "Ein Dokument übersetzen",
        "document": "Datei",
        "column": "Zu übersetzende Spalte bei csv und tsv: ein Name oder eine Zahl ab 1",
        "document_go": "Datei übersetzen",
        "document_done": "Die übersetzte Datei",
        "own": "Zurück zur Übersetzung des Modells",
        "tree_grow": "Den Suchbaum wachsen lassen",
        "what_if_step": "Schritt für Schritt",
        "what_if_tree": "Der Baum der Strahlsuche",
        "what_if_compare": "Zwei Übersetzungen vergleichen",
        "first": "Die eine",
        "second": "Die andere",
        "flow": "Aufmerksamkeit",
        "flow_cross": "Übersetzung → Ausgangstext",
        "flow_encoder": "Ausgangstext → sich selbst",
        "flow_decoder": "Übersetzung → sich selbst",
        "layer": "Schicht",
        "head": "Kopf",
        "score": "Bewertung",
        "option_num_hypotheses": "Gezeigte Übersetzungen",
        "option_num_hypotheses_hint": "Die beste und ihre Alternativen.",
        "option_beam_size": "Strahlbreite",
        "option_beam_size_hint": "Anfänge, die in jedem Schritt behalten werden; 1 ist gierige Suche.",
        "option_length_penalty": "Längenausgleich",
        "option_length_penalty_hint": "Exponent p in Bewertung = Log-Wahrscheinlichkeit / Länge ** p; "
        "größer bevorzugt Längeres.",
        "option_repetition_penalty": "Wiederholungsabzug",
        "option_repetition_penalty_hint": "Exponent auf die Wahrscheinlichkeit schon geschriebener Stücke; "
        "über 1 hemmt Wiederholungen.",
        "option_no_repeat_ngram_size": "Keine Folge zweimal",
        "option_no_repeat_ngram_size_hint": "Keine Folge von so vielen Stücken zweimal schreiben; 0 ist aus.",
    },
}

WORDS: Final = {
    language: {**labels, **ANSWERS[language], **PROSE[language]} for language, labels in LABELS.items()
}


def translations() -> gr.I18n:
    """All words and texts of the page for the browser."""
    return gr.I18n(
        **{
            language: {PREFIX + name: text for name, text in words.items()}
            for language, words in WORDS.items()
        }
    )


def say(name: str) -> str:
    """A mark for a word or text of the page; the browser puts the word of its language there."""
    if name not in WORDS["en"]:
        raise KeyError(f"{name} is no word of the page; add it in every language")
    return str(gr.I18n()(PREFIX + name))
