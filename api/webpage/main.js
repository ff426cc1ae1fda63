// Which view is shown. The address names it (#/jobs/ID), so that every view can be linked and gone back to.

import { forgetKey, hasKey } from "./api.js";
import { h } from "./dom.js";
import { problemBox } from "./parts.js";
import * as batches from "./batches.js";
import * as jobs from "./jobs.js";
import * as review from "./review.js";
import * as schemas from "./schemas.js";
import * as tryView from "./try.js";
import * as workers from "./workers.js";

const VIEWS = { try: tryView, jobs, batches, review, workers, schemas };
const main = document.getElementById("main");
const keyButton = document.getElementById("key");
let leaving = new AbortController();

async function show() {
  const [, name = "try", ...rest] = location.hash.split("/");
  const view = VIEWS[name] ?? tryView;
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.getAttribute("href") === `#/${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const place = h("div", { class: `view ${name}` });
  main.replaceChildren(place);
  document.title = `${view.TITLE} · Extractor`;
  try {
    await view.show(place, rest.map(decodeURIComponent), signal);
  } catch (error) {
    if (!signal.aborted) place.append(problemBox(error));
  }
  keyButton.hidden = !hasKey();
}

/** Whether the service is ready, beside its name. */
async function watchService() {
  const line = document.getElementById("service");
  for (;;) {
    if (document.visibilityState === "visible") {
      let [state, text, detail] = ["down", "not reachable", ""];
      try {
        const response = await fetch("/readyz", { cache: "no-store" });
        const body = await response.json();
        [state, text, detail] = response.ok ? ["ready", "ready", ""] : ["waiting", "not ready", body.detail];
      } catch {
        // the text stands
      }
      line.className = state;
      line.textContent = text;
      line.title = detail;
      keyButton.hidden = !hasKey();
    }
    await new Promise((resolve) => setTimeout(resolve, 5000));
  }
}

keyButton.addEventListener("click", () => {
  forgetKey();
  show();
});
addEventListener("hashchange", () => {
  show();
  main.focus();
});
show();
watchService();
