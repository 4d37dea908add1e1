// The candidates of each step as a strip of columns; each candidate is a button. One stop of the Tab key:
// left and right go from step to step, up and down through the candidates of one step.

// A token with the blank before it as a faint mark, which shows where words begin.
const piece = (token) => {
  const begins = token.startsWith("\u2581");
  const rest = begins ? token.slice(1) : token;
  const blank = begins ? make("span", { class: "blank" }, "\u2581") : null;
  return make("bdi", { class: "piece" }, ...(blank ? [blank] : []), begins && !rest ? "" : readable(rest));
};

const mount = (root, host) => {
  let columns = [];

  const paint = (box, data, tongue) => {
    const { say, share } = tongue;
    const focused = columns.flat().find((button) => button === document.activeElement);
    const at = focused && [Number(focused.dataset.step), Number(focused.dataset.candidate)];
    columns = data.steps.map((candidates, step) =>
      candidates.map(([token, probability], candidate) => {
        const written = data.written[step] === candidate;
        const chosen = written && data.forced.includes(step);
        const label = `${readable(token)}, ${share(probability)}${chosen ? `, ${say("chosen_by_you")}` : ""}`;
        const button = make(
          "button",
          {
            type: "button",
            class: `candidate${chosen ? " forced" : ""}`,
            "aria-pressed": String(written),
            "aria-label": label,
            "data-step": step,
            "data-candidate": candidate,
            style: `--sure: ${probability}`,
          },
          piece(token),
          make("span", { class: "share" }, share(probability)),
        );
        button.addEventListener("click", () => host.trigger?.("select", { step, candidate, token }));
        return button;
      }),
    );
    const strip = columns.map((buttons, step) => {
      const number = make("span", { class: "number" }, String(step + 1));
      return make("li", { "aria-label": say("step", { number: step + 1 }) }, number, ...buttons);
    });
    const list = make("ol", { class: "candidates-strip", "aria-label": say("candidates") }, ...strip);
    box.replaceChildren(make("p", { class: "note" }, say("candidates_hint")), list);
    const stop = at ? (columns[at[0]]?.[at[1]] ?? columns[0]?.[0]) : columns[0]?.[0];
    makeStop(columns.flat(), stop);
    if (at) stop?.focus();
  };

  show(root, host, "candidates", "empty_candidates", paint);
  root.addEventListener("keydown", (event) => {
    const button = event.target.closest?.(".candidate");
    const moves = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
    if (!button || !(event.key in moves)) return;
    event.preventDefault();
    const [along, down] = moves[event.key];
    const step = Math.max(0, Math.min(Number(button.dataset.step) + along, columns.length - 1));
    const place = Math.max(0, Math.min(Number(button.dataset.candidate) + down, columns[step].length - 1));
    const next = columns[step][place];
    if (!next) return;
    makeStop(columns.flat(), next);
    next.focus();
  });
};
