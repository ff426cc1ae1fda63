// Who does the work.

import { get } from "./api.js";
import { h } from "./dom.js";
import { live, problemBox, state, time } from "./parts.js";

export const TITLE = "Workers";

export async function show(place, _, signal) {
  const body = h("div", { class: "cards" });
  place.append(h("h1", {}, TITLE), body);
  return live(
    async () => {
      try {
        const { data } = await get("/v1/workers", {}, signal);
        body.replaceChildren(
          ...(data.length
            ? data.map(card)
            : [h("p", { class: "muted" }, "No worker has been heard of lately. Documents wait until one comes.")]),
        );
      } catch (error) {
        if (error.name === "AbortError") return false;
        body.replaceChildren(problemBox(error));
      }
      return true;
    },
    2,
    signal,
  );
}

function card(one) {
  const facts = [
    ["model", one.model],
    ["drafter", one.drafter],
    ["revision", one.revision],
    ["device", one.device],
    ["slots", `${one.busy} of ${one.slots} in use`],
    ["rows in the engine", one.rows],
    ["tokens a second", Math.round(one.tokens_per_s)],
    ["started", time(one.started_at)],
    ["last heard of", time(one.last_seen_at)],
    ["host", `${one.host}, process ${one.pid}`],
  ].filter(([, value]) => value !== null && value !== "");
  return h(
    "article",
    { class: "card" },
    h("h2", {}, one.id),
    h("p", {}, state(one.alive ? one.state : "lost")),
    h("progress", { max: Math.max(1, one.slots), value: one.busy, "aria-label": "slots in use" }),
    h(
      "dl",
      { class: "facts" },
      facts.map(([name, value]) => h("div", { class: "pair" }, h("dt", {}, name), h("dd", {}, value))),
    ),
  );
}
