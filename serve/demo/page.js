// State of the page, as attributes of <html>; style sheets read them, and tests wait for them.
//
//   data-asked    how many things the visitor asked for: a translation, a tab, an alternative
//   data-busy     while one of them is not drawn yet
//   data-writing  while a translation is being written
//   data-stale    while the text, the languages or the settings differ from those of the translation
//   data-away     while the server does not answer
//
// Text and languages live in the fragment of the address, which no server is sent: a reload keeps them.

window.seq2seq = (() => {
  const PAUSE = 2000; // milliseconds between two looks at a server that is late or away
  const state = document.documentElement.dataset;
  let asked = 0, numbered = 0, busy = 0, writing = 0, looking = null;
  let translated = null; // the inputs of the newest translation, as text

  const mark = (name, value) => {
    if (value) state[name] = value;
    else delete state[name];
  };
  const show = () => {
    mark("busy", busy);
    mark("writing", writing);
  };

  // While something is awaited or the server is away, look whether it answers.
  const look = async () => {
    const answer = await fetch("health", { cache: "no-store" }).catch(() => null);
    if (answer?.ok && state.away) busy = writing = 0; // what was asked of it before is lost
    mark("away", answer?.ok ? null : "true");
    show();
    looking = busy || state.away ? setTimeout(look, PAUSE) : null;
  };

  // Something was asked for; ends with `end`, once it is drawn.
  const begin = (...values) => {
    state.asked = ++asked;
    busy++;
    show();
    looking ??= setTimeout(look, PAUSE);
    return values;
  };
  const end = () =>
    setTimeout(() => { // when what waits in this turn is drawn
      busy = Math.max(0, busy - 1);
      show();
    });

  // A translation was asked for: its number goes into the place of the first value.
  const translate = (number, visitor, openTab, ...inputs) => {
    translated = JSON.stringify(inputs);
    writing++;
    mark("stale", null);
    return begin(++numbered, visitor, openTab, ...inputs);
  };
  const written = () => {
    writing = Math.max(0, writing - 1);
    show();
  };
  // The number of a stop, or of a text that is generated.
  const count = (number, ...values) => [++numbered, ...values];

  // Text, languages or settings may have changed.
  const compare = (...inputs) => {
    mark("stale", translated !== null && JSON.stringify(inputs) !== translated ? "true" : null);
  };

  // Keep text and languages, by the names of the languages: numbers differ from server to server.
  const keep = (pairs, direction, text) => {
    const fragment = new URLSearchParams({ languages: (pairs[direction] ?? []).join("-"), text });
    history.replaceState(null, "", text ? `#${fragment}` : location.pathname + location.search);
  };
  const kept = new URLSearchParams(location.hash.slice(1)); // before anything changes it
  const restore = (pairs) => {
    const direction = pairs.findIndex((pair) => pair.join("-") === kept.get("languages"));
    return [direction < 0 ? undefined : direction, kept.get("text") ?? undefined];
  };
  // Translate a text that was kept; not before the page listens.
  const resume = () => kept.get("text") && document.querySelector("#go")?.click();

  return { begin, end, translate, written, count, compare, keep, restore, resume };
})();
