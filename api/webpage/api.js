// What the page asks of the service. A key is asked for once and kept for this tab.

import { button, dialog, h, labelled } from "./dom.js";
import { parse } from "./json.js";

const KEY = "extractor-key";
const FINAL = new Set(["succeeded", "failed", "cancelled"]);

/** A problem that the service answered with (RFC 9457), or that it cannot be reached. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? body.title ?? `The service answered ${status}`);
    this.status = status;
    this.code = body.code ?? "http_error";
    this.errors = body.errors ?? [];
    this.requestId = body.request_id;
  }
}

export const isFinal = (extraction) => FINAL.has(extraction.status);
export const hasKey = () => sessionStorage.getItem(KEY) !== null;

export function forgetKey() {
  sessionStorage.removeItem(KEY);
}

/** The answer to a call. Raises Problem. */
export async function call(method, path, { query, body, headers, signal } = {}) {
  const given = Object.entries(query ?? {}).filter(
    ([, value]) => value !== "" && value !== null && value !== undefined,
  );
  const url = path + (given.length ? "?" + new URLSearchParams(given) : "");
  for (;;) {
    const key = sessionStorage.getItem(KEY);
    const auth = key ? { Authorization: `Bearer ${key}` } : {};
    let response;
    try {
      response = await fetch(url, {
        method,
        body,
        signal,
        headers: { ...auth, ...headers },
        cache: "no-store",
        credentials: "omit",
        redirect: "error",
      });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Problem(0, { detail: "The service cannot be reached", code: "unreachable" });
    }
    if (response.status === 401 && (await askForKey(key))) continue;
    if (!response.ok) throw await problemOf(response);
    return response;
  }
}

export async function get(path, query, signal) {
  return parse(await (await call("GET", path, { query, signal })).text());
}

export async function postJson(path, value, signal) {
  const headers = { "Content-Type": "application/json" };
  return parse(await (await call("POST", path, { body: JSON.stringify(value), headers, signal })).text());
}

async function problemOf(response) {
  let body = {};
  try {
    body = await response.json();
  } catch {
    // no problem+json: of a proxy in between
  }
  return new Problem(response.status, body);
}

/** Each state of an extraction until its end, as the service tells it. Connects again when a stream ends early. */
export async function* follow(id, signal) {
  for (let pause = 500; ; pause = Math.min(8000, pause * 2)) {
    try {
      for await (const { event, data } of events(`/v1/extractions/${id}/events`, signal)) {
        if (event === "error") break;
        const extraction = parse(data);
        yield extraction;
        if (isFinal(extraction)) return;
        pause = 500;
      }
    } catch (error) {
      if (error.name === "AbortError" || (error.status >= 400 && error.status < 500)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
    signal?.throwIfAborted();
  }
}

/** Server-sent events. Not an EventSource, which sends no key. */
async function* events(path, signal) {
  const response = await call("GET", path, { headers: { Accept: "text/event-stream" }, signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    held = (held + value).replaceAll("\r\n", "\n");
    const blocks = held.split("\n\n");
    held = blocks.pop();
    for (const block of blocks) {
      const fields = block
        .split("\n")
        .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trimStart()]);
      const data = fields
        .filter(([name]) => name === "data")
        .map(([, text]) => text)
        .join("\n");
      if (data) yield { event: fields.find(([name]) => name === "event")?.[1] ?? "message", data };
    }
  }
}

/** Every line of a JSON Lines answer. */
export async function lines(path, query, signal) {
  const text = await (await call("GET", path, { query, signal })).text();
  return text.split("\n").filter(Boolean).map(parse);
}

let asking = null;

/** Whether there is another key now than the one that was refused. Calls that wait for one share a dialog. */
async function askForKey(refused) {
  if (sessionStorage.getItem(KEY) !== refused) return true;
  asking ??= keyDialog(refused !== null).finally(() => (asking = null));
  return asking;
}

function keyDialog(wasRefused) {
  return new Promise((resolve) => {
    const input = h("input", {
      type: "password",
      required: true,
      autocomplete: "off",
      spellcheck: "false",
      autofocus: true,
    });
    let given = false;
    const save = (event) => {
      event.preventDefault();
      sessionStorage.setItem(KEY, input.value.trim());
      given = true;
      box.close();
    };
    const box = dialog(
      "This service asks for a key",
      h(
        "form",
        { on: { submit: save } },
        wasRefused && h("p", { class: "error" }, "The key was not accepted."),
        labelled("API key", input, "It stays in this tab and is sent to this service only."),
        h(
          "p",
          { class: "row" },
          h("button", { class: "primary" }, "Use it"),
          button("Not now", () => box.close()),
        ),
      ),
    );
    box.addEventListener("close", () => resolve(given));
  });
}
