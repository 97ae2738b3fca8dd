// Elements, and how results are read and written.

/** Create an element. Children are elements or texts; empty ones are left out. Texts are never read as HTML. */
export function h(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter(Boolean));
  return element;
}

export function button(text, action, className = "") {
  const element = h("button", { type: "button", textContent: text, className });
  element.onclick = () => action(element);
  return element;
}

/** Replace what a part of a card shows, unless it already shows this: a film plays on, and the focus stays. */
export function show(part, key, make) {
  const text = JSON.stringify([key]);
  if (part.dataset.key === text) return;
  part.dataset.key = text;
  const children = make().filter(Boolean);
  part.replaceChildren(...children);
  part.hidden = !children.length;
}

export function title(text = "") {
  return text && text[0].toUpperCase() + text.slice(1).replaceAll("_", " ");
}

export function formatBytes(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${Math.round(bytes / 1000)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

export function formatSeconds(seconds) {
  if (seconds < 60) return `${Number(seconds.toFixed(1))} s`;
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")} min`;
}

/** Write what a job costs; of one that nothing was paid for, nothing. */
export function formatCost(cost) {
  if (!cost) return "";
  if (cost.usd == null) return "price unknown";
  if (cost.usd === 0) return "free";
  const usd = `$${cost.usd < 0.01 ? Number(cost.usd.toPrecision(2)) : cost.usd.toFixed(2)}`;
  return cost.basis === "estimated" ? `about ${usd}` : usd;
}

export const isPicture = (file) => file.mime.startsWith("image/");
export const isVideo = (file) => file.mime.startsWith("video/");

export const dataUrl = (mime, data) => `data:${mime};base64,${data}`;

/** Return what a tool's result says: its JSON or else its text, links by path, and previews. */
export function readResult(result) {
  const blocks = (type) => (result.content ?? []).filter((block) => block.type === type);
  const text = blocks("text")[0]?.text ?? "";
  const links = new Map(blocks("resource_link").map((link) => [link.description, link]));
  const previews = blocks("image").map((image) => dataUrl(image.mimeType, image.data));
  let data;
  try {
    if (!result.isError) data = JSON.parse(text);
    // What is in a store has no path; its URI is shown, and lasts like one.
    data?.files?.forEach((f) => (f.path ??= f.uri));
  } catch {
    // the text is shown as it is
  }
  return { data, text, links, previews };
}

/** Copy a text, and return whether that was possible: many pages may not use the clipboard. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.body.appendChild(h("textarea", { value: text, className: "offscreen" }));
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    return copied;
  }
}

/** Return what a promise gives, or undefined if it fails. */
export async function attempt(promise) {
  try {
    return await promise;
  } catch {
    return undefined;
  }
}
