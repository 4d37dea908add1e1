// Tools of all drawings. Words become text nodes and attribute values, never markup.

const SHOWN = 0.04; // counterparts with less weight are neither lit nor named
const FLOWS = ["cross", "encoder", "decoder"];
const NAMED = 6; // counterparts that are named, strongest first

const fill = (made, attributes, children) => {
  for (const [name, value] of Object.entries(attributes))
    if (value !== null && value !== undefined && value !== false)
      made.setAttribute(name, value === true ? "" : value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
};
const make = (name, attributes = {}, ...children) =>
  fill(document.createElement(name), attributes, children);
const draw = (name, attributes = {}, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

// The language's labels, numbers and lists: that of the component or, where it names none, the browser's.
const speak = (host) => {
  const languages = [host.language?.(), navigator.language].map((tag) => String(tag ?? "").slice(0, 2));
  const language = languages.find((tag) => tag in LABELS) ?? "en";
  const decimals = new Intl.NumberFormat(language, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const percent = new Intl.NumberFormat(language, { style: "percent" });
  const list = (all) => all.join(language === "zh" ? "，" : ", ");
  const say = (key, values = {}) => LABELS[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const quote = (word) => (language === "de" ? `„${readable(word)}“` : `“${readable(word)}”`);
  const share = (value) => percent.format(value);
  return { language, say, quote, share, number: (value) => decimals.format(value).replace("-", "−"), list };
};

// A blank word is shown as an open box; what cannot be seen is left out.
const readable = (word) => {
  const seen = String(word).replace(/[\p{Cc}\p{Cs}\p{Cn}]/gu, "");
  return seen.trim() ? seen : "␣";
};
const isRightToLeft = (words) =>
  /^[^\p{L}]*[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}]/u.test(words.join(" "));

// The words with the most weight, strongest first, as text: “Two” 0.93, “dogs” 0.04.
const nameStrongest = (tongue, weights, words) => {
  const { say, quote, number, list } = tongue;
  const order = [...weights.keys()].filter((place) => weights[place] >= SHOWN);
  order.sort((a, b) => weights[b] - weights[a]);
  if (!order.length) return say("nothing", { least: number(SHOWN) });
  const named = order.slice(0, NAMED).map((place) => `${quote(words[place])} ${number(weights[place])}`);
  return list([...named, ...(order.length > NAMED ? [say("and_more")] : [])]);
};

// Call at most once a frame, with the newest arguments.
const oncePerFrame = (act) => {
  let newest = null;
  return (...values) => {
    if (newest === null)
      requestAnimationFrame(() => {
        const latest = newest;
        newest = null;
        act(...latest);
      });
    newest = values;
  };
};

// Where an arrow key leads from a place in a grid of so many columns; null for other keys.
const placeAfter = (key, place, count, columns, rightToLeft = false) => {
  const ahead = rightToLeft ? -1 : 1;
  const steps = { ArrowRight: ahead, ArrowLeft: -ahead, ArrowDown: columns, ArrowUp: -columns };
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  if (!(key in steps)) return null;
  const next = place + steps[key];
  return next >= 0 && next < count ? next : place;
};

// Among elements that share one stop of the Tab key: makes this one the stop.
const makeStop = (elements, chosen) => {
  for (const element of elements) element.tabIndex = element === chosen ? 0 : -1;
};

const table = (caption, head, rows) =>
  make(
    "table",
    {},
    make("caption", {}, caption),
    make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text)))),
    make(
      "tbody",
      {},
      ...rows.map(([first, ...rest]) =>
        make("tr", {}, make("th", { scope: "row" }, first), ...rest.map((text) => make("td", {}, text))),
      ),
    ),
  );

// A table that is built when it is opened, for it can have thousands of cells.
const foldedTable = (summary, build, isOpen) => {
  const holder = make("div", { class: "table", tabindex: 0, role: "region", "aria-label": summary });
  const folded = make("details", { open: isOpen }, make("summary", {}, summary), holder);
  const unfold = () => folded.open && !holder.firstChild && holder.append(build());
  folded.addEventListener("toggle", unfold);
  unfold();
  return folded;
};

const save = (name, content, type) => {
  const address = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const link = make("a", { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
};

// Which of its kind an element is in a box: the third word of one side, say.
const placeIn = (box, element) => {
  const side = element.closest("[data-side]")?.dataset.side;
  const kind = [element.localName, ...[...element.classList].slice(0, 1)].join(".");
  const selector = side ? `[data-side=${side}] ${kind}` : kind;
  return { selector, place: [...box.querySelectorAll(selector)].indexOf(element) };
};

// A box in `root` that `paint(box, data, tongue)` fills anew whenever the data or the language changes.
//
// The focus survives: the same thing of the new drawing has it. Where there is none, the box keeps it, so that Tab
// goes on from here, until there is.
const show = (root, host, kind, empty, paint) => {
  const box = make("div", { class: `drawing ${kind}`, tabindex: -1 });
  root.replaceChildren(make("style", {}, STYLE), box);
  let held = null;
  const repaint = () => {
    const tongue = speak(host);
    box.lang = tongue.language;
    const data = host.data();
    const hadFocus = box.contains(document.activeElement);
    if (document.activeElement !== box) held = hadFocus ? placeIn(box, document.activeElement) : null;
    box.setAttribute("aria-busy", String(Boolean(data?.growing))); // readers wait until the text is written
    if (data) paint(box, data, tongue);
    else box.replaceChildren(make("p", { class: "empty" }, tongue.say(empty)));
    if (!hadFocus) return;
    const isLost = !box.contains(document.activeElement) || document.activeElement === box;
    if (isLost && held) box.querySelectorAll(held.selector)[held.place]?.focus();
    if (!box.contains(document.activeElement)) box.focus({ preventScroll: true });
  };
  host.watch?.(repaint);
  repaint();
};
