// Downloads of a map: SVG, PNG, JSON, and an HTML page of its own, all from the data shown.

const PAPER = "#ffffff";
const CELL = 22;
const APART = 6;

// Slanted lines over a stretch, from its left edge up to its right.
const hatchPath = (x, y, width, height) => {
  const lines = [];
  for (let from = 3; from < width + height; from += 6) {
    const [below, right] = [Math.max(0, from - height), Math.min(width, from)];
    lines.push(`M${x + below} ${y + from - below}L${x + right} ${y + from - right}`);
  }
  return lines.join("");
};

// The shade of each tenth from 0 to 1, with numbers at both ends and in the middle.
const colourBar = (x, y) => {
  const shades = Array.from({ length: 11 }, (_, tenth) => {
    const opacity = strength(tenth / 10).toFixed(3);
    return draw("rect", { class: "shade", fill: STRONG, "fill-opacity": opacity, x: x + 10 * tenth, y, width: 10, height: 8 });
  });
  const ticks = [0, 0.5, 1].map((weight) =>
    draw("text", { fill: INK, x: x + 5 + 100 * weight, y: y + 22, "text-anchor": "middle", "font-size": 11 }, String(weight)),
  );
  return [draw("rect", { fill: GROUND, x, y, width: 110, height: 8 }), ...shades, ...ticks];
};

// A matrix as a picture that needs no style sheet: light, letters as text, a cell for each weight seen.
const drawMatrix = (sheet, plane, title) => {
  const [rows, columns] = [sheet.rows.map(cut), sheet.columns.map(cut)];
  const left = 26 + Math.max(0, ...rows.map(measure));
  const top = 26 + Math.max(0, ...columns.map(measure));
  const beyond = columns.length > sheet.words ? APART : 0; // between words and special symbols
  const [width, height] = [left + columns.length * CELL + beyond + 16, top + rows.length * CELL + 60];
  const leftwards = isRightToLeft(sheet.columns);
  const xOf = (column) => {
    const along = column * CELL + (column >= sheet.words ? beyond : 0);
    return leftwards ? left + (columns.length - 1) * CELL + beyond - along : left + along;
  };
  const grounds = columns.map((_, column) => {
    return draw("rect", { fill: GROUND, x: xOf(column), y: top, width: CELL, height: rows.length * CELL });
  });
  const cells = [...plane.weights].flatMap((weight, place) => {
    if (weight < 0.004) return [];
    const [row, column] = [Math.floor(place / columns.length), place % columns.length];
    const box = { x: xOf(column) + 0.5, y: top + row * CELL + 0.5, width: CELL - 1, height: CELL - 1 };
    const opacity = strength(weight).toFixed(3);
    const label = `${readable(sheet.rows[row])} → ${readable(sheet.columns[column])}: ${weight.toFixed(2)}`;
    const fill = column < sheet.words ? STRONG : SPECIAL;
    return [draw("rect", { fill, "fill-opacity": opacity, ...box }, draw("title", {}, label))];
  });
  const hatches = columns.slice(sheet.words).map((_, place) => {
    const d = hatchPath(xOf(sheet.words + place), top, CELL, rows.length * CELL);
    return draw("path", { class: "hatch", d, fill: "none", stroke: PAPER, "stroke-width": 1.2 });
  });
  const across = columns.map((word, column) => {
    const [x, y] = [xOf(column) + CELL / 2 + 5, top - 8];
    const slant = column < sheet.words ? {} : ITALIC;
    return draw("text", { fill: INK, ...slant, transform: `translate(${x} ${y}) rotate(-90)` }, word);
  });
  const down = rows.map((word, row) =>
    draw("text", { fill: INK, x: left - 8, y: top + (row + 0.5) * CELL + 5, "text-anchor": "end" }, word),
  );
  const size = { width: Math.ceil(width), height: Math.ceil(height) };
  return draw(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      ...size,
      viewBox: `0 0 ${size.width} ${size.height}`,
      style: `font: ${FONT}`,
      role: "img",
      "aria-label": title,
    },
    ...grounds,
    ...cells,
    ...hatches,
    ...colourBar(left, top + rows.length * CELL + 18),
    ...across,
    ...down,
  );
};

// The picture as shown, on white paper, with its caption as a line of its own.
const pictureOf = (sheet, plane, choice, caption) => {
  const made = choice.drawing === "matrix" ? drawMatrix : (...parts) => drawRibbons(...parts).svg;
  const room = choice.drawing === "matrix" ? caption : 1400;
  const svg = made(sheet, plane, room, caption);
  svg.setAttribute("aria-label", caption);
  svg.prepend(draw("title", {}, caption), draw("rect", { fill: PAPER, width: "100%", height: "100%" }));
  return new XMLSerializer().serializeToString(svg);
};

const asPng = (svg) =>
  new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => {
      const scale = Math.min(2, 8000 / Math.max(image.width, image.height));
      const canvas = make("canvas");
      [canvas.width, canvas.height] = [image.width * scale, image.height * scale];
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob(resolve, "image/png");
    };
    image.onerror = reject;
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  });

const asJson = (data, sheet, plane, choice) => {
  const rounded = (numbers) => [...numbers].map((number) => Math.round(number * 1e4) / 1e4);
  const { flow, units, layer, head } = choice;
  const count = sheet.symbols.length;
  const map = {
    model: data.name,
    source: data.source,
    target: data.target,
    flow,
    units,
    layer,
    head: head === "mean" ? head : Number(head),
    read: flow === "cross" ? data.aligned.read : "input",
    rows: sheet.rows,
    columns: sheet.columns,
    weights: sheet.rows.map((_, row) => rounded(rowOf(plane, sheet.columns.length, row))),
    symbols: sheet.symbols,
    special: sheet.rows.map((_, row) => rounded(plane.special.subarray(row * count, (row + 1) * count))),
  };
  return JSON.stringify(map, null, 1);
};

// A value as JavaScript that may stand in a page: no word in it can end the script element.
const asScript = (value) =>
  JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

// The page of one drawing: the shell with its gaps filled, this very script among them.
const asPage = (data, choice, language, title) => {
  const saved = { ...data, choice: { ...choice, head: choice.head === "mean" ? "mean" : Number(choice.head) } };
  const filled = {
    LANGUAGE: language,
    TITLE: title.replace(/[<>&]/g, (letter) => `&#${letter.charCodeAt(0)};`),
    SCRIPT: `(${drawing.toString()})(${[LABELS, STYLE, SHELL].map(asScript).join(",")})`,
    DATA: asScript(saved),
  };
  return SHELL.replace(/%([A-Z]+)%/g, (_, name) => filled[name]);
};
