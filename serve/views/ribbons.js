// A map as ribbons: the columns' words on one side, the rows' on the other, bands as wide as the weights.
//
//   across   two lines, one above the other        where both fit
//   down     two columns, one beside the other     on a narrow page, or for long texts
//
// Bands that arrive at a row's word fill it, for the weights of a row sum to 1, those of special symbols among them;
// at a column's word they share its room. The picture is light by its own attributes; on a page the style sheet recolours it.

const FONT = '15px system-ui, "Noto Sans", "Noto Sans CJK SC", "Segoe UI", Helvetica, Arial, sans-serif';
const INK = "#1c2733", STRONG = "#1668b3", GROUND = "#edf2f8", SPECIAL = "#5b6674";
const LONGEST = 24; // letters that are drawn of a word

const measure = (() => {
  let context = null;
  return (word) => {
    context ??= document.createElement("canvas").getContext("2d");
    context.font = FONT;
    return context.measureText(word).width;
  };
})();

const cut = (word) => {
  const letters = [...readable(word)];
  return letters.length > LONGEST ? `${letters.slice(0, LONGEST - 1).join("")}…` : letters.join("");
};

// Where each word begins and how much room it has along its line; a line that reads leftwards begins right.
const layOut = (sizes, gap, total, rightToLeft, centred) => {
  const length = sizes.reduce((sum, size) => sum + size + gap, -gap);
  let at = centred ? (total - length) / 2 : 0;
  return sizes.map((size) => {
    const from = rightToLeft ? total - at - size : at;
    at += size + gap;
    return { from, size };
  });
};

const lengthOf = (sizes, gap) => sizes.reduce((sum, size) => sum + size + gap, -gap);

// A band between two stretches [from, size] on two lines; `point` turns (along, away) into (x, y).
const bandPath = (start, end, near, far, point) => {
  const middle = (near + far) / 2;
  const at = (along, away) => point(along, away).map((value) => value.toFixed(1)).join(" ");
  return (
    `M${at(start.from, near)}C${at(start.from, middle)} ${at(end.from, middle)} ${at(end.from, far)}` +
    `L${at(end.from + end.size, far)}C${at(end.from + end.size, middle)} ` +
    `${at(start.from + start.size, middle)} ${at(start.from + start.size, near)}Z`
  );
};

const bands = (plane, words, above, below, near, far, point) => {
  const [height, width] = [below.length, above.length];
  const sums = above.map((_, column) => columnOf(plane, width, column).reduce((sum, w) => sum + w, 0) || 1);
  const used = new Array(width).fill(0);
  const made = [];
  for (let row = 0; row < height; row++) {
    let end = below[row].from;
    rowOf(plane, width, row).forEach((weight, column) => {
      const room = (above[column].size * weight) / sums[column];
      const start = { from: above[column].from + used[column], size: room };
      const arrival = { from: end, size: below[row].size * weight };
      used[column] += room;
      end += arrival.size;
      if (weight < SHOWN) return;
      const opacity = (0.12 + 0.55 * weight).toFixed(3);
      const d = bandPath(start, arrival, near, far, point);
      const look = column < words ? { class: "ribbon", fill: STRONG } : { class: "ribbon special", fill: SPECIAL };
      const path = draw("path", { ...look, "fill-opacity": opacity, d });
      made.push({ row, column, path });
    });
  }
  return made;
};

// Where everything of the picture lies, which is no wider than `room` if it can be.
const layOutRibbons = (sheet, room) => {
  const words = { above: sheet.columns.map(cut), below: sheet.rows.map(cut) };
  const wide = { above: words.above.map(measure), below: words.below.map(measure) };
  const longest = { above: Math.max(0, ...wide.above), below: Math.max(0, ...wide.below) };
  const atLeast = (sizes) => sizes.map((size) => Math.max(size, 12));
  const roomy = { above: atLeast(wide.above), below: atLeast(wide.below) };
  const lines = [lengthOf(roomy.above, 13), lengthOf(roomy.below, 13)];
  const across = Math.max(...lines) + 32 <= room;
  const line = across ? Math.max(...lines) : Math.max(words.above.length, words.below.length) * 28 - 6;
  const place = (side, all) =>
    across
      ? layOut(roomy[side], 13, line, isRightToLeft(all), true)
      : layOut(all.map(() => 22), 6, line, false, true);
  const near = across ? 44 : 28 + longest.above;
  const apart = Math.max(90, Math.min(260, room - 60 - longest.above - longest.below));
  const far = across ? 190 : near + apart;
  return {
    words,
    wide,
    across,
    near,
    far,
    above: place("above", sheet.columns),
    below: place("below", sheet.rows),
    point: across ? (along, away) => [16 + along, away] : (along, away) => [away, 16 + along],
    width: Math.ceil(across ? line + 32 : far + 28 + longest.below),
    height: Math.ceil(across ? far + 44 : line + 32),
  };
};

const ITALIC = { "font-style": "italic" };

// The mark of one word: its bar, its letters, and an area around both that answers the pointer.
const drawWord = (layout, side, index, isSpecial = false) => {
  const { across, near, far, point, words, wide } = layout;
  const upper = side === "above";
  const { from, size } = layout[side][index];
  const [x, y] = point(from, upper ? near - 4 : far);
  const bar = across ? { x, y, width: size, height: 4 } : { x, y, width: 4, height: size };
  const text = across
    ? { x: x + size / 2, y: upper ? y - 10 : y + 22, "text-anchor": "middle" }
    : { x: upper ? x - 8 : x + 12, y: y + size / 2 + 5, "text-anchor": upper ? "end" : "start" };
  const hit = across
    ? { x: x - 6, y: upper ? 4 : y, width: size + 12, height: 40 }
    : { x: upper ? 0 : x, y: y - 3, width: 40 + wide[side][index], height: 28 };
  return draw(
    "g",
    { class: isSpecial ? "word-of special" : "word-of", "data-side": side, "data-place": index },
    draw("rect", { class: "hit", fill: "none", ...hit }),
    draw("rect", { class: "bar", fill: isSpecial ? SPECIAL : STRONG, ...bar }),
    draw("text", { ...text, ...(isSpecial && ITALIC), fill: INK, class: "name", direction: "ltr" }, words[side][index]),
  );
};

// The picture of a map as ribbons: svg, its bands, and a mark for each word of both sides.
const drawRibbons = (sheet, plane, room, title) => {
  const layout = layOutRibbons(sheet, room);
  const { above, below, near, far, point, width, height } = layout;
  const made = bands(plane, sheet.words, above, below, near, far, point);
  const names = {
    above: above.map((_, index) => drawWord(layout, "above", index, index >= sheet.words)),
    below: below.map((_, index) => drawWord(layout, "below", index)),
  };
  const attributes = { class: "ribbons", xmlns: "http://www.w3.org/2000/svg", width, height };
  const svg = draw(
    "svg",
    { ...attributes, viewBox: `0 0 ${width} ${height}`, style: `font: ${FONT}`, role: "img", "aria-label": title },
    draw("g", {}, ...made.map(({ path }) => path)),
    draw("g", {}, ...names.above, ...names.below),
  );
  return { svg, made, names, across: layout.across };
};

const ribbons = (sheet, plane, tongue, report, room) => {
  const { svg, made, names, across } = drawRibbons(sheet, plane, room, tongue.say("drawing"));
  const label = tongue.say("ribbons_label");
  const element = make("div", { class: "frame", tabindex: 0, role: "application", "aria-label": label }, svg);
  const places = new Map(made.map(({ path, row, column }) => [path, { row, column }]));

  const placeUnder = (event) => {
    const word = event.target.closest?.(".word-of");
    if (!word) return places.get(event.target) ?? null;
    const index = Number(word.dataset.place);
    return word.dataset.side === "above" ? { row: null, column: index } : { row: index, column: null };
  };

  const light = (place) => {
    svg.classList.toggle("some-lit", Boolean(place));
    const belongs = (band) =>
      Boolean(place) &&
      (place.row === null || band.row === place.row) &&
      (place.column === null || band.column === place.column);
    const [rows, columns] = [new Set([place?.row]), new Set([place?.column])];
    for (const band of made) {
      const lit = belongs(band);
      band.path.classList.toggle("lit", lit);
      if (lit) rows.add(band.row), columns.add(band.column);
    }
    names.above.forEach((name, index) => name.classList.toggle("lit", columns.has(index)));
    names.below.forEach((name, index) => name.classList.toggle("lit", rows.has(index)));
  };

  const walk = (key, place) => {
    const side = place.row === null ? "above" : "below";
    const index = place.row ?? place.column;
    const at = (onSide, number) => {
      const nearest = Math.max(0, Math.min(number, names[onSide].length - 1));
      return onSide === "above" ? { row: null, column: nearest } : { row: nearest, column: null };
    };
    const backwards = across && isRightToLeft(side === "above" ? sheet.columns : sheet.rows);
    const [on, back] = across ? ["ArrowRight", "ArrowLeft"] : ["ArrowDown", "ArrowUp"];
    const [over, up] = across ? ["ArrowDown", "ArrowUp"] : ["ArrowRight", "ArrowLeft"];
    if (key === on || key === back) return at(side, index + ((key === on) === backwards ? -1 : 1));
    if (key === over) return at("below", index);
    if (key === up) return at("above", index);
    if (key === "Home") return at(side, 0);
    if (key === "End") return at(side, names[side].length - 1);
    return null;
  };

  const follow = oncePerFrame((event) => report(placeUnder(event)));
  svg.addEventListener("pointermove", follow);
  svg.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && follow(event));
  return {
    element,
    light,
    step(key, place) {
      const next = walk(place ? key : "Home", place ?? { row: 0, column: null });
      const name = next && (next.row === null ? names.above[next.column] : names.below[next.row]);
      if (next) light(next), name?.scrollIntoView({ block: "nearest", inline: "nearest" });
      return next;
    },
    colour: () => {},
  };
};
