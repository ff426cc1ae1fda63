// What is marked, one after the other: confirm it or correct it. What was right is kept with the extraction, and can be
// saved as gold for `extractor eval` and `calibrate`.

import { call, get } from "./api.js";
import { button, h, notice } from "./dom.js";
import { leavesOf } from "./fields.js";
import { base64, kept } from "./files.js";
import { at, Digits, isScalar, parse, print, replaced } from "./json.js";
import { copy, list, live, problemBox, save, time } from "./parts.js";
import { ResultView } from "./result.js";
import { asExample } from "./snippets.js";

export const TITLE = "Review";
const MOST = 100;

export async function show(place, [id], signal) {
  if (id) {
    const extraction = await get(`/v1/extractions/${id}`, {}, signal);
    const view = new ReviewView(extraction, await nextOf(id, signal), signal);
    place.append(
      h("p", {}, h("a", { href: "#/review" }, "All that is to be reviewed")),
      h("h1", {}, "Review ", h("small", {}, nameOf(extraction))),
      view.element,
    );
    view.start();
    return;
  }
  place.append(h("h1", {}, TITLE));
  const lists = h("div", {});
  place.append(lists);
  return live(
    async () => {
      try {
        const open = await get("/v1/extractions", { review: "open", limit: MOST }, signal);
        const done = await get("/v1/extractions", { review: "done", limit: MOST }, signal);
        lists.replaceChildren(toDo(open), alreadyDone(done));
      } catch (error) {
        if (error.name === "AbortError") return false;
        lists.replaceChildren(problemBox(error));
      }
      return true;
    },
    4,
    signal,
  );
}

const nameOf = (one) => one.custom_id ?? one.document.filename ?? one.id.slice(0, 12);

const table = (rows) =>
  list(
    ["Document", "Schema", "Status", "Created"],
    rows.map((one) =>
      h(
        "tr",
        {},
        h("td", {}, h("a", { class: "name", href: `#/review/${one.id}` }, nameOf(one))),
        h("td", {}, one.schema),
        h("td", {}, one.status),
        h("td", {}, time(one.created_at)),
      ),
    ),
  );

function toDo({ data, next_cursor }) {
  if (!data.length) return h("p", { class: "verdict" }, "Nothing waits for a review.");
  return h(
    "section",
    {},
    h(
      "p",
      { class: "row" },
      h(
        "a",
        { class: "button primary", href: `#/review/${data[0].id}` },
        `Review ${data.length}${next_cursor ? " and more" : ""}`,
      ),
    ),
    table(data),
  );
}

function alreadyDone({ data }) {
  if (!data.length) return "";
  return h(
    "section",
    {},
    h("h2", {}, `${data.length} reviewed`),
    h(
      "p",
      { class: "row" },
      button("Save them as gold (JSONL)", () => saveGold(data)),
    ),
    table(data),
  );
}

async function nextOf(id, signal) {
  const { data } = await get("/v1/extractions", { review: "open", limit: MOST }, signal);
  return data.map((one) => one.id).filter((one) => one !== id);
}

/** Lines as `extractor eval` and `calibrate` read them. A document whose text the service was not asked for, and whose
 *  file is not in this tab, cannot be one. */
async function saveGold(list) {
  const lines = [];
  let left = 0;
  for (const one of list) {
    const gold = await goldOf(await get(`/v1/extractions/${one.id}`));
    if (gold) lines.push(print(gold).replaceAll(/\n\s*/g, " "));
    else left++;
  }
  if (lines.length) save("gold.jsonl", lines.join("\n") + "\n", "application/x-ndjson");
  notice(left ? `${left} of ${list.length} have no document any more and were left out` : `${lines.length} saved`);
}

async function goldOf(extraction) {
  const answer = extraction.result ?? extraction.error;
  const file = kept(extraction.id);
  const text = extraction.result?.document?.text;
  if (!answer || (!file && text === undefined)) return null;
  const document = file ? { content: await base64(file), filename: file.name } : { text };
  const corrections = extraction.reviewed?.corrections ?? {};
  const expected = Object.entries(corrections).reduce(
    (data, [pointer, value]) => replaced(data, pointer, value),
    answer.data,
  );
  return { custom_id: extraction.id, document, expected, schema: extraction.schema.split("@")[0] };
}

class ReviewView {
  constructor(extraction, following, signal) {
    this._extraction = extraction;
    this._following = following;
    this._answer = extraction.result ?? extraction.error ?? {};
    this._corrections = { ...(extraction.reviewed?.corrections ?? {}) };
    this._confirmed = new Set(extraction.reviewed?.confirmed ?? []);
    this._leaves = leavesOf(this._answer.data ?? null);
    const marked = new Set((this._answer.review ?? []).map((mark) => mark.pointer));
    this._marked = this._leaves.map(([pointer]) => pointer).filter((pointer) => marked.has(pointer));
    this._pointer = null;
    this._where = h("p", { class: "muted", role: "status" });
    this._label = h("label", { for: "right-value" });
    this._input = h("textarea", { id: "right-value", rows: 1, spellcheck: "false" });
    this._nothing = h("input", {
      type: "checkbox",
      on: { change: () => (this._input.disabled = this._nothing.checked) },
    });
    this._reasons = h("div", {});
    this._fault = h("div", {});
    this._panel = h(
      "form",
      { class: "panel", on: { submit: (event) => (event.preventDefault(), this._decide()) } },
      this._where,
      this._reasons,
      h(
        "div",
        { class: "row" },
        h("div", { class: "grow" }, this._label, this._input),
        h("label", { class: "check" }, this._nothing, "not in the document"),
      ),
      h(
        "p",
        { class: "row" },
        h("button", { class: "primary" }, "Right, next"),
        button("Back", () => this._go(-1)),
        button("Skip", () => this._go(1)),
        button("Save", () => this._save(), { class: "primary" }),
        button("Copy as an example", () => this._copyExample()),
      ),
      h(
        "p",
        { class: "muted" },
        "Enter: as it stands in the box. Alt with ↓ or ↑: the next or the one before. Ctrl with Enter: save, and on to the next document.",
      ),
      this._fault,
    );
    this._result = new ResultView(extraction, {
      corrections: this._corrections,
      onPick: (pointer) => this._take(pointer),
    });
    this.element = h("div", { class: "review" }, this._panel, this._result.element);
    const keys = (event) => this._key(event);
    document.addEventListener("keydown", keys);
    signal.addEventListener("abort", () => document.removeEventListener("keydown", keys));
  }

  start() {
    const first = this._marked.find((pointer) => !this._decided(pointer)) ?? this._marked[0] ?? this._leaves[0]?.[0];
    if (first === undefined) {
      this._panel.replaceChildren(h("p", {}, "It has no value that could be reviewed."));
      if (this._answer.data !== undefined)
        this._panel.append(h("p", { class: "row" }, button("Looked at", () => this._save(true))), this._fault);
      return;
    }
    this._take(first);
    this._input.focus();
  }

  _decided(pointer) {
    return this._confirmed.has(pointer) || pointer in this._corrections;
  }

  _take(pointer) {
    if (!this._leaves.some(([one]) => one === pointer)) return;
    this._pointer = pointer;
    const value = pointer in this._corrections ? this._corrections[pointer] : at(this._answer.data, pointer);
    const done = this._marked.filter((one) => this._decided(one)).length;
    this._where.textContent = this._marked.length
      ? `${done} of ${this._marked.length} that are marked are decided`
      : "Nothing is marked; every value can be looked at";
    this._label.textContent = pointer;
    this._fill(value);
    const marks = (this._answer.review ?? []).filter((mark) => mark.pointer === pointer);
    this._reasons.replaceChildren(
      ...marks.map((mark) => h("p", { class: `reason ${mark.severity}` }, mark.detail, this._others(mark))),
    );
    this._fault.replaceChildren();
    this._result.point(pointer);
    this._input.select();
  }

  /** Other values that were found, each to be taken into the box. */
  _others(mark) {
    return (mark.others ?? [])
      .filter(({ value }) => isScalar(value))
      .map(({ value }) => [" ", button(`Take ${value}`, () => this._fill(value))]);
  }

  _fill(value) {
    this._nothing.checked = value === null;
    this._input.disabled = value === null;
    this._input.value = value === null ? "" : String(value);
    this._input.focus();
  }

  /** What stands in the box is right. */
  _decide() {
    let value;
    try {
      value = this._given();
    } catch (error) {
      this._fault.replaceChildren(problemBox(error));
      return;
    }
    const before = at(this._answer.data, this._pointer);
    if (same(value, before)) {
      delete this._corrections[this._pointer];
      this._confirmed.add(this._pointer);
    } else {
      this._corrections[this._pointer] = value;
      this._confirmed.delete(this._pointer);
    }
    this._result.update(this._corrections);
    const left = this._marked.filter((pointer) => !this._decided(pointer));
    if (left.length)
      this._take(
        left.find((pointer) => this._marked.indexOf(pointer) > this._marked.indexOf(this._pointer)) ?? left[0],
      );
    else {
      this._take(this._pointer);
      notice("All that is marked is decided: save it");
    }
  }

  /** As the value was, a number stays a number; of a null what the schema wants is not known, so a number is one where
   *  it is written as JSON has it. */
  _given() {
    if (this._nothing.checked) return null;
    const text = this._input.value;
    const before = at(this._answer.data, this._pointer);
    const number = typeof before === "number" || before instanceof Digits;
    if (typeof before === "boolean" || number) {
      let value;
      try {
        value = parse(text);
      } catch {
        value = undefined;
      }
      if (typeof before === "boolean" && typeof value === "boolean") return value;
      if (number && (typeof value === "number" || value instanceof Digits)) return value;
      throw new Error(number ? "A number, as in 1250.00" : "true or false");
    }
    if (before === null && /^-?\d+(\.\d+)?$/.test(text) && !/^0\d/.test(text)) return parse(text);
    return text;
  }

  _go(way) {
    const all = this._marked.length ? this._marked : this._leaves.map(([pointer]) => pointer);
    const now = Math.max(0, all.indexOf(this._pointer));
    this._take(all[(now + way + all.length) % all.length]);
  }

  async _save(andNext = false) {
    const confirmed = [...this._confirmed];
    // Number objects are written as numbers; their last zeros say nothing to a comparison.
    const body = JSON.stringify({ corrections: this._corrections, confirmed });
    try {
      const answer = await call("PUT", `/v1/extractions/${this._extraction.id}/review`, {
        body,
        headers: { "Content-Type": "application/json" },
      });
      this._extraction = parse(await answer.text());
      notice("Saved");
      if (andNext) location.hash = this._following.length ? `#/review/${this._following[0]}` : "#/review";
    } catch (error) {
      this._fault.replaceChildren(problemBox(error));
    }
  }

  async _copyExample() {
    const gold = await goldOf({ ...this._extraction, reviewed: { corrections: this._corrections } });
    const text = this._extraction.result?.document?.text;
    if (!gold || text === undefined) notice("Its text is not here: ask for options.text when you send it");
    else copy(asExample(text, print(gold.expected)), "example for a schema");
  }

  _key(event) {
    if (event.altKey && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      this._go(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.ctrlKey && event.key === "Enter") {
      event.preventDefault();
      this._save(true);
    } else if (event.key === "Enter" && event.target === this._input && !event.shiftKey) {
      event.preventDefault();
      this._decide();
    }
  }
}

const same = (one, other) =>
  one === other ||
  (one !== null &&
    other !== null &&
    Number(one) === Number(other) &&
    typeof one !== "string" &&
    typeof other !== "string");
