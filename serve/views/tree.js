// A beam search tree: a step is a column, a node a token joined to the one it continues. Each takes the first line
// of its column that is free and not above its parent's; the result goes first, a straight line at the top.

const LINE = 26;
const COLUMN_GAP = 34;
const TREE_FONT = '14px system-ui, "Noto Sans", "Noto Sans CJK SC", sans-serif';

const widthOf = (() => {
  const context = document.createElement("canvas").getContext("2d");
  return (word) => {
    context.font = `600 ${TREE_FONT}`; // as the result is written
    return context.measureText(word).width;
  };
})();

// Nodes with their depth, children, line on the page and total probability.
const grow = (nodes) => {
  const grown = nodes.map(([token, probability, parent, kept, best], number) => {
    return { number, token, probability, parent, kept, best, children: [], depth: 0, total: probability };
  });
  for (const node of grown) {
    if (node.parent === null) continue;
    const above = grown[node.parent];
    above.children.push(node);
    node.depth = above.depth + 1;
    node.total = above.total * node.probability;
  }
  const rank = (node) => (node.best ? 4 : 0) + (node.kept ? 2 : 0) + node.probability;
  const weakestFirst = (nodes) => nodes.sort((a, b) => rank(a) - rank(b));
  for (const node of grown) weakestFirst(node.children);
  // Without calls of itself: a tree is as deep as the text is long.
  const free = []; // of each column, the first free line
  const waiting = weakestFirst(grown.filter((node) => node.parent === null));
  while (waiting.length) {
    const node = waiting.pop();
    node.line = Math.max(free[node.depth] ?? 0, node.parent === null ? 0 : grown[node.parent].line);
    node.y = (node.line + 0.5) * LINE;
    free[node.depth] = node.line + 1;
    waiting.push(...node.children);
  }
  for (const node of grown) node.children.reverse();
  return { grown, height: Math.max(0, ...free) * LINE };
};

const short = (token) => {
  const letters = [...readable(token.replace(/^\u2581/, "") || "\u2581")];
  return letters.length > 16 ? `${letters.slice(0, 15).join("")}…` : letters.join("");
};

const pathTo = (grown, node) => {
  const path = [];
  for (let at = node; at; at = at.parent === null ? null : grown[at.parent]) path.unshift(at);
  return path;
};

const textOfPath = (path) => path.map(({ token }) => token).join("").replaceAll("\u2581", " ").trim();

const drawTree = (grown, height, tongue) => {
  const depth = Math.max(0, ...grown.map((node) => node.depth)) + 1;
  const widths = new Array(depth).fill(0);
  for (const { depth: at, token } of grown) widths[at] = Math.max(widths[at], widthOf(short(token)) + 48);
  const starts = [];
  widths.reduce((x, width, column) => ((starts[column] = x), x + width + COLUMN_GAP), 8);
  const total = starts.at(-1) + widths.at(-1) + 8;
  const kindOf = (node) => (node.best ? "best" : node.kept ? "kept" : "dropped");
  const lines = grown.flatMap((node) => {
    if (node.parent === null) return [];
    const above = grown[node.parent];
    const [x, end] = [starts[above.depth] + widths[above.depth], starts[node.depth]];
    const bend = (x + end) / 2;
    const d = `M${x} ${above.y}C${bend} ${above.y} ${bend} ${node.y} ${end} ${node.y}`;
    const attributes = { d, "stroke-width": (1 + 4 * node.probability).toFixed(2), "data-node": node.number };
    return [draw("path", { class: `branch ${kindOf(node)}`, ...attributes })];
  });
  const marks = grown.map((node) => {
    const [x, width] = [starts[node.depth], widths[node.depth]];
    const share = tongue.share(node.probability);
    const label = `${readable(node.token)}, ${share}, ${tongue.say(`tree_${kindOf(node)}`)}`;
    const attributes = { role: "button", tabindex: -1, "aria-label": label, "data-node": node.number };
    return draw(
      "g",
      { class: `node ${kindOf(node)}`, ...attributes },
      draw("rect", { x, y: node.y - 11, width, height: 22, rx: 6 }),
      draw("text", { class: "token", x: x + 8, y: node.y + 5 }, short(node.token)),
      draw("text", { class: "share", x: x + width - 6, y: node.y + 4.5, "text-anchor": "end" }, share),
    );
  });
  const svg = draw(
    "svg",
    { class: "tree-picture", width: total, height, viewBox: `0 0 ${total} ${height}`, style: `font: ${TREE_FONT}` },
    ...lines,
    ...marks,
  );
  return { svg, lines, marks };
};

const mount = (root, host) => {
  let grown = [], drawn, tongue, box;

  const light = (node) => {
    const readout = box.querySelector(".readout");
    if (!readout) return; // the pointer is still here, the tree is not
    const path = new Set(node ? pathTo(grown, node).map(({ number }) => number) : []);
    for (const mark of [...drawn.lines, ...drawn.marks])
      mark.classList.toggle("lit", path.has(Number(mark.dataset.node)));
    drawn.svg.classList.toggle("some-lit", Boolean(node));
    const { say, number, quote } = tongue;
    const values = node && {
      path: quote(textOfPath(pathTo(grown, node))),
      value: number(node.probability),
      total: node.total >= 0.005 ? number(node.total) : node.total.toExponential(1),
    };
    readout.textContent = node ? say("tree_path", values) : say("hint_tree");
  };

  const nodeOf = (element) => {
    const mark = element?.closest?.(".node");
    return mark && root.contains(mark) ? grown[Number(mark.dataset.node)] : null;
  };

  const neighbour = (node, key) => {
    const column = grown.filter((each) => each.depth === node.depth).sort((a, b) => a.y - b.y);
    const place = column.indexOf(node);
    switch (key) {
      case "ArrowLeft": return node.parent === null ? node : grown[node.parent];
      case "ArrowRight": return node.children.find((child) => child.best) ?? node.children[0] ?? node;
      case "ArrowUp": return column[Math.max(0, place - 1)];
      case "ArrowDown": return column[Math.min(column.length - 1, place + 1)];
      default: return null;
    }
  };

  const paint = (into, data, spoken) => {
    const focused = nodeOf(document.activeElement)?.number;
    const isOpen = box?.querySelector("details")?.open;
    let height;
    [box, tongue] = [into, spoken];
    ({ grown, height } = grow(data.nodes));
    drawn = drawTree(grown, Math.max(height, 1), tongue);
    const { say, number } = tongue;
    const rows = () =>
      table(
        say("tree"),
        [say("pieces"), say("probability"), ""],
        grown.map((node) => [
          textOfPath(pathTo(grown, node)),
          number(node.probability),
          say(node.best ? "tree_best" : node.kept ? "tree_kept" : "tree_dropped"),
        ]),
      );
    const keys = ["best", "kept", "dropped"].map((kind) =>
      make("span", { class: `key ${kind}` }, say(`tree_${kind}`)),
    );
    const frame = make("div", { class: "frame", role: "group", "aria-label": say("tree") }, drawn.svg);
    box.replaceChildren(
      make("p", { class: "readout", "aria-live": "polite" }),
      frame,
      make("p", { class: "note keys" }, ...keys),
      foldedTable(say("table"), rows, isOpen),
    );
    const stop = drawn.marks[focused ?? 0] ?? drawn.marks[0];
    makeStop(drawn.marks, stop);
    stop?.setAttribute("tabindex", "0");
    light(null);
    if (focused !== undefined) stop?.focus();
  };

  show(root, host, "tree", "empty_tree", paint);
  root.addEventListener("pointerover", (event) => drawn && light(nodeOf(event.target)));
  root.addEventListener("pointerleave", () => drawn && light(nodeOf(document.activeElement)));
  root.addEventListener("focusin", (event) => nodeOf(event.target) && light(nodeOf(event.target)));
  root.addEventListener("click", (event) => {
    const node = nodeOf(event.target);
    if (node) host.trigger?.("select", { node: node.number });
  });
  root.addEventListener("keydown", (event) => {
    const node = nodeOf(event.target);
    if (!node) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      host.trigger?.("select", { node: node.number });
    }
    const next = neighbour(node, event.key);
    if (!next) return;
    event.preventDefault();
    makeStop(drawn.marks, drawn.marks[next.number]);
    drawn.marks[next.number].focus();
    drawn.marks[next.number].scrollIntoView({ block: "nearest", inline: "nearest" });
  });
};
