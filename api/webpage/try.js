// A document and a schema in, its values out.

import { call, follow, isFinal, postJson } from "./api.js";
import { button, h, labelled } from "./dom.js";
import { keep } from "./files.js";
import { parse } from "./json.js";
import { bytes, problemBox, state, why } from "./parts.js";
import { ResultView } from "./result.js";
import { SchemaChoice } from "./schema_choice.js";

export const TITLE = "Try a document";

let last = null; // the latest result, when one comes back from another view

export async function show(place, [chosen], signal) {
  const view = new TryView(signal);
  place.append(h("h1", {}, TITLE), view.element);
  if (last) view.showResult(last);
  await view.load(chosen);
}

class TryView {
  constructor(signal) {
    this._signal = signal;
    this._file = null;
    this._picker = h("input", {
      type: "file",
      class: "hidden",
      id: "file",
      on: { change: () => this._take(this._picker.files[0]) },
    });
    this._text = h("textarea", {
      rows: 10,
      placeholder: "… or paste its text",
      "aria-label": "Text of the document",
      on: { input: () => this._forgetFile() },
    });
    this._drop = h(
      "div",
      { class: "drop" },
      this._picker,
      h(
        "label",
        {
          for: "file",
          class: "button",
          tabindex: 0,
          on: {
            keydown: (event) =>
              (event.key === "Enter" || event.key === " ") && (event.preventDefault(), this._picker.click()),
          },
        },
        "Choose a file",
      ),
      h("span", {}, "or drop one here: PDF, scan, mail, Office, HTML, text"),
    );
    this._chosen = h("p", { class: "chosen", role: "status" });
    this._password = h("input", { type: "password", autocomplete: "off" });
    this._printed = h(
      "select",
      {},
      [
        ["declared", "as the schema says"],
        ["all", "every value"],
        ["none", "none"],
      ].map(([value, label]) => h("option", { value }, label)),
    );
    this._schema = new SchemaChoice({ onExample: (text) => this._useText(text), signal });
    this._run = h("button", { class: "primary", type: "submit" }, "Extract");
    this._progress = h("div", { class: "progress", role: "status", "aria-live": "polite" });
    this._result = h("div", {});
    this.element = h(
      "div",
      {},
      h(
        "form",
        { class: "ask", on: { submit: (event) => this._submit(event) } },
        h("section", {}, h("h2", {}, "Document"), this._drop, this._chosen, this._text),
        h(
          "section",
          {},
          h("h2", {}, "What to extract"),
          this._schema.element,
          h(
            "details",
            {},
            h("summary", {}, "Options"),
            labelled("Values that have to be printed in the document", this._printed),
            labelled("Password of the file", this._password, "Forgotten when the document has been read"),
          ),
          h("p", { class: "row" }, this._run),
        ),
      ),
      this._progress,
      this._result,
    );
    this._acceptDrops();
  }

  load(chosen) {
    return this._schema.load(chosen);
  }

  showResult(extraction) {
    this._result.replaceChildren(h("h2", {}, "Result"), new ResultView(extraction).element);
  }

  _acceptDrops() {
    const over = (event) => {
      event.preventDefault();
      this._drop.classList.add("over");
    };
    this.element.addEventListener("dragover", over);
    this.element.addEventListener("dragleave", () => this._drop.classList.remove("over"));
    this.element.addEventListener("drop", (event) => {
      this._drop.classList.remove("over");
      if (event.target.closest(".result")) return; // that is a document to look at
      event.preventDefault();
      this._take(event.dataTransfer.files[0]);
    });
  }

  _take(file) {
    if (!file) return;
    this._file = file;
    this._text.value = "";
    this._chosen.replaceChildren(
      h("strong", {}, file.name),
      ` ${bytes(file.size)} `,
      button("Remove", () => this._forgetFile(), { class: "plain" }),
    );
  }

  _forgetFile() {
    this._file = null;
    this._picker.value = "";
    this._chosen.replaceChildren();
  }

  _useText(text) {
    this._forgetFile();
    this._text.value = text;
  }

  async _submit(event) {
    event.preventDefault();
    this._result.replaceChildren();
    last = null;
    try {
      const file = this._document();
      const schema = this._schema.value();
      this._run.disabled = true;
      this._say("Sending", null);
      const begun = await this._send(file, schema);
      keep(begun.id, file);
      await this._wait(begun, schema.json_schema);
    } catch (error) {
      if (error.name !== "AbortError") this._progress.replaceChildren(problemBox(error));
    } finally {
      this._run.disabled = false;
    }
  }

  _document() {
    if (this._file) return this._file;
    if (!this._text.value.trim()) throw new Error("Choose a document, or paste its text");
    return new File([this._text.value], "document.txt", { type: "text/plain; charset=utf-8" });
  }

  async _send(file, schema) {
    const form = new FormData();
    form.set("options", JSON.stringify({ text: true, printed: this._printed.value }));
    form.set("metadata", JSON.stringify({ source: "page" }));
    if (schema.schema) form.set("schema", schema.schema);
    else form.set("json_schema", JSON.stringify(schema.json_schema));
    if (this._password.value) {
      form.set("password", this._password.value);
      file.password = this._password.value;
    }
    form.set("file", file);
    return parse(await (await call("POST", "/v1/extractions", { body: form, signal: this._signal })).text());
  }

  async _wait(begun, sentSchema) {
    for await (const extraction of follow(begun.id, this._signal)) {
      if (!isFinal(extraction)) {
        this._say(extraction, begun.id);
        continue;
      }
      last = { ...extraction, sentSchema };
      this._progress.replaceChildren();
      this.showResult(last);
      this._result.scrollIntoView({ behavior: "smooth", block: "start" });
    }
  }

  _say(what, id) {
    const cancel =
      id &&
      button("Cancel", () =>
        postJson(`/v1/extractions/${id}/cancel`, {}).catch((error) => this._progress.append(problemBox(error))),
      );
    const told = typeof what === "string" ? what : [state(what.status), " ", why(what)];
    this._progress.replaceChildren(
      h("p", {}, h("span", { class: "spinner", "aria-hidden": "true" }), " ", told, " ", cancel),
    );
  }
}
