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
        "tab_write": "Write on",
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
        "prompt": "Beginning",
        "prompt_hint": "What the text begins with; nothing is a beginning, too",
        "writer": "Language model",
        "written": "What follows",
        "write": "Write on",
        "option_max_length": "Length",
        "option_max_length_hint": "At most so many pieces are written.",
        "option_sampling_temperature": "Temperature",
        "option_sampling_temperature_hint": "Divides the logits before sampling; below 1 is bolder, "
        "above 1 more varied.",
        "option_sampling_topk": "Likeliest k",
        "option_sampling_topk_hint": "Sample among this many most probable pieces; 0 is all, "
        "1 does not sample.",
        "option_sampling_topp": "Share p",
        "option_sampling_topp_hint": "Sample among the fewest most probable pieces that together have this "
        "probability.",
        "option_seed": "Seed",
        "option_seed_hint": "Makes sampling repeat itself; without it every call differs.",
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
        "glossary": "Glossary",
        "glossary_hint": "One term a line: dog = Hund. It is translated so wherever it stands.",
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
        "tab_write": "续写",
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
        "prompt": "开头",
        "prompt_hint": "文本从这里开始；留空也可以",
        "writer": "语言模型",
        "written": "续写的文本",
        "write": "续写",
        "option_max_length": "长度",
        "option_max_length_hint": "最多写这么多个子词。",
        "option_sampling_temperature": "温度",
        "option_sampling_temperature_hint": "采样前除 logits；小于 1 更果断，大于 1 更多样。",
        "option_sampling_topk": "前 k 个",
        "option_sampling_topk_hint": "在这么多个最可能的子词中采样；0 为全部，1 为不采样。",
        "option_sampling_topp": "概率 p",
        "option_sampling_topp_hint": "在概率合计达到此值的最少子词中采样。",
        "option_seed": "种子",
        "option_seed_hint": "有种子则结果可重复；留空则每次不同。",
        "option_num_hypotheses": "显示几个译文",
        "option_num_hypotheses_hint": "最佳译文及其备选。",
        "option_beam_size": "束宽",
        "option_beam_size_hint": "每一步保留的候选译文数；1 即贪心搜索。",
        "option_length_penalty": "长度惩罚",
        "option_length_penalty_hint": "得分 = 对数概率 / 长度 ** p 中的指数 p，越大越偏向长译文。",
        "option_repetition_penalty": "重复惩罚",
        "option_repetition_penalty_hint": "已写子词的概率取此次方，大于 1 则抑制重复。",
        "glossary": "术语表",
        "glossary_hint": "每行一个术语：dog = Hund。凡出现处都这样翻译。",
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
        "tab_write": "Weiterschreiben",
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
        "prompt": "Anfang",
        "prompt_hint": "Womit der Text beginnt; leer ist auch ein Anfang",
        "writer": "Sprachmodell",
        "written": "So geht es weiter",
        "write": "Weiterschreiben",
        "option_max_length": "Länge",
        "option_max_length_hint": "Höchstens so viele Stücke werden geschrieben.",
        "option_sampling_temperature": "Temperatur",
        "option_sampling_temperature_hint": "Teilt die Logits vor dem Ziehen; unter 1 kühner, über 1 bunter.",
        "option_sampling_topk": "Die wahrscheinlichsten k",
        "option_sampling_topk_hint": "Unter so vielen Stücken ziehen; 0 sind alle, 1 zieht nicht.",
        "option_sampling_topp": "Anteil p",
        "option_sampling_topp_hint": "Unter den wenigsten Stücken ziehen, die zusammen "
        "so wahrscheinlich sind.",
        "option_seed": "Startzahl",
        "option_seed_hint": "Mit ihr wiederholt sich der Text; leer ist er jedes Mal ein anderer.",
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
        "glossary": "Glossar",
        "glossary_hint": "Ein Begriff je Zeile: dog = Hund. Er wird überall so übersetzt.",
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
