// Lights up what belongs together in an attention map, and says the weights in words.
// `element` is the root of the Gradio component. Everything is written as text, nothing as markup.

const SHOWN = 0.04; // weights below this are neither lit nor named
const NAMED = 6; // counterparts of a word that are named, strongest first

const number = (mark, side) => (mark.dataset[side] === undefined ? null : Number(mark.dataset[side]));
const weight = (mark) => Number(mark.dataset.w);
const find = (selector) => [...element.querySelectorAll(`svg.attention ${selector}`)];
const wordOf = (side, place) =>
  element.querySelector(`svg.attention text[data-${side}="${place}"]`)?.dataset.word ?? "";

// The pairs (cells or bands) that a mark stands for: itself, or all of its word, strongest first.
function pairsOf(mark) {
  if (mark.dataset.w !== undefined) return [mark];
  const side = number(mark, "s") === null ? "t" : "s";
  return find(`[data-${side}="${mark.dataset[side]}"][data-w]`)
    .filter((pair) => weight(pair) >= SHOWN)
    .sort((a, b) => weight(b) - weight(a));
}

function sentence(mark, pairs) {
  const quoted = (side, place) => `“${wordOf(side, place)}”`;
  if (mark.dataset.w !== undefined)
    return `${quoted("t", mark.dataset.t)} looked at ${quoted("s", mark.dataset.s)} with weight ${mark.dataset.w}`;
  const [side, other] = number(mark, "s") === null ? ["t", "s"] : ["s", "t"];
  const named = pairs.slice(0, NAMED).map((pair) => `${quoted(other, pair.dataset[other])} ${pair.dataset.w}`);
  const list = named.join(", ") + (pairs.length > NAMED ? ", …" : "") || "nothing above 0.04";
  return `${quoted(side, mark.dataset[side])} ${side === "t" ? "looked at" : "was looked at by"} ${list}`;
}

function clear() {
  find(".lit").forEach((mark) => mark.classList.remove("lit"));
  element.querySelector("svg.attention")?.classList.remove("some-lit");
  const readout = element.querySelector(".readout");
  if (readout) readout.textContent = readout.dataset.hint;
}

function light(mark) {
  clear();
  const pairs = pairsOf(mark);
  mark.classList.add("lit");
  for (const pair of pairs) {
    pair.classList.add("lit");
    find(`[data-s="${pair.dataset.s}"]:not([data-w]), [data-t="${pair.dataset.t}"]:not([data-w])`).forEach(
      (word) => word.classList.add("lit"),
    );
  }
  element.querySelector("svg.attention").classList.add("some-lit");
  element.querySelector(".readout").textContent = sentence(mark, pairs);
}

function follow(event) {
  const mark = event.target.closest?.("svg.attention [data-s], svg.attention [data-t]");
  if (mark) light(mark);
  else clear();
}

element.addEventListener("pointerover", follow);
element.addEventListener("focusin", follow);
element.addEventListener("pointerleave", clear);
element.addEventListener("focusout", clear);
