// Layers x heads as small pictures: a grid of radio buttons with one stop of the Tab key.

const overview = (sheet, data, how, tongue, choose) => {
  const { say } = tongue;
  const heads = headsOf(sheet);
  const isAligned = (layer, head) =>
    sheet.flow === "cross" && layer === data.aligned.layer && head === String(data.aligned.head);
  const buttons = [];
  const canvases = [];
  const rows = thumbsOf(sheet, how, tongue).map((row, layer) =>
    row.map((thumb, number) => {
      const head = heads[number];
      const name =
        head === "mean" ? say("layer_mean", { layer }) : say("layer_head", { layer, head });
      const canvas = make("canvas", { "aria-hidden": "true", class: thumb.width > 40 ? "smooth" : null });
      canvases.push([canvas, thumb]);
      const aligned = isAligned(layer, head);
      const label = aligned ? `${name}, ${say("aligned")}` : name;
      const attributes = { type: "button", role: "radio", "aria-label": label, title: label };
      const button = make("button", { ...attributes, class: aligned ? "thumb aligned" : "thumb" }, canvas);
      buttons.push({ button, layer, head });
      button.addEventListener("click", () => choose(layer, head));
      return button;
    }),
  );
  const top = heads.map((head) => make("span", {}, head === "mean" ? say("mean") : head));
  const lines = rows.flatMap((row, layer) => [make("span", {}, String(layer)), ...row]);
  const grid = make(
    "div",
    {
      class: isRightToLeft(sheet.columns) ? "thumbs leftwards" : "thumbs",
      role: "radiogroup",
      "aria-label": say("overview"),
    },
    make("span", {}),
    ...top,
    ...lines,
  );
  grid.addEventListener("keydown", (event) => {
    const place = buttons.findIndex(({ button }) => button === document.activeElement);
    const next = placeAfter(event.key, place, buttons.length, heads.length);
    if (place < 0 || next === null) return;
    event.preventDefault();
    buttons[next].button.focus();
    choose(buttons[next].layer, buttons[next].head);
  });
  return {
    element: make(
      "div",
      { class: "overview" },
      make("p", { class: "note" }, say("overview")),
      grid,
      make("p", { class: "note hint" }, say("overview_hint")),
    ),
    mark({ layer, head }) {
      for (const { button, layer: ownLayer, head: ownHead } of buttons) {
        const chosen = ownLayer === layer && ownHead === head;
        button.setAttribute("aria-checked", String(chosen));
        button.tabIndex = chosen ? 0 : -1;
      }
    },
    colour: () => canvases.forEach(([canvas, thumb]) => shade(canvas, thumb)),
    hasFocus: () => buttons.some(({ button }) => button === document.activeElement),
    focus: () => buttons.find(({ button }) => button.tabIndex === 0)?.button.focus(),
  };
};
