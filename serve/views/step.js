// One query of one head, a column a step: score, scaled, masked, softmax, weighted sum. A row is a key.

// A number with a bar from zero: to the right where it is above, to the left where it is below.
const barCell = (tongue, value, largest, kind) => {
  const size = largest ? (100 * Math.abs(value)) / largest : 0;
  const side = value < 0 ? "below" : "above";
  const bar = make("span", { class: `bar-of ${side}`, style: `--size: ${size.toFixed(1)}%` });
  const track = make("span", { class: `track ${kind}`, "aria-hidden": "true" }, bar);
  return make("td", {}, track, make("span", { class: "number" }, tongue.number(value)));
};

// D numbers as a strip of pixels, blue above zero and grey below, as strong as they are large.
const vector = (values, largest, weight, label) => {
  const attributes = { class: "vector", role: "img", "aria-label": label, style: `--weight: ${weight}` };
  const canvas = make("canvas", attributes);
  canvas.paint = () => {
    [canvas.width, canvas.height] = [Math.max(1, values.length), 1];
    const context = canvas.getContext("2d");
    const style = getComputedStyle(canvas);
    const colours = [style.getPropertyValue("--strong"), style.getPropertyValue("--below")];
    values.forEach((value, place) => {
      context.globalAlpha = largest ? Math.min(1, Math.abs(value) / largest) : 0;
      context.fillStyle = colours[value < 0 ? 1 : 0];
      context.fillRect(place, 0, 1, 1);
    });
  };
  return canvas;
};

const largestOf = (numbers) => numbers.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);

const tokenName = (token, tongue) => {
  if (token === "<s>") return tongue.say("start");
  if (token === "</s>") return tongue.say("end");
  return readable(token.replace(/^\u2581/, ""));
};

const stepRows = (data, tongue, painted) => {
  const { say, number } = tongue;
  const most = { scores: largestOf(data.scores), scaled: largestOf(data.scaled) };
  const widest = largestOf(data.values.flat());
  return data.keys.map((key, place) => {
    const allowed = data.allowed[place];
    const weight = data.weights[place];
    const strip = vector(data.values[place], widest, weight, say("step_mix"));
    painted.push(strip);
    const masked = allowed
      ? barCell(tongue, data.scaled[place], most.scaled, "signed")
      : make("td", { class: "masked" }, "−∞");
    return make(
      "tr",
      { class: allowed ? null : "hidden-key" },
      make("th", { scope: "row" }, make("bdi", {}, tokenName(key, tongue))),
      barCell(tongue, data.scores[place], most.scores, "signed"),
      ...(data.scale === null ? [] : [barCell(tongue, data.scaled[place], most.scaled, "signed")]),
      masked,
      barCell(tongue, weight, 1, "share-of"),
      make("td", {}, make("span", { class: "times" }, `${number(weight)} ×`), strip),
    );
  });
};

const stepTable = (data, tongue, painted) => {
  const { say, number } = tongue;
  const titles = [
    ["score", say(`step_score_why_${data.score}`)],
    ...(data.scale === null ? [] : [["scaled", say("step_scaled_why", { scale: number(data.scale) })]]),
    ["masked", say("step_masked_why")],
    ["softmax", say("step_softmax_why")],
    ["mix", say("step_mix_why")],
  ];
  const head = titles.map(([name, why], place) =>
    make(
      "th",
      { scope: "col" },
      make("span", { class: "step-name" }, `${place + 1} ${say(`step_${name}`)}`),
      make("span", { class: "why" }, why),
    ),
  );
  const spoken = `${say("step_sum")}: ${data.mix.map(number).join(" ")}`;
  const sum = vector(data.mix, largestOf(data.mix), 1, spoken);
  painted.push(sum);
  const total = data.weights.reduce((all, weight) => all + weight, 0);
  const blank = titles.length - 2;
  return make(
    "table",
    { class: "steps" },
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, say("step_key")), ...head)),
    make("tbody", {}, ...stepRows(data, tongue, painted)),
    make(
      "tfoot",
      {},
      make(
        "tr",
        {},
        make("th", { scope: "row" }, say("step_sum")),
        ...Array.from({ length: blank }, () => make("td")),
        make("td", {}, make("span", { class: "number" }, number(total))),
        make("td", {}, sum),
      ),
    ),
  );
};

const mount = (root, host) => {
  let buttons = [];
  let painted = [];

  const paint = (box, data, tongue) => {
    const { say } = tongue;
    const hadFocus = buttons.includes(document.activeElement);
    buttons = data.queries.map((token, place) => {
      const chosen = place === data.query;
      const attributes = { type: "button", class: "query", role: "radio", "aria-checked": String(chosen) };
      const button = make("button", attributes, tokenName(token, tongue));
      button.addEventListener("click", () => host.trigger?.("select", { query: place }));
      return button;
    });
    makeStop(buttons, buttons[data.query]);
    painted = [];
    const where = say("layer_head", { layer: data.layer, head: data.head });
    const scrolled = box.querySelector(".frame")?.scrollLeft ?? 0;
    const frame = make(
      "div",
      { class: "frame", tabindex: 0, role: "region", "aria-label": where },
      stepTable(data, tongue, painted),
    );
    box.replaceChildren(
      make("p", { class: "caption" }, make("strong", {}, where), ` · ${say(data.flow)}`),
      make("p", { class: "note" }, say("step_query")),
      make("div", { class: "queries", role: "radiogroup", "aria-label": say("step_query") }, ...buttons),
      frame,
    );
    recolour();
    frame.scrollLeft = scrolled;
    if (hadFocus) buttons[data.query]?.focus();
  };
  const recolour = () => painted.forEach((canvas) => canvas.paint());

  show(root, host, "step", "empty_step", paint);
  root.addEventListener("keydown", (event) => {
    const place = buttons.indexOf(event.target);
    if (place < 0) return;
    const next = placeAfter(event.key, place, buttons.length, 1);
    if (next === null) return;
    event.preventDefault();
    makeStop(buttons, buttons[next]);
    buttons[next].focus();
    host.trigger?.("select", { query: next });
  });
  new MutationObserver(recolour).observe(document.body, { attributeFilter: ["class"] });
};
