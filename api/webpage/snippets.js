// An extraction as a command of a shell and as a program.

import { hasKey } from "./api.js";

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function parts(extraction) {
  const options = Object.fromEntries(Object.entries(extraction.options ?? {}).filter(([name]) => name !== "text"));
  const schema = extraction.sentSchema ?? null; // an inline schema, which the service does not give back
  return {
    options,
    schema,
    name: extraction.schema.split("@")[0],
    file: extraction.document?.filename ?? "document.txt",
  };
}

export function asCurl(extraction) {
  const { options, schema, name, file } = parts(extraction);
  return [
    `curl -s ${location.origin}/v1/extractions`,
    hasKey() && '-H "Authorization: Bearer $EXTRACTOR_API_KEY"',
    "-H 'Prefer: wait=60'",
    `-F file=@${quoted(file)}`,
    schema ? `-F json_schema=${quoted(JSON.stringify(schema))}` : `-F schema=${name}`,
    Object.keys(options).length > 0 && `-F options=${quoted(JSON.stringify(options))}`,
  ]
    .filter(Boolean)
    .join(" \\\n  ");
}

export function asPython(extraction) {
  const { options, schema, name, file } = parts(extraction);
  const data = [
    schema ? `"json_schema": json.dumps(SCHEMA)` : `"schema": ${JSON.stringify(name)}`,
    Object.keys(options).length > 0 && `"options": ${JSON.stringify(JSON.stringify(options))}`,
  ].filter(Boolean);
  return [
    ...(schema ? ["import json"] : []),
    ...(hasKey() ? ["import os"] : []),
    ...(schema || hasKey() ? [""] : []),
    "import httpx",
    ...(schema ? ["", `SCHEMA = json.loads(${JSON.stringify(JSON.stringify(schema))})`] : []),
    "",
    `with open(${JSON.stringify(file)}, "rb") as file:`,
    "    answer = httpx.post(",
    `        ${JSON.stringify(location.origin + "/v1/extractions")},`,
    `        files={"file": file}, data={${data.join(", ")}},`,
    hasKey()
      ? `        headers={"Prefer": "wait=60", "Authorization": "Bearer " + os.environ["EXTRACTOR_API_KEY"]}, timeout=70,`
      : `        headers={"Prefer": "wait=60"}, timeout=70,`,
    "    )",
    "extraction = answer.raise_for_status().json()",
    'print(extraction["status"], extraction["result"] and extraction["result"]["data"])',
    "",
  ].join("\n");
}

/** What a schema's `__examples__` holds: a document and its right answer, as Python. */
export const asExample = (document, answer) => `example(${pythonText(document)}, ${pythonText(answer)})`;

/** Text between three quotes, on lines of its own: `example` takes line breaks at both ends away. */
function pythonText(text) {
  const inside = text
    .replaceAll("\\", "\\\\")
    .replaceAll('"""', '\\"\\"\\"')
    // Python knows other ends of lines than \n, and no NUL.
    .replaceAll(/[\0-\x08\x0b-\x1f\x7f]/g, (one) => `\\x${one.charCodeAt(0).toString(16).padStart(2, "0")}`);
  return `"""\n${inside}\n"""`;
}
