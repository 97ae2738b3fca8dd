// The view of a tool's result in a chat host: JSON-RPC with the host over postMessage, and cards.

import { Card } from "./card.js";
import { attempt, dataUrl, h, readResult } from "./format.js";

const PROTOCOL = "2026-01-26";
const MAX_RESOURCE = 6 * 1024 * 1024; // larger files cannot be read through the host

const cards = [];
const made = [];
const files = new Map();
const waiting = new Map();
let calls = 0;
let toolCall;

const send = (message) => parent.postMessage({ jsonrpc: "2.0", ...message }, "*");
const notify = (method, params = {}) => send({ method, params });

function request(method, params) {
  return new Promise((resolve, reject) => {
    const id = ++calls;
    waiting.set(id, { resolve, reject });
    send({ id, method, params });
  });
}

addEventListener("message", ({ source, data: message }) => {
  if (source !== parent || message?.jsonrpc !== "2.0") return;
  const { id, method, params, result, error } = message;
  if (method) {
    handlers[method]?.(params ?? {});
    if (id === undefined) return;
    send(ANSWERED.includes(method) ? { id, result: {} } : { id, error: { code: -32601, message: "Unknown method" } });
  } else if (waiting.has(id)) {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) reject(new Error(error.message));
    else resolve(result);
  }
});

const ANSWERED = ["ping", "ui/resource-teardown"];

const handlers = {
  "ui/notifications/tool-input": ({ arguments: given = {} }) => {
    const tool = given.continuation_id ? "continue_edit" : given.prompt || given.prompts ? "generate_media" : "get_job";
    toolCall = { tool, arguments: given };
    start();
  },
  "ui/notifications/tool-result": (result) => (cards[0] ?? start()).show(result),
  "ui/notifications/tool-cancelled": () => {
    const text = "The call was cancelled. Its job may go on: ask for the recent jobs.";
    (cards[0] ?? start()).show({ isError: true, content: [{ type: "text", text }] });
  },
  "ui/notifications/host-context-changed": adapt,
  "ui/resource-teardown": () => cards.forEach((card) => card.end()),
};

/** Show the card of the call that the view is for. */
function start() {
  const card = new Card(page, toolCall);
  page.add(card);
  return card;
}

/** Look as the host does. */
function adapt({ theme, styles = {}, safeAreaInsets: insets }) {
  const root = document.documentElement;
  if (theme) root.style.colorScheme = theme;
  for (const [name, value] of Object.entries(styles.variables ?? {})) {
    if (name.startsWith("--") && value) root.style.setProperty(name, value);
  }
  if (styles.css?.fonts) document.head.append(h("style", { textContent: styles.css.fonts }));
  if (insets) document.body.style.padding = `${insets.top}px ${insets.right}px ${insets.bottom}px ${insets.left}px`;
}

async function read(uri) {
  const { contents } = await request("resources/read", { uri });
  return contents[0];
}

const isWeb = (link) => /^https?:/.test(link?.uri ?? "");

/** Return the URL of a file: its signed link, or its bytes, which a view may not load from elsewhere. */
async function source(file, card, retry) {
  if (retry && isWeb(card.links.get(file.path))) {
    const fresh = await page.call("get_job", { job_id: card.result.job_id, wait_seconds: 0 });
    card.links = readResult(fresh).links;
  }
  const link = card.links.get(file.path);
  if (isWeb(link)) return link.uri;
  if (retry || file.bytes > MAX_RESOURCE || !page.preview) return undefined;
  if (!files.has(file.id)) files.set(file.id, (await read(`media://${file.id}`)).blob);
  return dataUrl(file.mime, files.get(file.id));
}

async function download(file, card) {
  const link = card.links.get(file.path) ?? { type: "resource_link", uri: file.uri, name: file.path };
  const blob = files.get(file.id);
  const resource = { uri: file.uri, mimeType: file.mime, blob };
  const { isError } = await request("ui/download-file", { contents: [blob ? { type: "resource", resource } : link] });
  if (isError) throw new Error("The file was not downloaded.");
}

/** Tell the model of what was made here: each message replaces the one before. */
function tell(card) {
  const { status, files: saved = [], continuation_id: id, error } = card.result;
  const paths = saved.map((file) => file.path).join(", ");
  const outcome = saved.length ? `${paths}${id ? ` (continuation_id ${id})` : ""}` : `${status}: ${error ?? ""}`;
  made.push(`${card.request.tool} "${card.request.arguments.prompt}" → ${outcome}`);
  const text = `In the view of the result, the user has made:\n${made.join("\n")}`;
  attempt(request("ui/update-model-context", { content: [{ type: "text", text }] }));
}

const page = {
  add(card) {
    cards.push(card);
    document.querySelector("main").append(card.element);
  },
};

/** Add what this host can do. */
function equip({ serverTools, serverResources, downloadFile, openLinks, updateModelContext }) {
  page.source = source;
  if (serverTools) page.call = (name, given) => request("tools/call", { name, arguments: given });
  if (serverResources) {
    page.preview = async (id) => {
      const { mimeType, blob } = await read(`media://${id}/preview`);
      return dataUrl(mimeType, blob);
    };
    page.about = async (id) => JSON.parse((await read(`media://${id}/about`)).text);
  }
  if (downloadFile) page.download = download;
  if (openLinks) {
    page.opener = (file, card) => {
      const link = card.links.get(file.path);
      return isWeb(link) && (() => request("ui/open-link", { url: link.uri }));
    };
  }
  if (updateModelContext) page.made = tell;
}

async function connect() {
  const { hostCapabilities, hostContext } = await request("ui/initialize", {
    appInfo: { name: "mediasmith", version: "__VERSION__" },
    appCapabilities: { availableDisplayModes: ["inline"] },
    protocolVersion: PROTOCOL,
  });
  equip(hostCapabilities ?? {});
  adapt(hostContext ?? {});
  notify("ui/notifications/initialized");
  let height;
  new ResizeObserver(() => {
    const now = Math.ceil(document.body.getBoundingClientRect().height);
    if (now !== height) notify("ui/notifications/size-changed", { height: (height = now) });
  }).observe(document.body);
}

connect();
