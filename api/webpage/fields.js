// The values of an answer, each with what is known of it.

import { h, passedOver, scrolling } from "./dom.js";
import { at, isScalar, step } from "./json.js";

/** `fields` and `review`: of a result, or of the error of a failed extraction. `onPick(pointer, {passing})`: a value was
 *  chosen, or the pointer is over it. */
export class FieldsView {
  constructor({ data, fields, review, corrected, onPick }) {
    this._fields = fields ?? {};
    this._corrected = corrected ?? {};
    this._marks = Map.groupBy ? Map.groupBy(review ?? [], (mark) => mark.pointer) : grouped(review ?? []);
    this._onPick = onPick;
    this._leaves = new Map();
    this.element = h(
      "div",
      { class: "fields", on: { keydown: (event) => this._move(event) } },
      this._general(data),
      this._value(data, ""),
    );
  }

  highlight(pointer, { scroll = false } = {}) {
    for (const one of this.element.querySelectorAll(".active")) one.classList.remove("active");
    const leaf = this._leaves.get(pointer);
    leaf?.classList.add("active");
    if (scroll && leaf) {
      leaf.scrollIntoView({ block: "nearest", behavior: "smooth" });
      leaf.focus({ preventScroll: true });
    }
  }

  /** What is marked and is no scalar: a list, or the whole. */
  _general(data) {
    const others = [...this._marks].filter(([pointer]) => !isScalarAt(data, pointer));
    return others.map(([pointer, marks]) =>
      marks.map((mark) =>
        h("p", { class: `reason ${mark.severity}` }, h("strong", {}, pointer || "all of it"), " ", mark.detail),
      ),
    );
  }

  _value(value, pointer) {
    if (isScalar(value)) return this._leaf(value, pointer);
    if (!Array.isArray(value)) {
      return h(
        "dl",
        {},
        Object.entries(value).map(([key, one]) => this._row(key, one, pointer + step(key))),
      );
    }
    if (!value.length) return h("p", { class: "muted" }, "no rows");
    if (value.every((one) => !isScalar(one) && !Array.isArray(one) && Object.values(one).every(isScalar)))
      return this._table(value, pointer);
    return h(
      "ol",
      {},
      value.map((one, at) => h("li", {}, this._value(one, pointer + step(at)))),
    );
  }

  _row(key, value, pointer) {
    const count =
      Array.isArray(value) &&
      value.length > 0 &&
      h("small", {}, ` ${value.length} ${value.length === 1 ? "row" : "rows"}`);
    return h(
      "div",
      { class: isScalar(value) ? "pair" : "group" },
      h("dt", {}, key, count),
      h("dd", {}, this._value(value, pointer)),
    );
  }

  _table(rows, pointer) {
    const names = [...new Set(rows.flatMap(Object.keys))];
    return scrolling(
      `Rows of ${pointer}`,
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("th", {}, "#"),
            names.map((name) => h("th", { scope: "col" }, name)),
          ),
        ),
        h(
          "tbody",
          {},
          rows.map((row, at) =>
            h(
              "tr",
              {},
              h("th", { scope: "row" }, at + 1),
              names.map((name) => h("td", {}, name in row && this._leaf(row[name], pointer + step(at) + step(name)))),
            ),
          ),
        ),
      ),
    );
  }

  _leaf(value, pointer) {
    const known = this._fields[pointer];
    const marks = this._marks.get(pointer) ?? [];
    const nothing = value === null;
    const corrected = pointer in this._corrected;
    const shown = nothing ? "not in the document" : typeof value === "string" ? value || "(empty)" : String(value);
    const sure = known?.confidence;
    const unplaced = !nothing && known && known.evidence.length === 0 && typeof value !== "boolean";
    const leaf = h(
      "button",
      {
        type: "button",
        class: [
          "leaf",
          nothing && "nothing",
          marks.length && "marked",
          marks.some((mark) => mark.severity === "high") && "high",
          corrected && "corrected",
        ]
          .filter(Boolean)
          .join(" "),
        data: { pointer },
        on: {
          click: () => this._onPick(pointer),
          focus: () => this._onPick(pointer, { passing: true }),
        },
      },
      h("span", { class: "value" }, shown),
      corrected && h("span", { class: "right-value" }, String(this._corrected[pointer] ?? "not in the document")),
      unplaced && h("span", { class: "badge", title: "No place in the document says this" }, "no place"),
      sure !== null &&
        sure !== undefined &&
        h(
          "span",
          { class: `sure ${sure >= 0.9 ? "" : sure >= 0.5 ? "middling" : "low"}`, title: "confidence" },
          `${Math.floor(sure * 100)}%`,
        ),
      marks.length > 0 && h("span", { class: "badge mark" }, "review"),
    );
    passedOver(leaf, (over) => this._onPick(over ? pointer : null, { passing: true }));
    this._leaves.set(pointer, leaf);
    return marks.length ? [leaf, marks.map((mark) => h("p", { class: `reason ${mark.severity}` }, mark.detail))] : leaf;
  }

  /** Up and down go from value to value. */
  _move(event) {
    const way = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!way || !event.target.classList.contains("leaf")) return;
    const leaves = [...this.element.querySelectorAll(".leaf")];
    const next = leaves[leaves.indexOf(event.target) + way];
    if (!next) return;
    event.preventDefault();
    next.focus();
    this._onPick(next.dataset.pointer);
  }
}

/** The scalars of an answer, in its order: [pointer, value]. */
export function leavesOf(value, pointer = "") {
  if (isScalar(value)) return [[pointer, value]];
  return Object.entries(value).flatMap(([key, one]) => leavesOf(one, pointer + step(key)));
}

function isScalarAt(data, pointer) {
  const found = at(data, pointer);
  return found !== undefined && isScalar(found);
}

function grouped(marks) {
  const groups = new Map();
  for (const mark of marks) groups.set(mark.pointer, [...(groups.get(mark.pointer) ?? []), mark]);
  return groups;
}
