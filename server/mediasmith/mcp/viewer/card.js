// The card of a result: its files, what is known about them, and what can be done with them.
//
// A page does these things for its cards, each a promise; what it cannot do it leaves out, and cards do without:
//   call(tool, arguments)      call a tool, and return its result
//   source(file, card, retry)  return the URL of a file; `retry`: the earlier one did not load
//   preview(id)                return the URL of a small picture of a file
//   about(id)                  return how a file was made
//   download(file, card)       save a file
//   opener(file, card)         return the function that opens a file, if it can be opened (no promise)
//   add(card)                  show another card
//   made(card)                 take note that a job which was started from a card has ended

import { editBox } from "./edit_box.js";
import {
  attempt,
  button,
  copy,
  formatBytes,
  formatCost,
  formatSeconds,
  h,
  isPicture,
  isVideo,
  readResult,
  show,
  title,
} from "./format.js";

const PAUSE = { first: 1000, growth: 1.5, most: 8000 };
const COPIED = 2000; // milliseconds
const MOST_FAILURES = 5;
const OWN_PREVIEWS = 4; // the files after these share one picture
const LONG = 300; // characters of a prompt that is cut until it is opened
const STATES = { cancelled: "Stopped.", dry_run: "Nothing was sent. This is what it would be." };
const PARTS = ["text", "facts", "state", "notes", "parent", "path", "actions", "box"];

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The card of one result. `request` is the call that it answers; `own`: it was started from a card. */
export class Card {
  constructor(page, request = { tool: "get_job", arguments: {} }, own = false) {
    Object.assign(this, { page, request, own, result: { status: "running" }, previews: [], links: new Map() });
    this.abouts = new Map();
    this.selected = 0;
    this.stage = h("div", { className: "stage", hidden: true });
    this.strip = h("div", { className: "strip", role: "group", ariaLabel: "Files", hidden: true });
    for (const name of PARTS) this[name] = h("div", { className: name });
    this.state.role = "status";
    const body = h("div", { className: "body" }, ...PARTS.map((name) => this[name]));
    this.element = h("article", { className: "card" }, this.stage, this.strip, body);
    this.render();
  }

  /** Show a tool's result, and follow its job while it is running. */
  show(result) {
    const { data, text, links, previews } = readResult(result);
    if (data?.jobs) return this.showJobs(data.jobs);
    this.problem = "";
    this.result = data ?? { status: "failed", error: text };
    this.links = links;
    if (previews.length) this.previews = previews;
    this.render();
    if (this.result.status === "running") this.follow();
    else if (this.own) this.page.made?.(this);
  }

  /** Stop to follow the job, which goes on. */
  end() {
    this.ended = true;
  }

  async follow() {
    if (this.following || !this.page.call || !this.result.job_id) return;
    this.following = true;
    let wait = PAUSE.first;
    for (let failures = 0; this.result.status === "running" && failures < MOST_FAILURES; ) {
      await pause(wait);
      if (this.ended) return;
      await this.ask({ wait_seconds: Math.ceil(wait / 1000) });
      wait = Math.min(wait * PAUSE.growth, PAUSE.most);
      failures = this.problem ? failures + 1 : 0;
    }
    this.following = false;
  }

  /** Ask about the job; what could not be answered becomes a note. */
  async ask(given) {
    try {
      const result = await this.page.call("get_job", { job_id: this.result.job_id, ...given });
      if (this.result.status !== "running") return;
      if (!result.isError) return this.show(result);
      this.problem = readResult(result).text;
    } catch (error) {
      this.problem = `No answer: ${error.message}`;
    }
    this.render();
  }

  /** The places of the strip: each file, and each prompt of a batch that has none. */
  get tiles() {
    const { files = [], items = [] } = this.result;
    if (!items.length) return files.map((file) => ({ file }));
    return items.flatMap((item, number) => {
      const own = files.filter((file) => item.files?.includes(file.id));
      return own.length ? own.map((file) => ({ file, item, number })) : [{ item, number }];
    });
  }

  get tile() {
    return this.tiles[this.selected] ?? {};
  }

  promptOf({ file, item, number }) {
    const given = this.request.arguments;
    if (item) return given.prompts?.[number] ?? item.prompt;
    return given.prompt ?? this.abouts.get(file?.id)?.prompts?.at(-1) ?? this.result.lineage?.at(-1) ?? "";
  }

  render() {
    const { tile, result } = this;
    const prompt = this.promptOf(tile);
    this.element.ariaLabel = title(result.kind) || "Result";
    show(this.text, prompt, () => [prompt.length > LONG ? h("details", {}, h("summary", {}, prompt)) : prompt]);
    show(this.facts, [tile.file, result], () => [this.factsOf(tile.file).join(" · ")]);
    show(this.path, tile.file?.path, () => [tile.file && h("code", {}, tile.file.path)]);
    show(this.stage, tile.file?.id ?? tile.item?.status, () => this.newStage(tile, prompt));
    this.renderStrip();
    this.renderState();
    this.renderNotes(tile.item);
    this.renderParent();
    show(this.actions, [tile.file?.id, result.status], () => (tile.file ? this.newActions(tile.file) : []));
    if (tile.file && !prompt) this.learn(tile.file.id);
  }

  factsOf(file) {
    const { kind, backend, model, cost } = this.result;
    const { width, height, duration_seconds: seconds, bytes } = file ?? {};
    const made = [backend, model].filter(Boolean).join(" ");
    const size = [width && `${width} × ${height}`, seconds && formatSeconds(seconds), bytes && formatBytes(bytes)];
    return [title(kind), made, ...size, formatCost(cost)].filter(Boolean);
  }

  /** Return the selected file: its preview at once, and then itself. */
  newStage({ file, item }, prompt) {
    if (!file) return [item && h("p", { className: "empty" }, title(item.status))];
    const name = prompt || file.path;
    const media = isPicture(file)
      ? h("img", { alt: name })
      : h(isVideo(file) ? "video" : "audio", { controls: true, playsInline: true, ariaLabel: name });
    const note = h("p", { className: "empty", hidden: true }, "This file cannot be shown here. It is at the path below.");
    this.load(file, media, note);
    return [media, note];
  }

  async load(file, media, note) {
    const preview = await this.previewOf(file);
    if (preview) media[isPicture(file) ? "src" : "poster"] = preview;
    for (const retry of [false, true]) {
      const url = await attempt(this.page.source?.(file, this, retry));
      if (!url) break;
      const loading = isPicture(file) ? new Image() : media;
      const loaded = await new Promise((resolve) => {
        loading.onload = loading.onloadedmetadata = () => resolve(true);
        loading.onerror = () => resolve(false);
        loading.src = url;
      });
      if (loaded && isPicture(file)) media.src = url;
      if (loaded) return;
    }
    if (preview && isPicture(file)) return;
    note.hidden = false;
    media.hidden = !preview;
    media.controls = false;
  }

  /** Return the preview of a file: from the result, as far as it has one of each, or from the page. */
  async previewOf(file) {
    const visible = this.result.files.filter((one) => isVideo(one) || (isPicture(one) && !one.mime.includes("svg")));
    const index = visible.findIndex((one) => one.id === file.id);
    const complete = this.previews.length === Math.min(visible.length, OWN_PREVIEWS + 1);
    if (complete && index < OWN_PREVIEWS) return this.previews[index];
    return index < 0 ? undefined : attempt(this.page.preview?.(file.id));
  }

  renderStrip() {
    const { tiles } = this;
    const keys = tiles.map(({ file, item }) => file?.id ?? item.status);
    show(this.strip, keys, () => (tiles.length > 1 ? tiles.map((tile, index) => this.newThumbnail(tile, index)) : []));
    [...this.strip.children].forEach((one, index) => (one.ariaPressed = index === this.selected));
  }

  newThumbnail(tile, index) {
    const state = tile.file ? "" : title(tile.item.status);
    const select = () => {
      this.selected = index;
      this.closeBox();
      this.render();
    };
    const thumbnail = button(state || String(index + 1), select, "thumbnail");
    thumbnail.ariaLabel = [`${index + 1} of ${this.tiles.length}`, state, this.promptOf(tile)].filter(Boolean).join(", ");
    const shown = tile.file && this.previewOf(tile.file);
    shown?.then((url) => url && thumbnail.replaceChildren(h("img", { src: url, alt: "" })));
    return thumbnail;
  }

  renderState() {
    const { status, message, progress, job_id: job } = this.result;
    const controlled = job && this.page.call;
    show(this.state, [status === "running", Boolean(controlled)], () => {
      if (status !== "running") return [];
      const stop = button("Stop", async () => {
        stop.disabled = true;
        await this.ask({ cancel: true });
        this.refusal = this.problem;
        stop.disabled = false;
      });
      return [h("span"), controlled && stop, h("progress", { ariaLabel: "Progress" })];
    });
    if (status !== "running") return;
    const orphan = job && !controlled ? `Still running. Ask for the job ${job} later.` : "";
    this.state.firstChild.textContent = orphan || message || "Working…";
    const bar = this.state.lastChild;
    if (progress === undefined) bar.removeAttribute("value");
    else bar.value = progress;
  }

  renderNotes(item) {
    const { warnings = [], error, status } = this.result;
    const refusal = status === "running" && this.refusal;
    const problems = [...new Set([this.problem, refusal, item ? item.error : error])].filter(Boolean);
    show(this.notes, [problems, warnings, status], () => [
      ...problems.map((text) => h("p", { className: "problem" }, text)),
      ...[STATES[status], ...warnings].filter(Boolean).map((text) => h("p", {}, text)),
    ]);
  }

  renderParent() {
    const { parent, lineage = [] } = this.result;
    show(this.parent, parent, () => {
      if (!parent) return [];
      const picture = h("img", { alt: "", hidden: true });
      attempt(this.page.preview?.(parent)).then((url) => url && Object.assign(picture, { src: url, hidden: false }));
      return [picture, h("span", {}, "Edited from ", h("q", {}, lineage.slice(0, -1).join(" → ") || parent))];
    });
  }

  newActions(file) {
    const { page, result } = this;
    const open = page.opener?.(file, this);
    const act = (text, action) =>
      button(text, async () => {
        this.problem = "";
        await action().catch((error) => (this.problem = error.message));
        this.render();
      });
    return [
      page.call && result.continuation_id && button("Edit", (one) => this.openBox("Edit", one)),
      page.call && button("Variants", (one) => this.openBox("Variants", one)),
      button("Copy path", async (one) => {
        const copied = await copy(file.path);
        if (!copied) getSelection().selectAllChildren(this.path);
        one.textContent = copied ? "Copied" : "Selected: copy it";
        await pause(COPIED);
        one.textContent = "Copy path";
      }),
      page.download && act("Download", () => page.download(file, this)),
      open && act("Open", open),
    ];
  }

  openBox(mode, opener) {
    this.opener = opener;
    const started = (request, result) => {
      this.closeBox();
      this.another(request, true).show(result);
    };
    const box = editBox(this, mode, { started, close: () => this.closeBox() });
    this.box.replaceChildren(box);
    box.querySelector("textarea").focus();
  }

  closeBox() {
    if (!this.box.firstChild) return;
    this.box.replaceChildren();
    this.opener.focus();
  }

  another(request, own) {
    const card = new Card(this.page, request, own);
    this.page.add(card);
    return card;
  }

  /** Read how a file was made, once. */
  async learn(id) {
    if (this.abouts.has(id) || !this.page.about) return;
    this.abouts.set(id, {});
    this.abouts.set(id, (await attempt(this.page.about(id))) ?? {});
    this.render();
  }

  showJobs(jobs) {
    const row = (job) => {
      const text = [title(job.status), title(job.kind), job.prompt].filter(Boolean).join(" · ");
      const given = { job_id: job.job_id };
      const open = async () => {
        const result = await attempt(this.page.call("get_job", { ...given, wait_seconds: 0 }));
        if (result) this.another({ tool: "get_job", arguments: given }).show(result);
      };
      return h("li", {}, this.page.call ? button(text, open) : text);
    };
    this.element.replaceChildren(jobs.length ? h("ul", {}, ...jobs.map(row)) : h("p", { className: "empty" }, "No jobs yet"));
  }
}
