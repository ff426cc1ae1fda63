"""The report's style sheet: light and dark, for screens of any width and for paper. Nothing comes from elsewhere."""

from __future__ import annotations

CSS = """
:root { color-scheme: light dark; --ground: #fff; --text: #1b1f24; --soft: #59636e; --line: #d5dae0; --panel: #f6f8fa;
  --link: #0550ae; --exact: #1a7f37; --normalised: #0b7285; --wrong: #c01c28; --missing: #9a5b00; --invented: #8250df;
  --null: #59636e; --mark: 18%; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #0f1318; --text: #e3e8ee; --soft: #98a3af; --line: #303740; --panel: #181e25; --link: #79b8ff;
    --exact: #4ec46b; --normalised: #45c4d6; --wrong: #ff7b7b; --missing: #e0a33c; --invented: #bf9bff; --null: #98a3af;
    --mark: 30%; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 90rem; background: var(--ground); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
p, .about { color: var(--soft); margin: .2rem 0 1rem; max-width: 60rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .3rem .6rem;
  border-bottom: 1px solid var(--line); } th { color: var(--soft); font-weight: 600; font-size: .85rem; }
td { overflow-wrap: anywhere; } .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.zero { color: var(--soft); opacity: .55; } .scroll { overflow-x: auto; }
.figures { width: auto; } .figures th { white-space: nowrap; }
@media (max-width: 40rem) { .figures th { white-space: normal; } }
.plots { display: flex; flex-wrap: wrap; gap: 1.5rem; } figure { margin: 0; } figcaption { color: var(--soft);
  max-width: 22rem; font-size: .9rem; } svg { display: block; width: 22rem; max-width: 100%; height: auto; }
svg text { fill: var(--soft); font-size: 11px; } svg .axis { stroke: var(--line); fill: none; }
svg .even { stroke: var(--soft); stroke-dasharray: 4 4; } svg .bar { fill: var(--link); opacity: .22; }
svg .dot { fill: var(--link); } svg .path { stroke: var(--link); stroke-width: 1.5; fill: none; }
details { border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; background: var(--panel); }
summary { cursor: pointer; padding: .55rem .8rem; display: flex; flex-wrap: wrap; gap: .3rem .8rem;
  align-items: baseline; } summary::before { content: "▸"; color: var(--soft); } details[open] > summary::before {
  content: "▾"; } summary b { overflow-wrap: anywhere; } summary .soft { margin-left: auto; }
.soft { color: var(--soft); }
.sides { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 1rem; padding: 0 .8rem .8rem; }
@media (max-width: 60rem) { .sides { grid-template-columns: minmax(0, 1fr); } }
pre { margin: 0; padding: .7rem; max-height: 40rem; overflow: auto; background: var(--ground); border: 1px solid
  var(--line); border-radius: .4rem; font: 12.5px/1.55 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; tab-size: 4; }
pre.placed { white-space: pre; overflow-wrap: normal; font-size: 11.5px; }
@media (min-width: 60rem) { .sides > pre { position: sticky; top: .5rem; align-self: start; max-height: 92vh; } }
bdi.page { display: block; color: var(--soft); border-top: 1px dashed var(--line); margin-top: .4rem;
  font-size: 11px; }
mark { color: inherit; border-radius: .2rem; padding: 0 .1rem; scroll-margin: 6rem; border-bottom: 2px solid;
  --kind: var(--null); border-color: var(--kind);
  background: color-mix(in srgb, var(--kind) var(--mark), transparent); }
mark:has(:target) { outline: 2px solid var(--link); outline-offset: 1px; }
.kind { --kind: var(--null); color: var(--kind); font-weight: 600; white-space: nowrap; font-size: .85rem; }
.exact { --kind: var(--exact); } .normalised { --kind: var(--normalised); } .wrong { --kind: var(--wrong); }
.missing { --kind: var(--missing); } .invented { --kind: var(--invented); } .null_right { --kind: var(--null); }
.failed { color: var(--wrong); padding: 0 .8rem .6rem; margin: 0; }
code { overflow-wrap: normal; font: .9em ui-monospace, Menlo, Consolas,
  "DejaVu Sans Mono", monospace; } .null { color: var(--soft); font-style: italic; }
@media print { pre { max-height: none; } body { max-width: none; } }
"""
