// The maps of a value, unpacked.
//
//   data.sheets   one a flow and unit: rows, columns, symbols, layers, heads, and maps by "layer.head"
//   plane         one map: weights [rows x columns] one row after the other, special [rows x symbols]
//   shown         a sheet and its plane as they are drawn: special symbols in columns after the words', or left out

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
  const special = unpack(sheet.special[name]);
  const count = sheet.symbols.length;
  const hidden = sheet.rows.map((_, row) => sumOf(special.subarray(row * count, (row + 1) * count)));
  return { weights: unpack(sheet.maps[name]), special, hidden };
};

const sumOf = (numbers) => numbers.reduce((sum, number) => sum + number, 0);

// How special symbols are drawn: all in one column, each in its own, or not at all. Then the rows are scaled to sum
// to 1 again, which makes a row that hardly looked at any word seem certain of one.
const SYMBOLS = ["summed", "each", "left_out"];
const symbolName = (symbol, tongue) =>
  symbol === "<s>" ? tongue.say("start") : symbol === "</s>" ? tongue.say("end") : readable(symbol);

const arrange = (sheet, plane, how, tongue) => {
  const [words, count] = [sheet.columns.length, sheet.symbols.length];
  const names = { summed: [tongue.say("special")], each: sheet.symbols.map((each) => symbolName(each, tongue)) };
  const added = names[how] ?? [];
  const width = words + added.length;
  const weights = new Float32Array(sheet.rows.length * width);
  sheet.rows.forEach((_, row) => {
    const own = plane.weights.subarray(row * words, (row + 1) * words);
    const scale = how === "left_out" ? 1 / Math.max(sumOf(own), 1e-9) : 1;
    own.forEach((weight, column) => (weights[row * width + column] = weight * scale));
    if (how === "summed") weights[row * width + words] = plane.hidden[row];
    if (how === "each") weights.set(plane.special.subarray(row * count, (row + 1) * count), row * width + words);
  });
  const shown = { ...sheet, columns: [...sheet.columns, ...added], words };
  return { sheet: shown, plane: { weights, hidden: plane.hidden } };
};

const headsOf = (sheet) => [...Array(sheet.heads).keys()].map(String).concat("mean");

// Every map of a sheet as a small picture: the map itself or, where it was not sent, what was sent for it.
const thumbsOf = (sheet, how, tongue) => {
  const heads = headsOf(sheet);
  const small = sheet.thumbs && { ...sheet.thumbs, all: unpack(sheet.thumbs.data) };
  const size = small && small.height * small.width;
  return [...Array(sheet.layers).keys()].map((layer) =>
    heads.map((head, number) => {
      if (!small) {
        const shown = arrange(sheet, planeOf(sheet, layer, head), how, tongue);
        return pixelsOf(shown.sheet, shown.plane);
      }
      const from = (layer * heads.length + number) * size;
      const weights = small.all.subarray(from, from + size);
      return { height: small.height, width: small.width, words: small.width - 1, weights };
    }),
  );
};

const rowOf = (plane, columns, row) => [...plane.weights.subarray(row * columns, (row + 1) * columns)];
const columnOf = (plane, columns, column) =>
  Array.from({ length: plane.weights.length / columns }, (_, row) => plane.weights[row * columns + column]);

// How strongly a weight is drawn: a little more than its share, so that a tenth is still seen.
const strength = (weight) => weight ** 0.75;

const pixelsOf = (sheet, plane) => {
  const { rows, columns, words } = sheet;
  return { height: rows.length, width: columns.length, words, weights: plane.weights };
};

// One pixel a cell; the style sheet makes the cells as large as they should be. Special symbols are grey.
const shade = (canvas, { height, width, words, weights }) => {
  [canvas.width, canvas.height] = [width, height];
  if (!height || !width) return;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const style = getComputedStyle(canvas);
  const [strong, special] = ["--strong", "--special"].map((name) => {
    const hue = style.getPropertyValue(name).trim(); // #rrggbb in our style sheet
    return [1, 3, 5].map((from) => parseInt(hue.slice(from, from + 2), 16));
  });
  weights.forEach((weight, place) => {
    const hue = place % width < words ? strong : special;
    image.data.set([...hue, 255 * strength(weight)], 4 * place);
  });
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
  const isSaid = plane.hidden[row] >= 0.005 && (column === null ? columns.length === sheet.words : column < sheet.words);
  const hidden = isSaid ? `; ${say("hidden", { share: share(plane.hidden[row]) })}` : "";
  const weights = rowOf(plane, columns.length, row);
  const list =
    column === null
      ? nameStrongest(tongue, weights, columns)
      : `${quote(columns[column])} ${number(weights[column])}`;
  return say("looked", { row: quote(rows[row]), list }) + hidden;
};
