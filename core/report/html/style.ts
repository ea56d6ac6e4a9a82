/** One style sheet for every page. Colours keep a contrast of 4.5 or more on both grounds. */
export const style = `
:root {
  color-scheme: light dark;
  --ground: #f4f5f7; --sheet: #ffffff; --inset: #f4f6f8; --text: #1a1e23; --muted: #57606a; --line: #d8dde3;
  --accent: #0b5cad; --ordinary: #8592a0;
  --red: #b3261e; --red-tint: #fdecea; --amber: #855000; --amber-tint: #fff4dc;
  --violet: #6237a8; --violet-tint: #f3edfd; --green: #17663a; --green-tint: #e6f5ec;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0e1115; --sheet: #171b21; --inset: #1e242b; --text: #e5e9ee; --muted: #9ba6b2; --line: #2d353f;
    --accent: #7db7f5; --ordinary: #75818e;
    --red: #ff8f86; --red-tint: #3a1b1a; --amber: #f0b849; --amber-tint: #35290f;
    --violet: #c4a8ff; --violet-tint: #2a2140; --green: #7bd39c; --green-tint: #14301f;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
body {
  margin: 0; background: var(--ground); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
.page { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1.25rem 3rem; }
a { color: var(--accent); text-underline-offset: 0.15em; }
a:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
h1, h2, h3 { line-height: 1.25; margin: 0; font-weight: 650; }
h1 { font-size: 1.6rem; }
h2 { font-size: 1.35rem; overflow-wrap: anywhere; }
h3 { font-size: 1.05rem; margin: 2rem 0 0.6rem; }
p { margin: 0.5rem 0; }
code, .mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; font-size: 0.875em; overflow-wrap: anywhere; }
.muted { color: var(--muted); }
.small { font-size: 0.875rem; }
.nowrap { white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.masthead { display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; align-items: baseline; justify-content: space-between; margin-bottom: 1.25rem; }
.masthead .brand { font-weight: 650; letter-spacing: 0.01em; }
.sheet { background: var(--sheet); border: 1px solid var(--line); border-radius: 10px; padding: 1.5rem; margin: 0 0 1.5rem; }
.model { padding: 0; overflow: clip; }
.model:nth-of-type(n + 21) { content-visibility: auto; contain-intrinsic-size: auto 60rem; }
.model > .inside { padding: 0.25rem 1.5rem 1.5rem; }
.banner { padding: 1.25rem 1.5rem; background: var(--tint); border-bottom: 1px solid var(--line); border-left: 6px solid var(--tone); }
.banner .verdict { display: flex; align-items: center; gap: 0.6rem; color: var(--tone); font-weight: 700; font-size: 1.15rem; margin: 0 0 0.35rem; }
.banner .headline { font-size: 1.25rem; line-height: 1.4; font-weight: 600; margin: 0.25rem 0 0.5rem; overflow-wrap: anywhere; }
.banner .path { margin: 0; overflow-wrap: anywhere; font-weight: 400; font-size: 0.95rem; }
.sign { display: inline-grid; place-items: center; width: 1.5em; height: 1.5em; border-radius: 50%; background: var(--tone); color: var(--sheet); font-size: 0.85em; font-weight: 700; line-height: 1; flex: none; }
.backdoored { --tone: var(--red); --tint: var(--red-tint); }
.suspicious { --tone: var(--amber); --tint: var(--amber-tint); }
.inconclusive { --tone: var(--violet); --tint: var(--violet-tint); }
.clean { --tone: var(--green); --tint: var(--green-tint); }
.columns { display: grid; grid-template-columns: 3fr 2fr; gap: 0 2rem; }
.columns ul { margin: 0; padding-left: 1.1rem; }
.columns li { margin: 0.3rem 0; overflow-wrap: anywhere; }
.todo { background: var(--inset); border-radius: 8px; padding: 0.9rem 1.1rem; margin-top: 2rem; align-self: start; }
.todo h3 { margin: 0 0 0.3rem; }
.todo p { margin: 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr)); gap: 1rem; margin: 0.75rem 0 0; padding: 0; }
figure { margin: 0; }
figcaption { font-size: 0.875rem; margin-top: 0.35rem; overflow-wrap: anywhere; }
.picture { display: block; width: 100%; height: auto; border: 1px solid var(--line); border-radius: 4px; background: #777; }
.pixels { image-rendering: pixelated; }
.flagged .picture { border-color: var(--tone); box-shadow: 0 0 0 2px var(--tone); }
.samples { display: grid; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); gap: 1.25rem; margin-top: 0.75rem; }
.pair { display: grid; grid-template-columns: 1fr auto 1fr; gap: 0.5rem; align-items: start; }
.pair .arrow { align-self: center; color: var(--muted); padding-bottom: 2.6rem; }
.flipped { color: var(--tone); font-weight: 650; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); gap: 1.5rem 2rem; }
.plot { display: flex; flex-direction: column; justify-content: space-between; }
.plot figcaption { margin: 0 0 0.8rem; }
.plot svg.chart { display: block; width: calc(100% - 3.25rem); height: 10rem; margin: 0.25rem 0.75rem 1.4rem 2.5rem; overflow: visible; }
.chart text { font: 12px system-ui, sans-serif; fill: var(--muted); paint-order: stroke; stroke: var(--sheet); stroke-width: 4px; stroke-linejoin: round; }
.chart .axis { stroke: var(--line); }
.chart .threshold { stroke: var(--text); stroke-dasharray: 5 4; opacity: 0.65; }
.chart .ordinary { stroke: var(--ordinary); }
.chart .outlier { stroke: var(--tone); }
.chart text.mark { fill: var(--tone); font-weight: 650; }
.table { overflow-x: auto; margin: 0.5rem 0 0; }
table { border-collapse: collapse; width: 100%; font-size: 0.925rem; }
th, td { text-align: left; vertical-align: top; padding: 0.45rem 0.75rem 0.45rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--muted); font-size: 0.85rem; }
th.number, td.number { padding-left: 0.75rem; text-align: right; }
.number + :not(.number) { padding-left: 0.75rem; }
td.name { overflow-wrap: anywhere; min-width: 10rem; }
.tag { display: inline-flex; align-items: center; gap: 0.4rem; color: var(--tone); font-weight: 600; white-space: nowrap; }
.tag .sign { font-size: 0.7rem; }
.counts { display: flex; flex-wrap: wrap; gap: 0.5rem 1.5rem; list-style: none; margin: 0.75rem 0 0; padding: 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.3rem 1.25rem; margin: 0.5rem 0 0; font-size: 0.925rem; }
dt { color: var(--muted); }
dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
pre { margin: 0.75rem 0 0; padding: 0.8rem 1rem; background: var(--inset); border-radius: 8px; white-space: pre-wrap; overflow-wrap: anywhere; }
details { margin-top: 1.25rem; }
summary { cursor: pointer; color: var(--accent); }
.note { border-left: 4px solid var(--line); padding: 0.1rem 0 0.1rem 0.9rem; margin: 0.75rem 0; overflow-wrap: anywhere; }
.sheet.warnings { padding: 1rem 1.5rem; }
.maps { width: auto; }
.maps th, .maps td { padding: 0.4rem 0.8rem 0.4rem 0; border: 0; text-align: left; }
.maps .picture { width: 9.5rem; }
.maps figcaption { font-weight: 400; max-width: 9.5rem; }
h1.mono { font-size: 1.2rem; overflow-wrap: anywhere; }
footer { color: var(--muted); font-size: 0.875rem; }
@media (max-width: 40rem) {
  .page { padding: 1rem 0.75rem 2rem; }
  .sheet:not(.model), .model > .inside { padding-left: 1rem; padding-right: 1rem; }
  .banner { padding: 1rem; }
  .banner .headline { font-size: 1.1rem; }
  .columns { grid-template-columns: minmax(0, 1fr); }
  .todo { margin-top: 1.25rem; }
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .maps .picture { width: 6.5rem; }
  .maps figcaption { max-width: 6.5rem; }
  .stack thead { display: none; }
  .stack tr { display: flex; flex-wrap: wrap; gap: 0.1rem 1.25rem; padding: 0.65rem 0; border-bottom: 1px solid var(--line); }
  .stack td { border: 0; padding: 0 !important; text-align: left; }
  .stack td.name { flex-basis: 100%; order: -1; }
  .stack td[data-label]::before { content: attr(data-label) " "; color: var(--muted); font-weight: 400; }
  .stack td.none { display: none; }
  .tiles.three { grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 0.6rem; }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  dd { margin-bottom: 0.5rem; }
}
@media print {
  :root { --ground: #fff; --sheet: #fff; }
  body { font-size: 11pt; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  .page { max-width: none; padding: 0; }
  .model:nth-of-type(n + 21) { content-visibility: visible; }
  .sheet { border: 0; border-radius: 0; }
  figure, tr, .pair, .todo { break-inside: avoid; }
  h3 { break-after: avoid; }
}
`;
