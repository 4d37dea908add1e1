"""The longer texts of the page in every language: its title, the honest line, and what the learn tab says."""

from typing import Final

PROSE: Final[dict[str, dict[str, str]]] = {
    "en": {
        "tagline": "A small Transformer translates, and shows where it looked.",
        "honest": "Attention shows where a head looked, not why a word was chosen: "
        "by itself it is no explanation.",
        "what_if_hint": "Every step offers the whole vocabulary; here are its likeliest pieces. Choose one: "
        "the model writes it and goes on from there.",
        "tree_hint": "A beam keeps a few beginnings alive at once and drops what falls behind. "
        "Choose a piece to go on from it.",
        "learn_start": "### One formula, three axes\n"
        "`weights = softmax(score(Q, K))`, then `mix = weights · V`. A query **Q** is a question, a key "
        "**K** says what a position has to offer, its value **V** is what it gives. Every attention of "
        "this model is that formula, and differs from the others along three axes.",
        "learn_score": "#### 1 · Score: how a query is compared with a key\n"
        "The *scaled dot product* `q · k / √D` (2017) is a plain matrix product; without the root, wide "
        "heads would hand the softmax such large numbers that one key takes all. The *additive* score "
        "`v · tanh(W q + W k)` (2014) is dearer, and lets queries and keys differ in width.",
        "learn_flow": "#### 2 · Flow: who asks whom\n"
        "*Self*: the words of the source ask each other, every one at once. *Causal self*: a word of the "
        "translation asks itself and what stands before it, never the future. *Cross*: the translation "
        "asks the source. The pictures show these three flows for your sentence.",
        "learn_structure": "#### 3 · Structure: heads and masks\n"
        "Several *heads* look at once, each through projections of its own, so each can follow a pattern "
        "of its own: here are the heads of one layer. A *mask* says what may not be looked at: the "
        "future, the filling of a batch, or what lies outside a window. Heads may share their keys and "
        "values, which makes the memory smaller.",
        "learn_steps": "### One query, step by step\n"
        "Choose a query and follow its numbers from the score to the mix.",
        "learn_empty": "Translate a text first; the drawings are made from it.",
    },
    "zh": {
        "tagline": "一个小型 Transformer 做翻译，并展示它看向了哪里。",
        "honest": "注意力展示的是一个头看向了哪里，而不是某个词为何被选中：它本身并不构成解释。",
        "what_if_hint": "每一步都可以从整个词表中选择，这里列出最可能的子词。"
        "选定一个，模型就写下它，并从那里继续。",
        "tree_hint": "束搜索同时保留几个开头，落后的便舍去。选一个子词，从它继续。",
        "learn_start": "### 一个公式，三个维度\n"
        "`权重 = softmax(得分(Q, K))`，再有 `混合 = 权重 · V`。查询 **Q** 是提问，"
        "键 **K** 说明某个位置能提供什么，值 **V** 是它给出的内容。"
        "这个模型里的每一种注意力都是这个公式，区别只在三个维度上。",
        "learn_score": "#### 1 · 计算方式：查询如何与键比较\n"
        "*缩放点积* `q · k / √D`（2017）就是普通的矩阵乘法；若不除以根号，宽的头会给 softmax 很大的数，"
        "使一个键独占全部权重。*加性* 得分 `v · tanh(W q + W k)`（2014）代价更高，但允许查询与键的宽度不同。",
        "learn_flow": "#### 2 · 信息流向：谁向谁提问\n"
        "*自注意力*：原文的词彼此提问，全部同时进行。*因果自注意力*：译文的词只问自己和前面的词，绝不看未来。"
        "*交叉注意力*：译文向原文提问。下图就是你这句话的三种流向。",
        "learn_structure": "#### 3 · 结构与功能：头与掩码\n"
        "多个 *头* 同时观察，各有自己的投影，因而各有自己的模式：下面是同一层的各个头。"
        "*掩码* 规定什么不能看：未来、批次里的填充，或窗口以外的部分。"
        "各头可以共用键和值，这样需要记住的就更少。",
        "learn_steps": "### 一个查询，逐步来看\n选一个查询，跟着它的数字从得分走到混合。",
        "learn_empty": "请先翻译一段文字，图是根据它画出来的。",
    },
    "de": {
        "tagline": "Ein kleiner Transformer übersetzt und zeigt, wohin er geblickt hat.",
        "honest": "Aufmerksamkeit zeigt, wohin ein Kopf geblickt hat, nicht warum ein Wort gewählt wurde: "
        "Für sich allein ist sie keine Erklärung.",
        "what_if_hint": "Jeder Schritt bietet das ganze Vokabular an; hier stehen die wahrscheinlichsten "
        "Stücke. Wählen Sie eines: Das Modell schreibt es und fährt von dort fort.",
        "tree_hint": "Die Strahlsuche hält einige Anfänge zugleich am Leben und lässt fallen, was "
        "zurückbleibt. Wählen Sie ein Stück, um von dort fortzufahren.",
        "learn_start": "### Eine Formel, drei Achsen\n"
        "`Gewichte = softmax(Maß(Q, K))`, dann `Mischung = Gewichte · V`. Eine Anfrage **Q** ist eine "
        "Frage, ein Schlüssel **K** sagt, was eine Stelle zu bieten hat, ihr Wert **V** ist, was sie "
        "gibt. Jede Aufmerksamkeit dieses Modells ist diese Formel und unterscheidet sich von den anderen "
        "auf drei Achsen.",
        "learn_score": "#### 1 · Maß: wie eine Anfrage mit einem Schlüssel verglichen wird\n"
        "Das *skalierte Skalarprodukt* `q · k / √D` (2017) ist ein gewöhnliches Matrixprodukt; ohne die "
        "Wurzel bekäme der Softmax bei breiten Köpfen so große Zahlen, dass ein Schlüssel alles nähme. "
        "Das *additive* Maß `v · tanh(W q + W k)` (2014) ist teurer und lässt Anfragen und Schlüsseln "
        "verschiedene Breiten.",
        "learn_flow": "#### 2 · Fluss: wer wen fragt\n"
        "*Selbst*: Die Wörter des Ausgangstextes fragen einander, alle zugleich. *Kausal*: Ein Wort der "
        "Übersetzung fragt sich selbst und was davor steht, nie die Zukunft. *Kreuz*: Die Übersetzung "
        "fragt den Ausgangstext. Die Bilder zeigen die drei Flüsse für Ihren Satz.",
        "learn_structure": "#### 3 · Aufbau: Köpfe und Masken\n"
        "Mehrere *Köpfe* blicken zugleich, jeder durch eigene Projektionen, sodass jeder einem eigenen "
        "Muster folgen kann: Hier stehen die Köpfe einer Schicht. Eine *Maske* sagt, worauf nicht "
        "geblickt werden darf: die Zukunft, die Füllung eines Stapels oder was außerhalb eines Fensters "
        "liegt. Köpfe können sich Schlüssel und Werte teilen, dann ist weniger zu merken.",
        "learn_steps": "### Eine Anfrage, Schritt für Schritt\n"
        "Wählen Sie eine Anfrage und folgen Sie ihren Zahlen vom Maß bis zur Mischung.",
        "learn_empty": "Übersetzen Sie erst einen Text; die Zeichnungen entstehen daraus.",
    },
}
