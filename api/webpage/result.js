// One extraction that has ended: its document on the left, its values on the right, each tied to its place.

import { DocumentView } from "./document.js";
import { button, h } from "./dom.js";
import { FieldsView } from "./fields.js";
import { keep, kept } from "./files.js";
import { print } from "./json.js";
import { copy, duration, problemBox } from "./parts.js";
import { asCurl, asPython } from "./snippets.js";

/** `corrections`: by pointer, of a review. */
export class ResultView {
  constructor(extraction, { corrections, onPick } = {}) {
    this._extraction = extraction;
    this._corrections = corrections;
    this._onPick = onPick;
    this._chosen = null;
    this.element = h("div", { class: "result" });
    this._show();
  }

  /** Both sides show where the value at `pointer` stands. `passing`: only while the mouse is there; then what was chosen
   *  is shown again. */
  pick(pointer, { passing = false } = {}) {
    if (!passing) this._chosen = pointer;
    const shown = pointer ?? this._chosen;
    this._document.highlight(shown, { scroll: !passing });
    this._values.highlight(shown, { scroll: !passing });
    if (!passing) this._onPick?.(pointer);
  }

  /** Likewise, for who chose it elsewhere: nobody is told. */
  point(pointer) {
    this._chosen = pointer;
    this._document.highlight(pointer, { scroll: true });
    this._values.highlight(pointer);
  }

  /** With other corrections. */
  update(corrections) {
    this._corrections = corrections;
    this._show();
  }

  _show() {
    const { result, error } = this._extraction;
    const answer = result ?? error ?? {};
    const pick = (pointer, how) => this.pick(pointer, how);
    const places = Object.entries(answer.fields ?? {}).flatMap(([pointer, known]) =>
      known.evidence.map((place) => ({ pointer, ...place })),
    );
    const file = kept(this._extraction.id);
    this._document = new DocumentView({
      file,
      text: result?.document?.text ?? file?.text,
      read: result?.document,
      places,
      onPick: pick,
    });
    const data = answer.data;
    this._values = new FieldsView({
      data: data ?? null,
      fields: answer.fields,
      review: answer.review,
      corrected: this._corrections,
      onPick: pick,
    });
    const left = h("section", { class: "left", "aria-label": "Document" }, this._document.element);
    this._acceptFile(left);
    this.element.replaceChildren(
      this._head(answer),
      h(
        "div",
        { class: "sides" },
        left,
        h("section", { class: "right", "aria-label": "Values" }, data === undefined ? null : this._values.element),
      ),
    );
  }

  _head(answer) {
    const { result, error } = this._extraction;
    const count = answer.review?.length ?? 0;
    const text = error
      ? problemBox({ message: `${error.code}: ${error.detail}`, errors: error.errors })
      : h(
          "p",
          { class: count ? "verdict some" : "verdict" },
          count ? `${count} ${count === 1 ? "place" : "places"} to look at` : "Nothing is marked for review",
        );
    const usage = answer.usage;
    const facts = [
      result?.calibration === "uncalibrated" && "confidence is not calibrated",
      usage && `${usage.output_tokens} tokens in ${usage.target_forwards} steps`,
      usage && duration(usage.duration_s),
      ...(result?.document?.warnings ?? []),
    ].filter(Boolean);
    return h(
      "div",
      { class: "head" },
      text,
      h("p", { class: "muted" }, facts.join(" · ")),
      h(
        "p",
        { class: "row" },
        answer.data !== undefined && button("Copy JSON", () => copy(print(answer.data), "JSON")),
        button("Copy as curl", () => copy(asCurl(this._extraction), "curl command")),
        button("Copy as Python", () => copy(asPython(this._extraction), "Python")),
      ),
    );
  }

  /** The file of an extraction that another tab or a script sent. */
  _acceptFile(place) {
    place.addEventListener("dragover", (event) => event.preventDefault());
    place.addEventListener("drop", (event) => {
      event.preventDefault();
      const [file] = event.dataTransfer.files;
      if (!file) return;
      keep(this._extraction.id, file);
      this._show();
    });
  }
}
