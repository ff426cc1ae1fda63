// The tenant's extractions: a list that stays up to date, and one of them by itself.

import { call, follow, get, isFinal, postJson } from "./api.js";
import { button, confirmed, h, labelled, notice } from "./dom.js";
import { between, list, live, problemBox, state, time, why } from "./parts.js";
import { ResultView } from "./result.js";

export const TITLE = "Jobs";
const EVERY_S = 2;

export async function show(place, [id, batch], signal) {
  if (id && id !== "of") return showOne(place, id, signal);
  const view = new JobList(signal, batch);
  place.append(h("h1", {}, batch ? "Jobs of a batch" : TITLE), view.element);
  return view.start();
}

class JobList {
  constructor(signal, batch) {
    this._signal = signal;
    this._batch = batch ?? "";
    this._cursors = [""];
    this._status = h(
      "select",
      { on: { change: () => this._restart() } },
      ["", "queued", "running", "succeeded", "failed", "cancelled"].map((one) =>
        h("option", { value: one }, one || "any"),
      ),
    );
    this._schema = h("input", {
      type: "search",
      placeholder: "any",
      size: 16,
      spellcheck: "false",
      on: { change: () => this._restart() },
    });
    this._rows = h("tbody", {});
    this._fault = h("div", {});
    this._newer = button("Newer", () => this._turn(-1));
    this._older = button("Older", () => this._turn(1));
    this.element = h(
      "div",
      {},
      h("p", { class: "row filters" }, labelled("Status", this._status), labelled("Schema", this._schema)),
      this._fault,
      list(["Document", "Status", "Schema", "Why", "Created", "Took", ""], this._rows),
      h("p", { class: "row" }, this._newer, this._older),
    );
  }

  start() {
    return live(() => this._refresh(), EVERY_S, this._signal);
  }

  _restart() {
    this._cursors = [""];
    this._refresh();
  }

  _turn(way) {
    if (way > 0 && this._next) this._cursors.push(this._next);
    if (way < 0 && this._cursors.length > 1) this._cursors.pop();
    this._refresh();
  }

  async _refresh() {
    const query = {
      status: this._status.value,
      schema: this._schema.value.trim(),
      batch: this._batch,
      cursor: this._cursors.at(-1),
      limit: 25,
    };
    try {
      const { data, next_cursor } = await get("/v1/extractions", query, this._signal);
      this._next = next_cursor;
      this._rows.replaceChildren(
        ...(data.length
          ? data.map((one) => this._row(one))
          : [h("tr", {}, h("td", { colspan: 7, class: "muted" }, "Nothing here"))]),
      );
      this._fault.replaceChildren();
    } catch (error) {
      if (error.name === "AbortError") return false;
      this._fault.replaceChildren(problemBox(error));
    }
    this._newer.disabled = this._cursors.length === 1;
    this._older.disabled = !this._next;
    return true;
  }

  _row(one) {
    const name = one.custom_id ?? one.document.filename ?? one.id.slice(0, 12);
    return h(
      "tr",
      {},
      h("td", {}, h("a", { class: "name", href: `#/jobs/${one.id}` }, name)),
      h("td", {}, state(one.status), one.needs_review && h("span", { class: "badge mark" }, "review")),
      h("td", {}, one.schema),
      h("td", { class: "why" }, why(one)),
      h("td", {}, time(one.created_at)),
      h("td", {}, between(one.started_at, one.finished_at)),
      h(
        "td",
        {},
        actions(one, () => this._refresh()),
      ),
    );
  }
}

/** Cancel what runs, erase what has ended. */
function actions(one, done) {
  const act = async (work, said) => {
    try {
      await work();
      notice(said);
    } catch (error) {
      notice(error.message);
    }
    done();
  };
  if (!isFinal(one))
    return button("Cancel", () => act(() => postJson(`/v1/extractions/${one.id}/cancel`, {}), "Cancelled"), {
      class: "plain",
    });
  return button(
    "Erase",
    async () => {
      if (
        await confirmed(
          "Erase this extraction?",
          "Its document and its result are gone at once. Nothing brings them back.",
          "Erase",
        )
      )
        act(() => call("DELETE", `/v1/extractions/${one.id}`), "Erased");
    },
    { class: "plain" },
  );
}

async function showOne(place, id, signal) {
  const head = h("div", {});
  const body = h("div", {});
  place.append(h("p", {}, h("a", { href: "#/jobs" }, "All jobs")), h("h1", {}, "Job"), head, body);
  for await (const extraction of follow(id, signal)) {
    const rows = [
      ["id", h("code", {}, extraction.id)],
      ["document", extraction.document.filename ?? extraction.document.media_type],
      ["schema", extraction.schema],
      ["created", time(extraction.created_at)],
      ["waiting", between(extraction.created_at, extraction.started_at)],
      ["took", between(extraction.started_at, extraction.finished_at)],
      ["readable until", time(extraction.expires_at)],
      ["attempt", extraction.attempt > 1 ? String(extraction.attempt) : ""],
      ["batch", extraction.batch && h("a", { href: `#/batches/${extraction.batch}` }, h("code", {}, extraction.batch))],
      ...Object.entries(extraction.metadata).map(([name, value]) => [name, value]),
    ].filter(([, value]) => value);
    head.replaceChildren(
      h(
        "p",
        { class: "row" },
        state(extraction.status),
        h("span", {}, why(extraction)),
        actions(extraction, () => (isFinal(extraction) ? (location.hash = "#/jobs") : null)),
      ),
      h(
        "dl",
        { class: "facts" },
        rows.map(([name, value]) => h("div", { class: "pair" }, h("dt", {}, name), h("dd", {}, value))),
      ),
    );
    if (isFinal(extraction) && (extraction.result || extraction.error))
      body.replaceChildren(new ResultView(extraction).element);
  }
}
