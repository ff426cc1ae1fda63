// Builds elements. Text is always set as text: what a document says is never read as markup.

/** An element. `props`: attributes; `class`; `on` with listeners; `style` with properties; `data` with data attributes.
 *  null, undefined and false are left out, of the attributes and of the children. */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (name === "style") for (const [key, one] of Object.entries(value)) element.style.setProperty(key, one);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "value" || name === "checked" || name === "selected") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false));
  return element;
}

export function button(label, onClick, props) {
  return h("button", { type: "button", ...props, on: { click: onClick } }, label);
}

/** A frame that scrolls sideways, and can be reached by keys to be scrolled: `label` says what is in it. */
export function scrolling(label, ...children) {
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label }, children);
}

/** A labelled control: the label's text stands above it. */
export function labelled(label, control, note) {
  return h("label", { class: "labelled" }, h("span", {}, label), control, note && h("small", {}, note));
}

let mouse = "";
const position = (event) => `${event.clientX} ${event.clientY}`;
document.addEventListener("mousemove", (event) => (mouse = position(event)));

/** `told(true)` when the mouse comes over an element, `told(false)` when it leaves it. What scrolls under a mouse that
 *  does not move is not passed over. */
export function passedOver(element, told) {
  element.addEventListener("mouseenter", (event) => position(event) !== mouse && told(true));
  element.addEventListener("mouseleave", (event) => position(event) !== mouse && told(false));
}

let clearing;

/** Says something for a moment, to screen readers too. */
export function notice(text) {
  const line = document.getElementById("notice");
  line.textContent = text;
  line.classList.add("shown");
  clearTimeout(clearing);
  clearing = setTimeout(() => line.classList.remove("shown"), 5000);
}

/** A dialog, open. It is gone when it is closed. */
export function dialog(title, ...children) {
  const element = h(
    "dialog",
    { "aria-label": title, on: { close: () => element.remove() } },
    h("h2", {}, title),
    children,
  );
  document.body.append(element);
  element.showModal();
  return element;
}

/** Whether the person means it. */
export function confirmed(title, detail, verb) {
  return new Promise((resolve) => {
    let answer = false;
    const box = dialog(
      title,
      h("p", {}, detail),
      h(
        "p",
        { class: "row" },
        button(
          verb,
          () => {
            answer = true;
            box.close();
          },
          { class: "danger" },
        ),
        button("Keep it", () => box.close(), { autofocus: true }),
      ),
    );
    box.addEventListener("close", () => resolve(answer));
  });
}
