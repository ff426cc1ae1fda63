// What several views show alike: problems, states, times, pages of a list.

import { button, dialog, h, notice, scrolling } from "./dom.js";
import { inWords } from "./words.js";

export function problemBox(error) {
  return h(
    "div",
    { class: "problem", role: "alert" },
    h("strong", {}, error.message),
    error.errors?.length > 0 &&
      h(
        "ul",
        {},
        error.errors.slice(0, 20).map((one) => h("li", {}, one.pointer && h("code", {}, one.pointer), " ", one.detail)),
      ),
    error.requestId && h("small", {}, `request ${error.requestId}`),
  );
}

export const state = (status) => h("span", { class: `state ${status}` }, status);

const DATES = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

export function time(text) {
  return text ? h("time", { datetime: text }, DATES.format(new Date(text))) : "";
}

/** Seconds as people say them. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) return "";
  if (seconds < 90) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export const between = (from, to) => (from && to ? duration((new Date(to) - new Date(from)) / 1000) : "");

export function bytes(count) {
  const units = ["B", "kB", "MB", "GB"];
  const power = count > 0 ? Math.min(units.length - 1, Math.floor(Math.log10(count) / 3)) : 0;
  return `${(count / 1000 ** power)
    .toPrecision(power ? 2 : 3)
    .replace(/\.0+$/, "")
    .replace(/^(\d+)\.(\d*?)0+$/, "$1.$2")} ${units[power]}`;
}

/** Why a queued extraction waits, how far a running one is, why one failed or was cancelled. */
export function why(extraction) {
  const { status, reason, waiting, progress } = extraction;
  if (status === "queued") return waiting?.detail ?? inWords(reason);
  if (status === "failed") return inWords(extraction.error_code ?? extraction.error?.code);
  if (reason) return inWords(reason);
  return progress ? `${progress.done} of ${progress.total} ${progress.unit === "pages" ? "pages" : "parts"} read` : "";
}

/** Puts a text on the clipboard, or shows it to be copied where a page may not write there (HTTP from afar). */
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    notice(`${what} copied`);
  } catch {
    const area = h("textarea", { readonly: true, rows: 12, value: text });
    const box = dialog(
      `Copy ${what}`,
      area,
      h(
        "p",
        { class: "row" },
        button("Close", () => box.close()),
      ),
    );
    area.select();
  }
}

/** Gives the browser a file to save. */
export function save(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = h("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Calls `refresh` every so many seconds while it says that there is something to wait for. */
export function live(refresh, seconds, signal) {
  let timer;
  const again = async () => {
    if (signal.aborted) return;
    const more = document.visibilityState !== "visible" || (await refresh());
    if (more && !signal.aborted) timer = setTimeout(again, seconds * 1000);
  };
  signal.addEventListener("abort", () => clearTimeout(timer));
  return again();
}

/** A table in a frame that scrolls. `body`: its tbody, or rows. A title that is empty is one for screen readers only. */
export function list(titles, body) {
  const heads = titles.map((title) => h("th", { scope: "col" }, title || h("span", { class: "hidden" }, "Actions")));
  const rows = Array.isArray(body) ? h("tbody", {}, body) : body;
  const table = h("table", { class: "list" }, h("thead", {}, h("tr", {}, heads)), rows);
  return scrolling(`Table of ${titles[0]}`, table);
}
