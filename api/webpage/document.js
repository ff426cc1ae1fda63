// The document beside its values: its pages as pictures with boxes over them, or its text with marks.

import { call } from "./api.js";
import { h, passedOver } from "./dom.js";

const PAGES_AT_ONCE = 2;

/** `places`: [{pointer, start, stop, page, boxes}] of the values. `file`: a File, where the page has it.
 *  `text`: the document's text, where the service gave it. `onPick(pointer)`: a place was chosen. */
export class DocumentView {
  constructor({ file, text, read, places, onPick }) {
    this.element = h("div", { class: "document" });
    this._file = file;
    this._text = text;
    this._read = read;
    this._places = places;
    this._onPick = onPick;
    this._marks = new Map(); // pointer → elements
    this._waiting = [];
    const drawable = (read?.pages ?? []).filter((page) => page.how === "layout" || page.how === "ocr");
    const ways = [];
    if (file && drawable.length) ways.push(["Pictures", () => this._pictures(drawable)]);
    if (text !== undefined && text !== null) ways.push(["Text", () => this._texts()]);
    this._body = h("div", { class: "body" });
    if (ways.length > 1) this.element.append(this._switch(ways));
    this.element.append(this._body);
    if (ways.length) ways[0][1]();
    else this._nothing();
  }

  /** Shows where a value stands. `null`: nowhere. */
  highlight(pointer, { scroll = false } = {}) {
    for (const one of this._body.querySelectorAll(".active")) one.classList.remove("active");
    const found = pointer === null ? [] : (this._marks.get(pointer) ?? []);
    for (const one of found) one.classList.add("active");
    if (scroll && found.length) found[0].scrollIntoView({ block: "center", behavior: "smooth" });
    return found.length > 0;
  }

  _switch(ways) {
    const name = `way-${Math.random().toString(36).slice(2)}`;
    return h(
      "fieldset",
      { class: "switch" },
      h("legend", { class: "hidden" }, "How the document is shown"),
      ways.map(([label, shows], at) =>
        h("label", {}, h("input", { type: "radio", name, checked: at === 0, on: { change: shows } }), label),
      ),
    );
  }

  _nothing() {
    this._body.replaceChildren(
      h(
        "p",
        { class: "muted" },
        "The service has erased this document, as it does when an extraction ends. Drop the file here to see where its values stand.",
      ),
    );
  }

  _clear() {
    this._marks.clear();
    this._observer?.disconnect();
    this._body.replaceChildren();
  }

  _mark(element, pointers) {
    for (const pointer of pointers) {
      if (!this._marks.has(pointer)) this._marks.set(pointer, []);
      this._marks.get(pointer).push(element);
    }
    let turn = 0; // of several values in one place each click takes the next
    const pick = () => this._onPick(pointers[turn++ % pointers.length]);
    element.addEventListener("click", pick);
    passedOver(element, (over) => this._onPick(over ? pointers[0] : null, { passing: true }));
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      pick();
    });
    return element;
  }

  // Pictures

  _pictures(pages) {
    this._clear();
    this._observer = new IntersectionObserver(
      (entries) => {
        for (const { isIntersecting, target } of entries) if (isIntersecting) this._want(target);
      },
      { rootMargin: "600px" },
    );
    for (const page of pages) {
      const boxes = this._places.filter((place) => place.page === page.number);
      const figure = h(
        "figure",
        { class: "page", data: { number: page.number } },
        h(
          "div",
          { class: "sheet" },
          h("p", { class: "muted" }, `Page ${page.number}`),
          boxes.flatMap((place) => this._boxes(place)),
        ),
        h("figcaption", {}, `Page ${page.number}${page.how === "ocr" ? ", read from a picture" : ""}`),
      );
      this._body.append(figure);
      this._observer.observe(figure);
    }
  }

  _boxes(place) {
    return place.boxes.map(([left, top, right, bottom], at) => {
      const box = h("span", {
        class: "box",
        tabindex: at === 0 ? 0 : null,
        role: at === 0 ? "button" : null,
        "aria-label": at === 0 ? `${place.pointer}: ${place.text}` : null,
        style: {
          left: `${left * 100}%`,
          top: `${top * 100}%`,
          width: `${(right - left) * 100}%`,
          height: `${(bottom - top) * 100}%`,
        },
      });
      return this._mark(box, [place.pointer]);
    });
  }

  _want(figure) {
    this._observer.unobserve(figure);
    this._waiting.push(figure);
    this._drawing ??= this._draw().finally(() => (this._drawing = null));
  }

  async _draw() {
    await null; // so that pages seen at the same moment are asked for together
    while (this._waiting.length) {
      const figure = this._waiting.shift();
      const first = Number(figure.dataset.number);
      const group = [figure];
      while (group.length < PAGES_AT_ONCE && Number(this._waiting[0]?.dataset.number) === first + group.length) {
        group.push(this._waiting.shift());
      }
      let drawn = new Map();
      let failed = "";
      try {
        drawn = await this._pages(first, group.length);
      } catch (error) {
        failed = error.message;
      }
      group.forEach((one, at) => this._fill(one, drawn.get(first + at), failed));
    }
  }

  async _pages(first, count) {
    const query = { first, count, filename: this._file.name };
    const headers = { "Content-Type": this._file.type || "application/octet-stream" };
    if (this._file.password) headers["X-Document-Password"] = this._file.password;
    const answer = await (await call("POST", "/v1/pages", { query, body: this._file, headers })).json();
    return new Map(answer.data.map((page) => [page.number, page]));
  }

  _fill(figure, page, failed) {
    const sheet = figure.querySelector(".sheet");
    sheet.querySelector("p")?.remove();
    if (!page) {
      sheet.prepend(h("p", { class: "muted" }, failed || "This page has no picture."));
      return;
    }
    const raw = Uint8Array.from(atob(page.content), (char) => char.charCodeAt(0));
    const url = URL.createObjectURL(new Blob([raw], { type: page.media_type }));
    const image = h("img", {
      src: url,
      alt: `Page ${page.number} of the document`,
      on: { load: () => URL.revokeObjectURL(url) },
    });
    sheet.prepend(image);
    sheet.classList.add("drawn");
  }

  // Text

  _texts() {
    this._clear();
    const index = codePoints(this._text);
    const pages = this._read?.pages?.length ? this._read.pages : [{ number: null, start: 0, stop: index.length }];
    const places = [...this._places].sort((a, b) => a.start - b.start);
    for (const page of pages) {
      const own = places.filter((place) => place.start < page.stop && place.stop > page.start);
      const name = page.label ?? (pages.length > 1 ? `Page ${page.number}` : null);
      this._body.append(
        h(
          "section",
          { class: "text" },
          name && h("h3", {}, name),
          h(
            "pre",
            page.how === "layout" || page.how === "ocr"
              ? { class: "columns", tabindex: 0, role: "region", "aria-label": name || "Text" } // it scrolls sideways
              : {},
            this._pieces(index, page.start, page.stop, own),
          ),
        ),
      );
    }
  }

  /** The text from `start` to `stop`, cut wherever a place begins or ends. */
  _pieces(index, start, stop, places) {
    const edges = new Set([start, stop]);
    for (const place of places)
      for (const edge of [place.start, place.stop]) if (edge > start && edge < stop) edges.add(edge);
    const cuts = [...edges].sort((a, b) => a - b);
    const labelled = new Set();
    let [next, open] = [0, []];
    return cuts.slice(0, -1).map((from, at) => {
      const to = cuts[at + 1];
      while (next < places.length && places[next].start <= from) open.push(places[next++]);
      open = open.filter((place) => place.stop > from);
      const text = this._text.slice(index.at(from), index.at(to));
      if (!open.length) return text;
      const pointers = open.map((place) => place.pointer);
      const first = pointers.some((pointer) => !labelled.has(pointer));
      pointers.forEach((pointer) => labelled.add(pointer));
      const mark = h(
        "mark",
        {
          tabindex: first ? 0 : null,
          role: first ? "button" : null,
          "aria-label": first ? `${pointers.join(", ")}: ${text}` : null,
          title: pointers.join("\n"),
        },
        text,
      );
      return this._mark(mark, pointers);
    });
  }
}

/** Where the service's offsets, which count characters, stand in a string, which counts units of UTF-16. */
export function codePoints(text) {
  if (!/[\uD800-\uDBFF]/.test(text)) return { length: text.length, at: (offset) => offset };
  const units = [];
  for (let unit = 0; unit < text.length; unit += text.codePointAt(unit) > 0xffff ? 2 : 1) units.push(unit);
  return { length: units.length, at: (offset) => units[offset] ?? text.length };
}
