// The gallery: tiles of all files, cards of the jobs that are running, and a dialog with all that is known of a file.

import { Card, button, editBox, formatCost, formatSeconds, h, isPicture, readResult, title } from "./card.js";

const ROOT = document.documentElement.dataset.root;
const DAY = 86_400;
const PROMPTED = ["image", "video", "speech", "dialogue", "music", "sound_effect", "voice_design"];
const TYPING_MS = 150;
const SHADES = 8; // colours of the chart

const find = (id) => document.getElementById(id);
const tiles = new Map(); // by file
const jobs = new Map(); // cards by their elements
const end = new IntersectionObserver((entries) => entries[0].isIntersecting && more(), { rootMargin: "600px" });
let filtering = 0; // how often the filters have changed
let next = "";
let loading = false;
let stream;

// Asking the server

class Unknown extends Error {}

async function ask(path, options = {}) {
  const answer = await fetch(`${ROOT}${path}`, options).catch(() => {
    throw new Error("The server does not answer. Start it again, and open the address that it prints.");
  });
  if (answer.status === 204) return undefined;
  const found = await answer.json().catch(() => ({ error: `The server answered with an error (${answer.status}).` }));
  if (answer.status === 401) throw new Unknown(found.error);
  if (!answer.ok) throw new Error(found.error);
  return found;
}

function post(path, body) {
  return ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

/** Do something, and show why it failed; without a session, ask for the key. */
async function guarded(action) {
  try {
    const found = await action();
    find("problem").hidden = true;
    return found;
  } catch (error) {
    if (error instanceof Unknown) signedOut();
    else Object.assign(find("problem"), { textContent: error.message, hidden: false });
    return undefined;
  }
}

/** What the cards can do here. */
const page = {
  async call(tool, given) {
    const result = await post("/api/call", { name: tool, arguments: given });
    const job = readResult(result).data?.job_id;
    if (job && tool !== "get_job") [...jobs.values()].filter((card) => card.result.job_id === job).forEach(dismiss);
    return result;
  },
  source: async (file) => `${ROOT}/files/${file.id}`,
  preview: async (id) => `${ROOT}/thumbnails/${id}`,
  about: (id) => ask(`/api/files/${id}`),
  download: async (file) => h("a", { href: `${ROOT}/files/${file.id}?download`, download: "" }).click(),
  // The policy of files lets no film play in a page of its own: it plays here.
  opener: (file) => isPicture(file) && (async () => void open(`${ROOT}/files/${file.id}`, "_blank", "noopener")),
  add(card) {
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
    addJob(card);
    card.element.scrollIntoView({ block: "nearest" });
  },
  made(card) {
    if (!jobs.has(card.element)) return;
    if (card.result.status === "done") dismiss(card);
    else
      card.element.append(
        h(
          "div",
          { className: "top" },
          button("Dismiss", () => dismiss(card)),
        ),
      );
    refresh();
  },
};

// Tiles

function filters() {
  const given = new FormData(find("filters"));
  const midnight = (name, days) => {
    const day = given.get(name) && new Date(`${given.get(name)}T00:00`);
    if (day) day.setDate(day.getDate() + days);
    return day ? String(day.getTime() / 1000) : "";
  };
  const wanted = { text: given.get("text").trim(), kind: given.get("kind"), backend: given.get("backend") };
  const found = { ...wanted, since: midnight("since", 0), before: midnight("before", 1) };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value));
}

/** Return a page of files; nothing if it failed, or if the filters have changed meanwhile. */
async function load(after = "") {
  const number = filtering;
  const query = new URLSearchParams({ ...filters(), ...(after && { after }) });
  const found = await guarded(() => ask(`/api/files?${query}`));
  return number === filtering ? found : undefined;
}

/** Show the first page of what the filters let through. */
async function restart() {
  filtering += 1;
  const found = await load();
  if (!found) return;
  tiles.clear();
  find("files").replaceChildren();
  append(found);
}

async function more() {
  if (!next || loading) return;
  loading = true;
  const found = await load(next);
  loading = false;
  if (found) append(found);
}

function append({ files, after }) {
  for (const file of files) if (!tiles.has(file.id)) find("files").append(newTile(file));
  next = after;
  count();
}

/** Put what is new where it belongs; what is shown stays. */
async function refresh() {
  const found = await load();
  if (!found) return;
  const fresh = found.files.filter((file) => !tiles.has(file.id));
  if (fresh.length === found.files.length && tiles.size) return restart();
  const shown = [...find("files").children];
  for (const file of fresh) {
    const later = shown.find((item) => isNewer(file, item.file));
    if (later) later.before(newTile(file));
    else if (!next) find("files").append(newTile(file));
  }
  if (!shown.length) next = found.after;
  if (fresh.length) await loadCounts();
  count();
}

const isNewer = (one, other) => one.created > other.created || (one.created === other.created && one.id > other.id);

function count() {
  const filtered = Object.keys(filters()).length > 0;
  const all = filtered ? 0 : Number(find("filters").dataset.files);
  const shown = tiles.size.toLocaleString("en");
  const none = filtered ? "No file matches." : "Nothing was made yet. Press New to make something.";
  const some = all > tiles.size ? `${shown} of ${all.toLocaleString("en")} files` : `${shown}${next ? " or more" : ""}`;
  const files = all > tiles.size ? "" : tiles.size === 1 ? " file" : " files";
  find("count").textContent = tiles.size ? `${some}${files}` : none;
  find("more").hidden = !next;
  end.disconnect(); // so that it looks again, also where a page does not fill the screen
  end.observe(find("more"));
}

function newTile(file) {
  const sounds = file.mime.startsWith("audio/");
  const picture = h("img", {
    alt: title(file.kind),
    className: sounds ? "sound" : "",
    loading: "lazy",
    src: `${ROOT}/thumbnails/${file.id}`,
  });
  picture.onerror = () => picture.replaceWith(h("span", { className: "blank" }, title(file.kind)));
  const length = file.duration_seconds && h("span", { className: "length" }, formatSeconds(file.duration_seconds));
  const tile = button("", () => showFile(file), "tile");
  const words = h("span", { className: "words" }, file.prompt || file.backend);
  tile.append(h("span", { className: "frame" }, picture, length), words);
  const item = h("li", { file }, tile);
  tiles.set(file.id, item);
  return item;
}

async function loadCounts() {
  const found = await guarded(() => ask("/api/counts"));
  if (!found) return;
  for (const [name, all] of [
    ["kind", "All kinds"],
    ["backend", "All backends"],
  ]) {
    const select = find("filters").elements[name];
    const chosen = select.value;
    const option = ([value, files]) => h("option", { value }, `${title(value)} (${files.toLocaleString("en")})`);
    select.replaceChildren(h("option", { value: "" }, all), ...Object.entries(found[name]).map(option));
    select.value = chosen in found[name] ? chosen : "";
  }
  find("filters").dataset.files = Object.values(found.kind).reduce((sum, files) => sum + files, 0);
}

// Jobs

function addJob(card) {
  jobs.set(card.element, card);
  find("jobs").append(card.element);
  find("jobs").hidden = false;
}

function dismiss(card) {
  card.end();
  jobs.delete(card.element);
  card.element.remove();
  find("jobs").hidden = !jobs.size;
}

/** Show the jobs that are running, whichever process works on them, and what others have come to. */
async function follow(running) {
  const shown = [...jobs.values()];
  for (const id of running.filter((one) => !shown.some((card) => card.result.job_id === one))) {
    const given = { job_id: id };
    const result = await guarded(() => page.call("get_job", given));
    if (!result || [...jobs.values()].some((card) => card.result.job_id === id)) continue;
    const card = new Card(page, { tool: "get_job", arguments: given }, true);
    addJob(card);
    card.show(result);
  }
  for (const card of shown) {
    const { status, job_id: id } = card.result;
    if (status === "running" && id && !running.includes(id)) card.ask({});
  }
  await refresh();
  if (!find("costs").hidden) await showCosts();
}

function listen() {
  stream?.close();
  if (document.hidden) return; // a browser opens few connections to one server
  stream = new EventSource(`${ROOT}/api/events`);
  stream.onmessage = ({ data }) => guarded(() => follow(JSON.parse(data).running));
}

// One file

async function showFile(file) {
  const given = { job_id: file.job_id };
  const found = await guarded(() =>
    Promise.all([page.call("get_job", given), page.about(file.id), ask(`/api/files/${file.id}/tree`)]),
  );
  if (!found) return;
  const [result, about, tree] = found;
  const card = new Card(page, { tool: "get_job", arguments: given });
  card.abouts.set(file.id, about);
  card.show(result);
  card.selected = Math.max(
    0,
    card.tiles.findIndex((tile) => tile.file?.id === file.id),
  );
  card.render();
  const dialog = find("detail");
  const close = button("Close", () => dialog.close());
  const remove = button("Delete …", () => askToDelete(about.file));
  dialog.replaceChildren(
    h("div", { className: "top" }, remove, close),
    card.element,
    newAbout(about),
    newTree(tree.files, file.id),
  );
  dialog.onclose = () => card.end();
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  close.focus();
}

function newAbout({ created, prompts, params, job_id: job }) {
  const rows = { Made: new Date(created).toLocaleString(), Job: job };
  for (const [name, value] of Object.entries(params ?? {})) {
    if (value !== null) rows[title(name)] = typeof value === "object" ? JSON.stringify(value) : String(value);
  }
  const list = h("dl", {}, ...Object.entries(rows).flatMap(([name, text]) => [h("dt", {}, name), h("dd", {}, text)]));
  const steps = prompts.length > 1 && h("ol", {}, ...prompts.map((text) => h("li", {}, text)));
  return h("section", { className: "about" }, steps && h("h2", {}, "Prompts"), steps, h("h2", {}, "Details"), list);
}

/** Return the tree of edits, as nested lists; nothing for a file that is alone. */
function newTree(files, current) {
  if (files.length < 2) return "";
  const lists = new Map();
  const root = h("ul", { className: "tree" });
  for (const file of files) {
    const one = button("", () => showFile(file), "step");
    const picture = h("img", { alt: "", loading: "lazy", src: `${ROOT}/thumbnails/${file.id}` });
    picture.onerror = () => picture.remove();
    one.append(picture, h("span", {}, file.prompt || title(file.kind)));
    if (file.id === current) one.ariaCurrent = "true";
    const item = h("li", {}, one);
    lists.set(file.id, item);
    const parent = lists.get(file.parent);
    if (parent && !parent.lastChild.matches("ul")) parent.append(h("ul", {}));
    (parent?.lastChild ?? root).append(item);
  }
  return h("section", { className: "about" }, h("h2", {}, "Edits"), root);
}

function askToDelete(file) {
  const dialog = find("question");
  const text = `Delete ${file.path ?? "the file"} and what the library knows of it? This cannot be undone.`;
  const remove = async () => {
    dialog.close();
    find("detail").close();
    const found = await guarded(() => ask(`/api/files/${file.id}`, { method: "DELETE" }));
    if (!found) return;
    tiles.get(file.id)?.remove();
    tiles.delete(file.id);
    if (found.note) Object.assign(find("problem"), { textContent: found.note, hidden: false });
    await loadCounts();
    count();
  };
  const keep = button("Keep it", () => dialog.close());
  const row = h("div", { className: "top" }, keep, button("Delete", remove, "danger"));
  dialog.replaceChildren(h("p", { id: "question-text" }, text), row);
  dialog.showModal();
  keep.focus();
}

// New files

async function showMaker() {
  const result = await guarded(() => page.call("list_backends", {}));
  if (!result) return;
  const offers = (readResult(result).data?.backends ?? []).filter(
    (offer) => offer.ready && PROMPTED.includes(offer.kind),
  );
  const kinds = PROMPTED.filter((kind) => offers.some((offer) => offer.kind === kind));
  const dialog = find("maker");
  const kind = h("select", {}, ...kinds.map((value) => h("option", { value }, title(value))));
  const backend = h("select", {});
  const place = h("div", { className: "box" });
  const renew = () => {
    const words = place.querySelector("textarea")?.value ?? "";
    const request = { kind: kind.value, ...(backend.value && { backend: backend.value }) };
    const card = new Card(page, { tool: "generate_media", arguments: request });
    card.result = { kind: kind.value };
    const started = (asked, answer) => {
      dialog.close();
      card.another(asked, true).show(answer);
    };
    place.replaceChildren(editBox(card, "New", { started, close: () => dialog.close() }));
    place.querySelector("textarea").value = words;
  };
  const renewBackends = () => {
    const own = offers.filter((offer) => offer.kind === kind.value);
    const options = own.map((offer) => h("option", { value: offer.backend }, title(offer.backend)));
    backend.replaceChildren(h("option", { value: "" }, "Automatic"), ...options);
    renew();
  };
  kind.onchange = renewBackends;
  backend.onchange = renew;
  const choice = h("div", { className: "choice" }, h("label", {}, "Kind ", kind), h("label", {}, "Backend ", backend));
  dialog.replaceChildren(h("div", { className: "card making" }, h("h2", {}, "New"), choice, place));
  renewBackends();
  dialog.showModal();
  place.querySelector("textarea").focus();
}

// Costs

function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const usd = (value) => formatCost({ usd: value, basis: "reported" });
const dayOf = (seconds) =>
  new Date(seconds * 1000).toLocaleDateString("en", { month: "short", day: "numeric", timeZone: "UTC" });

async function showCosts() {
  const found = await guarded(() => ask("/api/spent"));
  if (!found) return;
  const { days, spent } = found;
  const backends = [...new Set(spent.map((one) => one.backend))].sort();
  const sum = (rows) => rows.reduce((total, one) => total + one.usd, 0);
  const sums = days.map((day) => sum(spent.filter((one) => one.day === day)));
  const most = Math.max(...sums);
  const unknown = spent.reduce((total, one) => total + one.unknown, 0);
  const heading = h("h2", { id: "costs-title" }, `Last 30 days: ${usd(sum(spent))}`);
  const note = unknown ? h("p", {}, `The price of ${unknown} ${unknown === 1 ? "call" : "calls"} is not known.`) : "";
  const legend = h(
    "ul",
    { className: "legend" },
    ...backends.map((name, index) => {
      const mark = svg(
        "svg",
        { viewBox: "0 0 1 1", class: "mark", "aria-hidden": true },
        svg("rect", { width: 1, height: 1, class: `s${index % SHADES}` }),
      );
      return h("li", {}, mark, `${title(name)} ${usd(sum(spent.filter((one) => one.backend === name)))}`);
    }),
  );
  find("costs").replaceChildren(heading, newChart(days, spent, backends, most), legend, note);
}

function newChart(days, spent, backends, most) {
  const [width, height, step] = [days.length * 20, 100, 20];
  const bars = days.flatMap((day, number) => {
    let top = height;
    return spent
      .filter((one) => one.day === day && one.usd > 0)
      .map((one) => {
        const tall = (one.usd / most) * height;
        top -= tall;
        const place = { x: number * step + 3, y: top, width: step - 6, height: tall };
        const bar = { ...place, class: `s${backends.indexOf(one.backend) % SHADES}` };
        return svg("rect", bar, svg("title", {}, `${dayOf(day)}: ${title(one.backend)} ${usd(one.usd)}`));
      });
  });
  const line = svg("line", { x1: 0, x2: width, y1: height, y2: height });
  const daily = most > 0 ? `at most ${usd(most)} a day` : "nothing was paid";
  const name = `Cost of each day (UTC) from ${dayOf(days[0])} to ${dayOf(days.at(-1))}, ${daily}`;
  const shape = { viewBox: `0 0 ${width} ${height + 1}`, preserveAspectRatio: "none", class: "chart" };
  const ends = [days[0], days.at(-1)].map((day) => h("span", {}, dayOf(day)));
  return h(
    "div",
    {},
    svg("svg", { ...shape, role: "img", "aria-label": name }, line, ...bars),
    h("p", { className: "ends" }, ...ends),
  );
}

// The page

function signedOut() {
  stream?.close();
  for (const id of ["filters", "tools", "jobs", "costs", "more"]) find(id).hidden = true;
  find("files").replaceChildren();
  find("count").textContent = "";
  find("sign-in").hidden = false;
}

async function signIn(key) {
  const opened = await guarded(async () => {
    await post("/session", { key });
    return true;
  });
  if (opened) await start();
  else signedOut();
}

async function start() {
  await Promise.all([restart(), loadCounts()]);
  if (find("filters").dataset.files === undefined) return;
  find("sign-in").hidden = true;
  find("filters").hidden = find("tools").hidden = false;
  count();
  listen();
}

let typing;
find("filters").oninput = () => {
  clearTimeout(typing);
  typing = setTimeout(restart, TYPING_MS);
};
find("filters").onsubmit = (event) => event.preventDefault();
find("sign-in").onsubmit = (event) => {
  event.preventDefault();
  signIn(event.target.elements.key.value.trim());
};
find("more").onclick = more;
find("new-button").onclick = showMaker;
find("costs-button").onclick = ({ target }) => {
  const shown = find("costs").hidden;
  find("costs").hidden = !shown;
  target.ariaExpanded = String(shown);
  if (shown) showCosts();
};
document.onvisibilitychange = () => find("sign-in").hidden && listen();

const key = new URLSearchParams(location.hash.slice(1)).get("key");
history.replaceState(null, "", location.pathname); // the key stays in no history
if (key) signIn(key);
else start();
