// What to extract: a schema of the service, fields named one by one, or a JSON Schema that is checked as it is typed.

import { get, postJson } from "./api.js";
import { button, h, labelled, scrolling } from "./dom.js";

const TYPES = {
  text: { type: "string" },
  number: { type: "number" },
  "whole number": { type: "integer" },
  date: { type: "string", format: "date" },
  "yes or no": { type: "boolean" },
  "list of texts": { type: "array", items: { type: "string" } },
  "list of numbers": { type: "array", items: { type: "number" } },
};
const EXAMPLE = `{
  "type": "object",
  "properties": {
    "title": {"type": ["string", "null"]},
    "total": {"type": ["number", "null"], "description": "amount to be paid"}
  },
  "required": ["title", "total"]
}`;

/** `value()`: {schema} or {json_schema}. Raises Error with what is missing. `onExample(text)`: a schema's example was
 *  asked for. */
export class SchemaChoice {
  constructor({ onExample, signal }) {
    this._onExample = onExample;
    this._signal = signal;
    this._way = "named";
    this._rows = h("tbody", {});
    this._text = h("textarea", { rows: 12, spellcheck: "false", value: EXAMPLE, on: { input: () => this._typed() } });
    this._verdict = h("div", { class: "verdict", role: "status" });
    this._names = h("select", { on: { change: () => this._described() } });
    this._about = h("p", { class: "muted" });
    this._body = h("div", {});
    this.element = h(
      "div",
      { class: "choice" },
      h(
        "fieldset",
        { class: "switch" },
        h("legend", { class: "hidden" }, "Where the schema comes from"),
        [
          ["named", "A schema of the service"],
          ["fields", "My own fields"],
          ["json", "JSON Schema"],
        ].map(([way, label]) =>
          h(
            "label",
            {},
            h("input", {
              type: "radio",
              name: "schema-way",
              checked: way === "named",
              on: { change: () => this._show(way) },
            }),
            label,
          ),
        ),
      ),
      this._body,
    );
    this._addRow("title", "text", "");
    this._addRow("date", "date", "");
    this._show("named");
  }

  async load(chosen) {
    const { data } = await get("/v1/schemas", {}, this._signal);
    this._schemas = new Map(data.map((one) => [one.name, one]));
    this._names.replaceChildren(...data.map((one) => h("option", { value: one.name }, one.name)));
    if (chosen && this._schemas.has(chosen)) this._names.value = chosen;
    await this._described();
  }

  choose(name) {
    if (!this._schemas?.has(name)) return;
    this._names.value = name;
    this._described();
  }

  value() {
    if (this._way === "named") return { schema: this._names.value };
    if (this._way === "fields") return { json_schema: this._ofRows() };
    try {
      return { json_schema: JSON.parse(this._text.value) };
    } catch (error) {
      throw new Error(`The JSON Schema is no JSON: ${error.message}`);
    }
  }

  _show(way) {
    this._way = way;
    const example = button("Use its example document", () => this._example && this._onExample(this._example));
    const bodies = {
      named: () => [labelled("Schema", this._names), this._about, h("p", { class: "row" }, example)],
      fields: () => [
        scrolling(
          "Table of fields",
          h(
            "table",
            { class: "editor" },
            h(
              "thead",
              {},
              h(
                "tr",
                {},
                h("th", {}, "Name"),
                h("th", {}, "Type"),
                h("th", {}, "What it is"),
                h("th", {}, h("span", { class: "hidden" }, "Remove")),
              ),
            ),
            this._rows,
          ),
        ),
        h(
          "p",
          { class: "row" },
          button("Add a field", () => this._addRow("", "text", "").querySelector("input").focus()),
        ),
      ],
      json: () => [labelled("JSON Schema", this._text), this._verdict],
    };
    this._body.replaceChildren(...bodies[way]());
    if (way === "json") this._typed();
  }

  async _described() {
    const name = this._names.value;
    if (!name) return;
    const schema = await get(`/v1/schemas/${encodeURIComponent(name)}`, {}, this._signal);
    if (this._names.value !== name) return;
    const names = Object.keys(schema.json_schema.properties ?? {});
    this._about.textContent = `${schema.description} Fields: ${names.join(", ")}.`;
    this._example = schema.examples[0]?.document;
  }

  _addRow(name, type, description) {
    const row = h(
      "tr",
      {},
      h("td", {}, h("input", { "aria-label": "Name", value: name, spellcheck: "false" })),
      h(
        "td",
        {},
        h(
          "select",
          { "aria-label": "Type" },
          Object.keys(TYPES).map((one) => h("option", { value: one, selected: one === type }, one)),
        ),
      ),
      h("td", {}, h("input", { "aria-label": "What it is", value: description })),
      h(
        "td",
        {},
        button("×", () => row.remove(), { "aria-label": "Remove this field", class: "plain" }),
      ),
    );
    this._rows.append(row);
    return row;
  }

  _ofRows() {
    const properties = {};
    for (const row of this._rows.children) {
      const [name, description] = [...row.querySelectorAll("input")].map((one) => one.value.trim());
      if (!name) continue;
      if (name in properties) throw new Error(`Two fields are called ${name}`);
      const type = TYPES[row.querySelector("select").value];
      const given = type.type === "array" ? type : { anyOf: [type, { type: "null" }] };
      properties[name] = description ? { ...given, description } : given;
    }
    if (!Object.keys(properties).length) throw new Error("Name at least one field");
    return { type: "object", properties, required: Object.keys(properties), additionalProperties: false };
  }

  _typed() {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._check(), 400);
  }

  async _check() {
    const text = this._text.value;
    let report;
    try {
      report = await postJson("/v1/schemas/check", { json_schema: JSON.parse(text) }, this._signal);
    } catch (error) {
      if (error.name === "AbortError") return;
      report = { ok: false, refused: [{ pointer: "", detail: error.message }], validated: [], ignored: [] };
    }
    if (this._text.value !== text) return;
    const part = (title, findings) =>
      findings.length > 0 &&
      h(
        "details",
        { open: title === "Refused" },
        h("summary", {}, `${title}: ${findings.length}`),
        h(
          "ul",
          {},
          findings.map((one) => h("li", {}, one.pointer && h("code", {}, one.pointer), " ", one.detail)),
        ),
      );
    this._verdict.className = report.ok ? "verdict" : "verdict refused";
    this._verdict.replaceChildren(
      h(
        "p",
        {},
        report.ok ? "It can be used. What is not listed here is enforced while the model writes." : "It cannot be used.",
      ),
      ...[
        part("Refused", report.refused),
        part("Checked when the answer is complete", report.validated),
        part("Ignored", report.ignored),
      ].filter(Boolean),
    );
  }
}
