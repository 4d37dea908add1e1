// Source and target in place. A word that is pointed at, focused or clicked highlights its counterparts.

const OTHER = { source: "target", target: "source" };

// Weights of one word's counterparts, by their place on the other side.
const counterparts = (data, side, word) => {
  const weights = new Array(data[OTHER[side]].words.length).fill(0);
  for (const [t, s, weight] of data.links)
    if ((side === "target" ? t : s) === word) weights[side === "target" ? s : t] = weight;
  return weights;
};

const piecesOf = (data, word) => data.pieces.filter(([place]) => place === word);
const probabilityOf = (data, word) => piecesOf(data, word).reduce((p, [, , own]) => p * own, 1);

const describe = (data, side, word, tongue) => {
  const { say, quote, number, list } = tongue;
  const words = data[OTHER[side]].words;
  const links = nameStrongest(tongue, counterparts(data, side, word), words);
  const own = quote(data[side].words[word]);
  if (side === "source") return say("was_looked", { column: own, list: links });
  const pieces = piecesOf(data, word);
  const sentence = say("looked", { row: own, list: links });
  if (!pieces.length) return sentence;
  const named = list(pieces.map(([, piece, p]) => `${readable(piece)} ${number(p)}`));
  const detail = pieces.length > 1 ? ` (${say("word_pieces", { list: named })})` : "";
  return `${sentence} · ${say("probability")} ${number(probabilityOf(data, word))}${detail}`;
};

const textOf = (data, side, tongue) => {
  const { words, gaps } = data[side];
  const rightToLeft = isRightToLeft(words);
  const text = make("p", { class: "text", dir: rightToLeft ? "rtl" : "ltr", lang: "" }, gaps[0]);
  words.forEach((word, place) => {
    const known = side === "target" && data.pieces.length > 0;
    const style = known ? `--sure: ${probabilityOf(data, place).toFixed(3)}` : null;
    const kind = known ? "word sure" : "word";
    const attributes = { class: kind, role: "button", tabindex: place ? -1 : 0, "aria-pressed": "false", style };
    text.append(make("span", { ...attributes, "data-place": place }, word), gaps[place + 1]);
  });
  return make("section", { class: "side", "data-side": side, "aria-label": tongue.say(side) }, text);
};

const pairTable = (data, tongue) => {
  const { say, number } = tongue;
  const known = data.pieces.length > 0;
  const rows = data.target.words.map((word, place) => [
    readable(word),
    nameStrongest(tongue, counterparts(data, "target", place), data.source.words),
    ...(known ? [number(probabilityOf(data, place))] : []),
  ]);
  const head = [say("table_word"), say("table_counterparts"), ...(known ? [say("probability")] : [])];
  return table(say("target"), head, rows);
};

const mount = (root, host) => {
  let data, tongue, box;
  let pinned = null; // [side, word] that stays lit

  const wordsOf = (side) => [...box.querySelectorAll(`[data-side=${side}] .word`)];
  const placeOf = (element) => {
    const word = element?.closest?.(".word");
    return word ? [word.closest(".side").dataset.side, Number(word.dataset.place)] : null;
  };

  const light = (place) => {
    const readout = box.querySelector(".readout");
    if (!readout) return; // the pointer is still here, the sentences are not
    const [side, word] = place ?? [null, null];
    for (const each of ["source", "target"]) {
      const weights = side && each !== side ? counterparts(data, side, word) : null;
      wordsOf(each).forEach((element, index) => {
        const weight = weights?.[index] ?? 0;
        element.classList.toggle("lit", weight >= SHOWN);
        element.style.setProperty("--weight", weight);
        element.classList.toggle("held", each === side && index === word);
      });
    }
    const hint = data.growing ? tongue.say("growing") : tongue.say("hint_pair");
    readout.textContent = place ? describe(data, side, word, tongue) : hint;
  };

  const pin = (place) => {
    const again = pinned && place && pinned.join() === place.join();
    pinned = again ? null : place;
    for (const side of ["source", "target"])
      wordsOf(side).forEach((element, index) =>
        element.setAttribute("aria-pressed", String(pinned?.[0] === side && pinned[1] === index)),
      );
    light(pinned);
    if (pinned) host.trigger?.("select", { side: pinned[0], word: pinned[1] });
  };

  const press = (event) => {
    const place = placeOf(event.target);
    if (event.key === "Escape") return pin(null);
    if (!place) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      return pin(place);
    }
    const words = wordsOf(place[0]);
    const back = isRightToLeft(data[place[0]].words);
    const next = placeAfter(event.key, place[1], words.length, 1, back);
    if (next === null) return;
    event.preventDefault();
    makeStop(words, words[next]);
    words[next].focus();
  };

  const paint = (into, newData, newTongue) => {
    const isOpen = box?.querySelector("details")?.open;
    [box, data, tongue] = [into, newData, newTongue];
    if (pinned && pinned[1] >= data[pinned[0]].words.length) pinned = null;
    const confidence = data.pieces.length ? make("p", { class: "note" }, tongue.say("confidence")) : null;
    box.replaceChildren(
      make("div", { class: "sides" }, textOf(data, "source", tongue), textOf(data, "target", tongue)),
      make("p", { class: "readout", "aria-live": "polite" }),
      ...(confidence ? [confidence] : []),
      foldedTable(tongue.say("table"), () => pairTable(data, tongue), isOpen),
    );
    light(pinned);
  };

  show(root, host, "pair", "empty_pair", paint);
  root.addEventListener("pointerover", (event) => data && light(placeOf(event.target) ?? pinned));
  root.addEventListener("pointerleave", () => data && light(pinned));
  root.addEventListener("focusin", (event) => {
    const place = placeOf(event.target);
    if (!place) return;
    makeStop(wordsOf(place[0]), event.target);
    light(place);
  });
  root.addEventListener("focusout", () => data && light(pinned));
  root.addEventListener("click", (event) => placeOf(event.target) && pin(placeOf(event.target)));
  root.addEventListener("keydown", (event) => data && press(event));
};
