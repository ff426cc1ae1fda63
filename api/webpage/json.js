// JSON whose numbers keep their digits: 1250.00 is shown as the document's answer has it, not as 1250.

/** A number with the digits it was written in. */
export class Digits extends Number {
  constructor(source) {
    super(source);
    this.source = source;
  }

  toString() {
    return this.source;
  }
}

/** The value of a JSON text. Numbers that JavaScript would write otherwise are `Digits`, where the browser tells them. */
export function parse(text) {
  return JSON.parse(text, (_, value, context) =>
    typeof value === "number" && context?.source !== undefined && String(value) !== context.source
      ? new Digits(context.source)
      : value,
  );
}

export const isScalar = (value) => value === null || typeof value !== "object" || value instanceof Digits;

/** JSON text, indented by two spaces; `Digits` as they are. */
export function print(value, indent = "") {
  if (value instanceof Digits) return value.source;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const inner = indent + "  ";
  const list = Array.isArray(value);
  const parts = list
    ? value.map((one) => inner + print(one, inner))
    : Object.entries(value).map(([key, one]) => `${inner}${JSON.stringify(key)}: ${print(one, inner)}`);
  const [open, close] = list ? "[]" : "{}";
  return parts.length ? `${open}\n${parts.join(",\n")}\n${indent}${close}` : open + close;
}

/** One step of a JSON pointer. */
export const step = (key) => "/" + String(key).replaceAll("~", "~0").replaceAll("/", "~1");

/** The names on a pointer's way. */
export const steps = (pointer) =>
  pointer
    .split("/")
    .slice(1)
    .map((one) => one.replaceAll("~1", "/").replaceAll("~0", "~"));

/** The value at a pointer; undefined where there is none. */
export function at(value, pointer) {
  return steps(pointer).reduce((found, key) => (found === null || found === undefined ? undefined : found[key]), value);
}

/** A copy of `value` with another value at `pointer`. */
export function replaced(value, pointer, fresh) {
  const [key, ...rest] = steps(pointer);
  if (key === undefined) return fresh;
  const copy = Array.isArray(value) ? [...value] : { ...value };
  copy[key] = replaced(copy[key], rest.map(step).join(""), fresh);
  return copy;
}
