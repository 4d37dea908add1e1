// A map as a matrix: one canvas pixel a cell, names that stay in sight, two bands that follow the pointer.
// Nothing is built or removed while the pointer moves.

const IDEOGRAPHS = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{P}]+$/u;

const nameTag = (word, isSpecial = false) => {
  const kind = ["name", IDEOGRAPHS.test(word) && "upright", isSpecial && "special"].filter(Boolean).join(" ");
  const title = word.length > 14 ? readable(word) : null; // of a word that may be cut
  return make("span", { class: kind, title }, make("span", { dir: "auto" }, readable(word)));
};

const matrix = (sheet, plane, tongue, report) => {
  const { rows, columns, words } = sheet;
  const dir = isRightToLeft(columns) ? "rtl" : "ltr";
  const across = { class: "column-names", dir, "aria-hidden": "true" };
  const columnNames = make("div", across, ...columns.map((word, place) => nameTag(word, place >= words)));
  const rowNames = make("div", { class: "row-names", "aria-hidden": "true" }, ...rows.map((word) => nameTag(word)));
  const canvas = make("canvas", { "aria-hidden": "true" });
  const rowBand = make("div", { class: "band across", hidden: true });
  const columnBand = make("div", { class: "band down", hidden: true });
  const spot = make("div", { class: "spot", hidden: true });
  const hatch = columns.length > words ? make("div", { class: "hatch", "aria-hidden": "true" }) : null;
  const cells = make("div", { class: "cells", dir: dir }, canvas, hatch, rowBand, columnBand, spot);
  const grid = make(
    "div",
    { class: "grid", style: `--rows: ${rows.length}; --columns: ${columns.length}; --words: ${words}` },
    make("div", { class: "corner" }),
    columnNames,
    rowNames,
    cells,
  );
  const label = tongue.say("matrix_label");
  const element = make("div", { class: "frame", tabindex: 0, role: "application", "aria-label": label }, grid);

  const placeUnder = (event) => {
    const box = cells.getBoundingClientRect();
    const along = (event.clientX - box.left) / box.width;
    const down = (event.clientY - box.top) / box.height;
    const column = Math.floor((dir === "rtl" ? 1 - along : along) * columns.length);
    const row = Math.floor(down * rows.length);
    const inside = (place, count) => place >= 0 && place < count;
    if (event.target.closest(".row-names")) return inside(row, rows.length) ? { row, column: null } : null;
    if (event.target.closest(".column-names"))
      return inside(column, columns.length) ? { row: null, column } : null;
    return inside(row, rows.length) && inside(column, columns.length) ? { row, column } : null;
  };

  // What is lit of the names: the words pointed at and, of a whole row or column, the counterparts.
  const litNames = (place) => {
    if (!place) return [new Set(), new Set()];
    const { row, column } = place;
    const strong = (weights) => weights.flatMap((weight, index) => (weight >= SHOWN ? [index] : []));
    const litRows = row === null ? strong(columnOf(plane, columns.length, column)) : [row];
    const litColumns = column === null ? strong(rowOf(plane, columns.length, row)) : [column];
    return [new Set(litRows), new Set(litColumns)];
  };

  const light = (place) => {
    const { row = null, column = null } = place ?? {};
    rowBand.hidden = row === null;
    columnBand.hidden = column === null;
    spot.hidden = row === null || column === null;
    for (const mark of [rowBand, columnBand, spot]) {
      mark.style.setProperty("--row", row ?? 0);
      mark.style.setProperty("--column", column ?? 0);
    }
    const [litRows, litColumns] = litNames(place);
    [...rowNames.children].forEach((name, index) => name.classList.toggle("lit", litRows.has(index)));
    [...columnNames.children].forEach((name, index) => name.classList.toggle("lit", litColumns.has(index)));
    element.classList.toggle("some-lit", Boolean(place));
  };

  // The arrow keys walk the cells; one step before the first of a row or column stands for all of it.
  const walk = (key, { row, column }) => {
    const ahead = dir === "rtl" ? -1 : 1;
    const [y, x] = [row ?? -1, column ?? -1];
    const moves = {
      ArrowDown: [y + 1, x],
      ArrowUp: [y - 1, x],
      ArrowRight: [y, x + ahead],
      ArrowLeft: [y, x - ahead],
      Home: [y, -1],
      End: [y, columns.length - 1],
      PageUp: [-1, x],
      PageDown: [rows.length - 1, x],
    };
    if (!(key in moves)) return null;
    const clamp = (place, count) => Math.max(-1, Math.min(place, count - 1));
    const [down, along] = [clamp(moves[key][0], rows.length), clamp(moves[key][1], columns.length)];
    if (down < 0 && along < 0) return { row, column };
    return { row: down < 0 ? null : down, column: along < 0 ? null : along };
  };

  const keepInSight = ({ row, column }) => {
    element.style.scrollPadding = `${columnNames.offsetHeight + 4}px 4px 4px ${rowNames.offsetWidth + 4}px`;
    const mark = spot.hidden ? (row === null ? columnNames.children[column] : rowNames.children[row]) : spot;
    mark.scrollIntoView({ block: "nearest", inline: "nearest" });
  };

  const follow = oncePerFrame((event) => report(placeUnder(event)));
  grid.addEventListener("pointermove", follow);
  grid.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && follow(event));
  return {
    element,
    light,
    step(key, place) {
      const next = place ? walk(key, place) : walk("Home", { row: 0, column: null });
      if (next) light(next), keepInSight(next);
      return next;
    },
    colour: () => shade(canvas, pixelsOf(sheet, plane)),
  };
};
