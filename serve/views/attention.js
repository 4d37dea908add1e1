// All maps of a pair of texts: choosers, the map as matrix or ribbons, the overview, a table, downloads.
// The reader's choice stays when new data come, as they do while a text is being written.

const UNITS = ["words", "pieces"], DRAWINGS = ["matrix", "ribbons"];
const FIRST = { flow: "cross", units: "words", drawing: "matrix", special: "summed" };
const LONGEST_TABLE = 4000; // cells of a table that shows every weight

// A name that nothing else on the page has: radio buttons of a group share one, a label points at one.
const unique = () => `drawing-${Math.random().toString(36).slice(2)}`;

const radios = (tongue, legend, options, choose) => {
  const name = unique();
  const inputs = options.map((value) => make("input", { type: "radio", name, value }));
  const labels = inputs.map((input) => make("label", {}, input, make("span", {}, tongue.say(input.value))));
  const element = make("fieldset", {}, make("legend", {}, tongue.say(legend)), make("div", {}, ...labels));
  element.addEventListener("change", (event) => choose(event.target.value));
  return {
    element,
    set: (value) => inputs.forEach((input) => (input.checked = input.value === value)),
    allow: (can) => inputs.forEach((input) => (input.disabled = !can(input.value))),
  };
};

const picker = (label, choose) => {
  const select = make("select", { id: unique() });
  select.addEventListener("change", () => choose(select.value));
  return {
    element: make("div", { class: "picker" }, make("label", { for: select.id }, label), select),
    set: (options, value) => {
      const values = options.map(([, own]) => own);
      if (values.join() !== [...select.options].map((option) => option.value).join())
        select.replaceChildren(...options.map(([text, own]) => make("option", { value: own }, text)));
      select.value = value;
    },
  };
};

// What the shades of the matrix mean: from 0 to 1, as the cells are drawn.
const scaleBar = (tongue) => {
  const stops = Array.from({ length: 11 }, (_, tenth) => `color-mix(in srgb, var(--strong) ${Math.round(100 * strength(tenth / 10))}%, transparent)`);
  const bar = make("span", { class: "shades", style: `background-image: linear-gradient(to right, ${stops.join(",")})` });
  return make("p", { class: "scale note" }, tongue.say("weight"), " 0 ", bar, " 1");
};

const mapTable = (tongue, sheet, plane, caption) => {
  const { say, number } = tongue;
  const rows = sheet.rows.map((word, row) => [readable(word), rowOf(plane, sheet.columns.length, row)]);
  if (plane.weights.length <= LONGEST_TABLE)
    return table(
      caption,
      [say("table_word"), ...sheet.columns.map(readable)],
      rows.map(([word, weights]) => [word, ...weights.map(number)]),
    );
  return table(
    caption,
    [say("table_word"), say("table_counterparts")],
    rows.map(([word, weights]) => [word, nameStrongest(tongue, weights, sheet.columns)]),
  );
};

const captionOf = (tongue, data, choice) => {
  const { say } = tongue;
  const { flow, units, layer, head, special } = choice;
  const aligned = flow === "cross" && layer === data.aligned.layer && head === String(data.aligned.head);
  const where = head === "mean" ? say("layer_mean", { layer }) : say("layer_head", { layer, head });
  const read = flow === "encoder" ? null : say(`read_${flow === "cross" ? data.aligned.read : "input"}`);
  const notes = [say(`map_${flow}`), read, say(`note_${special}`), units === "words" ? say("words_note") : null];
  return { where, aligned: aligned ? say("aligned_caption") : "", notes: notes.filter(Boolean).join(" ") };
};

const mount = (root, host) => {
  let box, data, tongue, parts, choice, sheet, plane, picture, overviewed;
  let shown; // the sheet and the plane as they are drawn
  let at = null; // the place that is lit
  let requested = null; // the map that Python was last asked for, and of which data

  const eventData = () => ({ ...choice, head: choice.head === "mean" ? "mean" : Number(choice.head) });
  const choose = (change) => {
    choice = { ...choice, ...change };
    host.trigger?.("select", eventData());
    update();
  };
  const light = (place) => {
    if (!plane) return;
    at = place;
    picture.light(place);
    const hint = tongue.say(data.growing ? "growing" : "hint_map");
    parts.readout.textContent = place ? sentenceAbout(tongue, shown.sheet, shown.plane, place) : hint;
  };

  const press = (event) => {
    if (!plane || !parts.stage.contains(event.target)) return;
    if (event.key === "Escape") return light(null);
    const place = picture.step(event.key, at);
    if (!place || event.ctrlKey || event.metaKey || event.altKey || event.key === "Tab") return;
    event.preventDefault();
    light(place);
  };

  const build = () => {
    const { say } = tongue;
    const flow = radios(tongue, "flow", FLOWS, (value) => choose({ flow: value }));
    const units = radios(tongue, "units", UNITS, (value) => choose({ units: value }));
    const drawn = radios(tongue, "drawing", DRAWINGS, (value) => choose({ drawing: value }));
    const special = radios(tongue, "symbols", SYMBOLS, (value) => choose({ special: value }));
    const layer = picker(say("layer"), (value) => choose({ layer: Number(value) }));
    const head = picker(say("head"), (value) => choose({ head: value }));
    const back = make("button", { type: "button", class: "plain" }, say("back"));
    back.addEventListener("click", () => {
      const { layer: own, head: ownHead } = data.aligned;
      choose({ flow: "cross", layer: own, head: String(ownHead) });
    });
    const saves = ["svg", "png", "json", "page"].map((kind) => {
      const text = kind === "page" ? say("page") : kind.toUpperCase();
      const button = make("button", { type: "button", class: "plain", "data-kind": kind }, text);
      button.addEventListener("click", () => download(kind));
      return button;
    });
    parts = {
      language: tongue.language,
      readout: make("p", { class: "readout", "aria-live": "polite" }),
      stage: make("div", { class: "stage" }),
      side: make("div", { class: "beside" }),
      caption: make("p", { class: "caption" }),
      folded: make("div", {}),
      flow,
      units,
      drawn,
      special,
      scale: scaleBar(tongue),
      layer,
      head,
      back,
    };
    const savesGroup = { class: "saves", role: "group", "aria-label": say("download") };
    const choosers = [flow, units, drawn, special, layer, head].map(({ element }) => element).concat(back);
    box.replaceChildren(
      make("div", { class: "choosers" }, ...choosers),
      parts.readout,
      make("div", { class: "stage-and-overview" }, parts.stage, parts.side),
      parts.scale,
      parts.caption,
      make("div", savesGroup, say("download"), ...saves),
      parts.folded,
    );
  };

  const askFor = () => {
    const selection = JSON.stringify(eventData());
    parts.readout.textContent = tongue.say("waiting");
    if (requested && requested.data === data && requested.selection === selection) return;
    requested = { data, selection };
    host.trigger?.("missing", eventData());
  };

  const update = () => {
    sheet = sheetOf(data, choice);
    if (sheet && choice.head !== "mean" && Number(choice.head) >= sheet.heads) choice.head = "0";
    if (sheet && choice.layer >= sheet.layers) choice.layer = 0;
    plane = planeOf(sheet, choice.layer, choice.head);
    for (const [chooser, key] of [["flow", "flow"], ["units", "units"], ["drawn", "drawing"], ["special", "special"]])
      parts[chooser].set(choice[key]);
    if (!host.trigger) allowWhatIsHere();
    overviewed?.mark(choice);
    if (!plane) return askFor();
    const layers = [...Array(sheet.layers).keys()].map((layer) => [String(layer), String(layer)]);
    parts.layer.set(layers, String(choice.layer));
    const heads = headsOf(sheet).map((head) => [head === "mean" ? tongue.say("mean") : head, head]);
    parts.head.set(heads, choice.head);
    const { where, aligned, notes } = captionOf(tongue, data, choice);
    const strong = make("strong", {}, where);
    parts.caption.replaceChildren(strong, aligned ? ` · ${aligned} · ` : " · ", notes);
    parts.back.hidden = Boolean(aligned);
    shown = arrange(sheet, plane, choice.special, tongue);
    parts.scale.hidden = choice.drawing !== "matrix";
    paintPicture();
    paintOverview();
    const isOpen = parts.folded.querySelector("details")?.open;
    const own = shown;
    const rows = () => mapTable(tongue, own.sheet, own.plane, where);
    parts.folded.replaceChildren(foldedTable(tongue.say("table"), rows, isOpen));
  };

  // A page without Python behind it offers only what it has.
  const allowWhatIsHere = () => {
    parts.flow.allow((flow) => Boolean(sheetOf(data, { ...choice, flow })));
    parts.units.allow((units) => Boolean(sheetOf(data, { ...choice, units })));
  };

  const paintPicture = () => {
    const hadFocus = parts.stage.contains(document.activeElement);
    const scrolled = parts.stage.firstElementChild;
    const [left, top] = [scrolled?.scrollLeft ?? 0, scrolled?.scrollTop ?? 0];
    box.style.setProperty("--heads", sheet.heads + 1);
    if (!sheet.rows.length || !sheet.columns.length) {
      picture = { light() {}, step: () => null, colour() {} };
      parts.stage.replaceChildren(make("p", { class: "empty" }, tongue.say("too_short")));
      return;
    }
    const room = parts.stage.clientWidth || 700;
    const made = choice.drawing === "matrix" ? matrix : ribbons;
    picture = made(shown.sheet, shown.plane, tongue, light, room);
    parts.stage.replaceChildren(picture.element);
    picture.colour();
    picture.element.scrollTo(left, top);
    if (hadFocus) picture.element.focus();
    const inside = at && (at.row ?? 0) < sheet.rows.length && (at.column ?? 0) < shown.sheet.columns.length;
    light(inside && hadFocus ? at : null);
  };

  const paintOverview = () => {
    const hadFocus = overviewed?.hasFocus();
    const how = choice.special;
    if (overviewed?.sheet !== sheet || overviewed.how !== how) {
      overviewed = overview(sheet, data, how, tongue, (layer, head) => choose({ layer, head }));
      Object.assign(overviewed, { sheet, how });
      parts.side.replaceChildren(overviewed.element);
    }
    overviewed.mark(choice);
    overviewed.colour();
    if (hadFocus) overviewed.focus();
  };

  const download = async (kind) => {
    if (!plane) return;
    const { where, notes } = captionOf(tongue, data, choice);
    const title = [data.name, tongue.say(choice.flow), where].filter(Boolean).join(" · ");
    const name = `attention-${choice.flow}-${choice.layer}-${choice.head}`;
    if (kind === "json") return save(`${name}.json`, asJson(data, sheet, plane, choice), "application/json");
    if (kind === "page")
      return save(`${name}.html`, asPage(data, choice, tongue.language, title), "text/html");
    const svg = pictureOf(shown.sheet, shown.plane, choice, `${title}. ${notes}`);
    if (kind === "svg") return save(`${name}.svg`, svg, "image/svg+xml");
    save(`${name}.png`, await asPng(svg), "image/png");
  };

  const paint = (into, newData, newTongue) => {
    const other = !choice || newData.name !== data?.name;
    [box, data, tongue] = [into, newData, newTongue];
    const { layer, head } = data.aligned;
    if (other)
      choice = { ...FIRST, ...choice, layer, head: String(head) };
    if (data.choice) choice = { ...choice, ...data.choice, head: String(data.choice.head) };
    if (!parts || parts.language !== tongue.language || !box.contains(parts.stage)) {
      overviewed = null;
      build();
    }
    update();
  };

  show(root, host, "attention", "empty_attention", paint);
  root.addEventListener("keydown", press);
  root.addEventListener("focusin", (event) => {
    if (plane && !at && event.target === picture.element && event.target.matches(":focus-visible"))
      light(picture.step("Home", null));
  });
  root.addEventListener("focusout", (event) => plane && event.target === picture.element && light(null));
  // Colours come from the style sheet: they are read again when light turns dark.
  new MutationObserver(recolour).observe(document.body, { attributeFilter: ["class"] });
  new MutationObserver(recolour).observe(document.documentElement, { attributeFilter: ["class"] });
  function recolour() {
    picture?.colour();
    overviewed?.colour();
  }
  // Ribbons lie across where there is room and down where there is not; a hidden tab has no room yet.
  let room = 0;
  new ResizeObserver(([entry]) => {
    const wide = Math.round(entry.contentRect.width);
    const changed = Math.abs(wide - room) > 24;
    room = changed ? wide : room;
    if (changed && plane && choice.drawing === "ribbons") paintPicture();
  }).observe(root);
};
