// Many documents at once: dropped here and sent as one upload, or sent by a script and followed here.

import { call, get, lines, postJson } from "./api.js";
import { button, confirmed, h, labelled, notice } from "./dom.js";
import { base64 } from "./files.js";
import { parse } from "./json.js";
import { bytes, duration, list, live, problemBox, save, state, time } from "./parts.js";
import { inWords } from "./words.js";

export const TITLE = "Batches";
const EVERY_S = 2;
const MOST_BYTES = 256 * 1024 * 1024; // a browser holds the upload in memory; scripts send more

export async function show(place, [id], signal) {
  if (id) return showOne(place, id, signal);
  const upload = new Upload(signal);
  const rows = h("tbody", {});
  const fault = h("div", {});
  place.append(
    h("h1", {}, TITLE),
    upload.element,
    fault,
    list(["Batch", "Schema", "Status", "Documents", "Speed", "Left", "Created"], rows),
  );
  await upload.load();
  return live(
    async () => {
      try {
        const { data } = await get("/v1/batches", { limit: 50 }, signal);
        rows.replaceChildren(
          ...(data.length ? data.map(row) : [h("tr", {}, h("td", { colspan: 7, class: "muted" }, "No batch yet"))]),
        );
        fault.replaceChildren();
      } catch (error) {
        if (error.name === "AbortError") return false;
        fault.replaceChildren(problemBox(error));
      }
      return true;
    },
    EVERY_S,
    signal,
  );
}

const row = (one) =>
  h(
    "tr",
    {},
    h("td", {}, h("a", { href: `#/batches/${one.id}` }, one.id.slice(0, 12))),
    h("td", {}, one.schema ?? ""),
    h("td", {}, state(one.status)),
    h("td", {}, bar(one)),
    h("td", {}, speed(one)),
    h("td", {}, duration(one.seconds_left)),
    h("td", {}, time(one.created_at)),
  );

const speed = (one) => (one.documents_per_s === null ? "" : `${Number(one.documents_per_s).toPrecision(2)} /s`);

function bar(one) {
  const { accepted, succeeded, failed, cancelled } = one.counts;
  const ended = succeeded + failed + cancelled;
  const text = `${ended} of ${accepted}${failed ? `, ${failed} failed` : ""}${one.refused ? `, ${one.refused} refused` : ""}`;
  return [h("progress", { max: Math.max(1, accepted), value: ended, "aria-label": text }), " ", text];
}

class Upload {
  constructor(signal) {
    this._signal = signal;
    this._files = [];
    this._names = h("select", {});
    this._list = h("p", { class: "chosen", role: "status" });
    this._picker = h("input", {
      type: "file",
      multiple: true,
      class: "hidden",
      id: "files",
      on: { change: () => this._take(this._picker.files) },
    });
    this._send = h("button", { class: "primary", type: "submit", disabled: true }, "Send them");
    this._fault = h("div", {});
    this.element = h(
      "form",
      { class: "drop wide", on: { submit: (event) => this._submit(event) } },
      this._picker,
      h(
        "p",
        { class: "row" },
        h(
          "label",
          {
            for: "files",
            class: "button",
            tabindex: 0,
            on: {
              keydown: (event) =>
                (event.key === "Enter" || event.key === " ") && (event.preventDefault(), this._picker.click()),
            },
          },
          "Choose files",
        ),
        h("span", {}, "or drop many here"),
      ),
      this._list,
      h("p", { class: "row" }, labelled("Schema", this._names), this._send),
      this._fault,
    );
    this.element.addEventListener("dragover", (event) => event.preventDefault());
    this.element.addEventListener("drop", (event) => {
      event.preventDefault();
      this._take(event.dataTransfer.files);
    });
  }

  async load() {
    const { data } = await get("/v1/schemas", {}, this._signal);
    this._names.replaceChildren(...data.map((one) => h("option", { value: one.name }, one.name)));
  }

  _take(files) {
    this._files.push(...files);
    const size = this._files.reduce((sum, file) => sum + file.size, 0);
    const tooMuch = size > MOST_BYTES;
    this._send.disabled = !this._files.length || tooMuch;
    this._list.replaceChildren(
      `${this._files.length} files, ${bytes(size)} `,
      button(
        "Remove",
        () => {
          this._files = [];
          this._picker.value = "";
          this._list.replaceChildren();
          this._send.disabled = true;
        },
        { class: "plain" },
      ),
      tooMuch ? h("strong", { class: "error" }, ` More than ${bytes(MOST_BYTES)}: send them with extractor batch`) : "",
    );
  }

  async _submit(event) {
    event.preventDefault();
    this._send.disabled = true;
    try {
      const taken = new Set();
      const parts = [];
      for (const file of this._files) {
        const line = {
          custom_id: named(file.name, taken),
          document: { content: await base64(file), filename: file.name.slice(-255) },
        };
        parts.push(JSON.stringify(line) + "\n");
      }
      const headers = {
        "Content-Type": "application/x-ndjson",
        "Idempotency-Key": crypto.randomUUID?.() ?? String(Math.random()).slice(2),
      };
      const answer = await call("POST", "/v1/batches", {
        query: { schema: this._names.value },
        body: new Blob(parts),
        headers,
        signal: this._signal,
      });
      location.hash = `#/batches/${parse(await answer.text()).id}`;
    } catch (error) {
      if (error.name !== "AbortError") this._fault.replaceChildren(problemBox(error));
      this._send.disabled = false;
    }
  }
}

/** A name of at most 64 characters that no other document of the batch has. */
export function named(name, taken) {
  let own = name.slice(-64) || "document";
  for (let n = 2; taken.has(own); n++) own = `${name.slice(-(63 - String(n).length))}-${n}`;
  taken.add(own);
  return own;
}

async function showOne(place, id, signal) {
  const head = h("div", {});
  const errors = h("div", {});
  place.append(h("p", {}, h("a", { href: "#/batches" }, "All batches")), h("h1", {}, "Batch"), head, errors);
  let refused = -1;
  await live(
    async () => {
      let one;
      try {
        one = await get(`/v1/batches/${id}`, {}, signal);
      } catch (error) {
        if (error.name !== "AbortError") head.replaceChildren(problemBox(error));
        return error.status === 503;
      }
      const ended = one.status === "completed" || one.status === "cancelled";
      head.replaceChildren(
        h("p", { class: "row" }, state(one.status), h("span", {}, inWords(one.reason)), h("span", {}, bar(one))),
        h(
          "dl",
          { class: "facts" },
          [
            ["id", h("code", {}, one.id)],
            ["schema", one.schema ?? ""],
            ["created", time(one.created_at)],
            ["speed", speed(one)],
            ["time left", ended ? "" : duration(one.seconds_left)],
            ["finished", time(one.finished_at)],
            ["readable until", time(one.expires_at)],
            [
              "documents",
              Object.entries(one.counts)
                .filter(([, count]) => count)
                .map(([name, count]) => `${count} ${name}`)
                .join(", "),
            ],
          ]
            .filter(([, value]) => value)
            .map(([name, value]) => h("div", { class: "pair" }, h("dt", {}, name), h("dd", {}, value))),
        ),
        h(
          "p",
          { class: "row" },
          h("a", { class: "button", href: `#/jobs/of/${one.id}` }, "Its jobs"),
          button("Save results (JSONL)", () => results(id)),
          ended
            ? button(
                "Erase",
                async () => {
                  if (
                    !(await confirmed(
                      "Erase this batch?",
                      "Its documents and results are gone at once. Nothing brings them back.",
                      "Erase",
                    ))
                  )
                    return;
                  await call("DELETE", `/v1/batches/${id}`).then(
                    () => (location.hash = "#/batches"),
                    (error) => notice(error.message),
                  );
                },
                { class: "danger" },
              )
            : button("Cancel", () => postJson(`/v1/batches/${id}/cancel`, {}).catch((error) => notice(error.message))),
        ),
      );
      if (one.refused !== refused) {
        refused = one.refused;
        errors.replaceChildren(await refusedLines(id, refused, signal));
      }
      return !ended;
    },
    EVERY_S,
    signal,
  );
}

async function results(id) {
  try {
    save(
      `batch-${id.slice(0, 12)}.jsonl`,
      await (await call("GET", `/v1/batches/${id}/results`)).text(),
      "application/x-ndjson",
    );
  } catch (error) {
    notice(error.message);
  }
}

async function refusedLines(id, count, signal) {
  if (!count) return "";
  const some = await lines(`/v1/batches/${id}/errors`, { limit: 200 }, signal);
  return h(
    "section",
    {},
    h("h2", {}, `${count} ${count === 1 ? "line" : "lines"} refused`),
    list(
      ["Line", "Document", "Why"],
      some.map((one) =>
        h(
          "tr",
          {},
          h("td", {}, one.line),
          h("td", {}, h("span", { class: "name" }, one.custom_id ?? "")),
          h("td", {}, h("code", {}, one.error.code), " ", one.error.detail),
        ),
      ),
    ),
    some.length < count && h("p", { class: "muted" }, `The first ${some.length} of them`),
  );
}
