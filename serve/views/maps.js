// The maps of a value, unpacked.
//
//   data.sheets   one a flow and unit: rows, columns, layers, heads, and maps by "layer.head"
//   plane         one map: weights [rows x columns] one row after the other, hidden [rows]

const unpack = (packed) => {
  const bytes = atob(packed);
  const numbers = new Float32Array(bytes.length / 2);
  for (let place = 0; place < numbers.length; place++)
    numbers[place] = (bytes.charCodeAt(2 * place) + 256 * bytes.charCodeAt(2 * place + 1)) / 65535;
  return numbers;
};

const sheetOf = (data, { flow, units }) =>
  data.sheets.find((sheet) => sheet.flow === flow && sheet.units === units) ?? null;

const planeOf = (sheet, layer, head) => {
  const name = `${layer}.${head}`;
  if (!sheet || !(name in sheet.maps)) return null;
  return { weights: unpack(sheet.maps[name]), hidden: unpack(sheet.hidden[name]) };
};

const headsOf = (sheet) => [...Array(sheet.heads).keys()].map(String).concat("mean");

// Every map of a sheet as a small picture: the map itself or, where it was not sent, what was sent for it.
const thumbsOf = (sheet) => {
  const heads = headsOf(sheet);
  const small = sheet.thumbs && { ...sheet.thumbs, all: unpack(sheet.thumbs.data) };
  const size = small && small.height * small.width;
  return [...Array(sheet.layers).keys()].map((layer) =>
    heads.map((head, number) => {
      if (!small) {
        const { weights } = planeOf(sheet, layer, head);
        return { height: sheet.rows.length, width: sheet.columns.length, weights };
      }
      const from = (layer * heads.length + number) * size;
      return { height: small.height, width: small.width, weights: small.all.subarray(from, from + size) };
    }),
  );
};

const rowOf = (plane, columns, row) => [...plane.weights.subarray(row * columns, (row + 1) * columns)];
const columnOf = (plane, columns, column) =>
  Array.from({ length: plane.weights.length / columns }, (_, row) => plane.weights[row * columns + column]);

// How strongly a weight is drawn: a little more than its share, so that a tenth is still seen.
const strength = (weight) => weight ** 0.75;

// One pixel a cell; the style sheet makes the cells as large as they should be.
const shade = (canvas, { height, width, weights }) => {
  [canvas.width, canvas.height] = [width, height];
  if (!height || !width) return;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const hue = getComputedStyle(canvas).getPropertyValue("--strong").trim(); // #rrggbb in our style sheet
  const [red, green, blue] = [1, 3, 5].map((from) => parseInt(hue.slice(from, from + 2), 16));
  weights.forEach((weight, place) => image.data.set([red, green, blue, 255 * strength(weight)], 4 * place));
  context.putImageData(image, 0, 0);
};

// The sentence about a place: a cell, a whole row or a whole column.
const sentenceAbout = (tongue, sheet, plane, { row, column }) => {
  const { say, quote, number, share } = tongue;
  const { rows, columns } = sheet;
  if (row === null) {
    const list = nameStrongest(tongue, columnOf(plane, columns.length, column), rows);
    return say("was_looked", { column: quote(columns[column]), list });
  }
  const hidden = plane.hidden[row] >= 0.005 ? `; ${say("hidden", { share: share(plane.hidden[row]) })}` : "";
  const weights = rowOf(plane, columns.length, row);
  const list =
    column === null
      ? nameStrongest(tongue, weights, columns)
      : `${quote(columns[column])} ${number(weights[column])}`;
  return say("looked", { row: quote(rows[row]), list }) + hidden;
};
