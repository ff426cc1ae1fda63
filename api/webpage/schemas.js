// What the schemas of this service say, and which files it could not load.

import { get } from "./api.js";
import { button, h } from "./dom.js";
import { print } from "./json.js";
import { copy, list } from "./parts.js";

export const TITLE = "Schemas";

export async function show(place, [name], signal) {
  place.append(h("h1", {}, TITLE));
  const { data, problems } = await get("/v1/schemas", {}, signal);
  if (problems.length) {
    place.append(
      h(
        "section",
        { class: "problem" },
        h("h2", {}, `${problems.length} ${problems.length === 1 ? "file" : "files"} could not be loaded`),
        h(
          "ul",
          {},
          problems.map((one) => h("li", {}, h("code", {}, one.file), " ", one.detail)),
        ),
      ),
    );
  }
  for (const one of data) {
    const body = h("div", {});
    const details = h(
      "details",
      { open: one.name === name },
      h(
        "summary",
        {},
        h("strong", {}, one.name),
        ` version ${one.version} `,
        h("span", { class: "muted" }, one.description),
      ),
      body,
    );
    details.addEventListener("toggle", () => details.open && !body.childElementCount && fill(body, one, signal));
    place.append(details);
    if (one.name === name) await fill(body, one, signal);
  }
}

async function fill(body, one, signal) {
  const { json_schema, examples } = await get(`/v1/schemas/${encodeURIComponent(one.name)}`, {}, signal);
  const required = new Set(json_schema.required ?? []);
  const rows = Object.entries(json_schema.properties ?? {}).map(([key, node]) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, key),
      h("td", {}, typeOf(node, json_schema)),
      h("td", {}, required.has(key) ? "yes" : ""),
      h("td", {}, node.description ?? ""),
    ),
  );
  body.replaceChildren(
    h(
      "p",
      { class: "row" },
      h("a", { class: "button", href: `#/try/${one.name}` }, "Try it"),
      button("Copy JSON Schema", () => copy(print(json_schema), "JSON Schema")),
    ),
    list(["Field", "Type", "Required", "What it is"], rows),
    ...examples
      .slice(0, 1)
      .map((example) =>
        h(
          "details",
          {},
          h("summary", {}, "Example"),
          h("pre", {}, example.document),
          h("pre", {}, print(example.answer)),
        ),
      ),
  );
}

/** In a word or two what a field holds. */
function typeOf(node, root) {
  if (node.$ref) return typeOf(root.$defs?.[node.$ref.split("/").pop()] ?? {}, root);
  if (node.anyOf) return [...new Set(node.anyOf.map((one) => typeOf(one, root)))].join(" or ");
  if (node.enum) return node.enum.join(", ");
  if (node.const !== undefined) return String(node.const);
  if (node.type === "array") return `list of ${typeOf(node.items ?? {}, root)}`;
  if (node.type === "object") return Object.keys(node.properties ?? {}).join(", ") || "object";
  return node.format ?? { string: "text", null: "nothing" }[node.type] ?? node.type ?? "anything";
}
