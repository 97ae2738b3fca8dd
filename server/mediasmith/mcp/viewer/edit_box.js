// The box for an edit or for variants. It shows the price, which a dry run tells, before money is spent.

import { button, formatCost, h, readResult, title } from "./format.js";

const COUNTS = [1, 2, 3, 4];
const LENGTH_IS_PRICE = ["speech", "dialogue"];
const TITLES = { Edit: "What to change, or what comes next", Variants: "Prompt", New: "Prompt" };

/** Return the call that edits a card's file, or that makes others like it. */
export function requestFor(card, mode, prompt, count) {
  const { parent, kind, backend, model } = card.result;
  const asked = count > 1 ? { prompt, n: count } : { prompt };
  const edit = (id) => ({ tool: "continue_edit", arguments: { continuation_id: id, ...asked } });
  if (mode === "Edit") return edit(card.tile.file.id);
  if (card.request.tool !== "get_job") {
    const { prompts, n, seed, output, request_id, wait_seconds, dry_run, ...same } = card.request.arguments;
    return { tool: card.request.tool, arguments: { ...same, ...asked } };
  }
  return parent ? edit(parent) : { tool: "generate_media", arguments: { kind, backend, model, ...asked } };
}

/** Return the box: no form, as hosts may forbid these. `started` is called with the request and the answer, `close` when it is done with. */
export function editBox(card, mode, { started, close }) {
  const old = card.promptOf(card.tile);
  const words = h("textarea", { rows: 2, value: mode === "Edit" ? "" : old });
  const count = h("select", {}, ...COUNTS.map((n) => h("option", { value: n }, String(n))));
  const price = h("p", { className: "price", role: "status" });
  const make = button("Generate", generate, "primary");
  count.value = mode === "Variants" ? 2 : 1;
  let calls = 0;

  async function call(said, more) {
    const number = ++calls;
    make.disabled = true;
    price.textContent = said;
    const request = requestFor(card, mode, words.value.trim() || old || "…", Number(count.value));
    let result, answer;
    try {
      result = await card.page.call(request.tool, { ...request.arguments, ...more });
      answer = readResult(result);
    } catch (error) {
      answer = { text: error.message };
    }
    if (number !== calls) return {};
    make.disabled = !answer.data && more.dry_run;
    if (!answer.data) price.textContent = answer.text;
    return { request, result, data: answer.data };
  }

  async function forecast() {
    const { data } = await call("Price …", { dry_run: true });
    if (!data) return;
    const costs = title(formatCost(data.cost) || "free");
    price.textContent = [`${costs}, ${data.backend} ${data.model}`, ...(data.warnings ?? [])].join(". ");
  }

  async function generate() {
    if (!words.value.trim()) return words.focus();
    // A call that is repeated on the way is not billed twice.
    const unique = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
    const { request, result, data } = await call("Starting …", { wait_seconds: 0, request_id: unique });
    if (data) started(request, result);
  }

  const controls = [h("label", {}, "How many ", count), price, button("Cancel", close), make];
  const box = h("div", {}, h("label", {}, TITLES[mode], words), h("div", { className: "row" }, ...controls));
  box.onkeydown = ({ key, ctrlKey, metaKey }) => {
    if (key === "Escape") close();
    if (key === "Enter" && (ctrlKey || metaKey)) make.click();
  };
  count.onchange = forecast;
  if (LENGTH_IS_PRICE.includes(card.result.kind)) words.onchange = forecast;
  forecast();
  return box;
}
