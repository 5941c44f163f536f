// A string, since a shadow root takes no style of the page and bundlers of applications need not know of style sheets.
export const STYLE = `
/* Not :host, which the page's own rules reach and win over; they do not reach inside. */
.root {
  all: initial;
  display: block;
  color-scheme: inherit;
  --page: light-dark(#f3f5f8, #0c1016);
  --panel: light-dark(#ffffff, #141a22);
  --sunken: light-dark(#f1f4f7, #0d1219);
  --line: light-dark(#dde3ea, #28303b);
  --text: light-dark(#17202a, #e4ebf2);
  --muted: light-dark(#54606e, #a3afbc);
  --accent: light-dark(#0f6a63, #2dd4bf);
  --accent-soft: light-dark(#0f766e1c, #2dd4bf22);
  --on-accent: light-dark(#ffffff, #06201d);
  /* Every text colour keeps a contrast of 4.5 on it. */
  --flash: light-dark(#fdf3c8, #3a2f10);
  --good: light-dark(#166534, #4ade80);
  --busy: light-dark(#92400e, #fbbf24);
  --bad: light-dark(#b91c1c, #f98c8c);
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace;
  color: var(--text);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}

* { box-sizing: border-box; margin: 0; }
ol, ul { padding: 0; list-style: none; }
h2 { font-size: 15px; }
h3 { font-size: 14px; }
button, input, select { font: inherit; color: inherit; }
button, select { padding: 3px 10px; background: var(--panel); border: 1px solid var(--line); border-radius: 7px; cursor: pointer; }
select { padding: 2px 6px; }
button:hover:enabled { border-color: var(--accent); }
button:disabled { opacity: 0.5; cursor: default; }
button[aria-pressed="true"] { background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600; }
input[type="checkbox"], input[type="range"] { margin: 0; accent-color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }

.toggle { position: fixed; right: 14px; bottom: 14px; z-index: 2147483000; display: flex; gap: 8px; align-items: center; padding: 6px 14px; border-radius: 99px; box-shadow: 0 2px 12px #0004; }
.dot { width: 9px; height: 9px; border-radius: 50%; background: var(--busy); }
.dot[data-status="live"] { background: var(--good); }
.dot[data-status="closed"] { background: var(--bad); }

.shell { container-type: inline-size; background: var(--page); }
.docked { position: fixed; inset: auto 0 0 0; z-index: 2147483000; height: min(56vh, 640px); overflow: auto; border-top: 1px solid var(--line); box-shadow: 0 -4px 24px #0003; padding: 0 14px 14px; }
.bar { display: flex; flex-wrap: wrap; gap: 6px 10px; align-items: center; padding: 8px 0; background: var(--page); }
.docked .bar { position: sticky; top: 0; z-index: 1; }
.bar .close { margin-left: auto; }
.bar label, .head label { display: flex; gap: 6px; align-items: center; color: var(--muted); font-size: 13px; }

.grid { display: grid; grid-template: "position position" auto "events side" auto "state state" auto / minmax(0, 6fr) minmax(0, 5fr); gap: 14px; }
.panel { min-width: 0; padding: 12px 14px 14px; background: var(--panel); border: 1px solid var(--line); border-radius: 10px; }
.head { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 14px; min-height: 30px; margin-bottom: 8px; }
.head .note { margin-right: auto; }
.note { color: var(--muted); font-size: 13px; }
.empty { padding: 12px; color: var(--muted); font: 13px/1.5 system-ui, sans-serif; }
.problem { color: var(--bad); font-size: 13px; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(92px, 1fr)); gap: 8px; }
.figures div { min-width: 0; padding: 6px 10px; background: var(--sunken); border-radius: 8px; }
dt { color: var(--muted); font-size: 12px; }
dd { overflow: hidden; font-variant-numeric: tabular-nums; text-overflow: ellipsis; white-space: nowrap; }
dd.note { font-size: 12px; }
.position {
  display: grid;
  grid-area: position;
  grid-template: "head head" auto "figures list" auto "cost list" 1fr / minmax(0, 6fr) minmax(0, 5fr);
  column-gap: 28px;
}

.position .head {
  grid-area: head;
}

.position .figures {
  grid-template-columns: repeat(auto-fit, minmax(128px, 1fr));
}

.cost {
  grid-area: cost;
  margin-top: 10px;
}

meter {
  width: 100%;
  height: 12px;
}

.position .problem {
  grid-column: 1 / -1;
}

.connections {
  display: grid;
  grid-area: list;
  align-content: start;
  gap: 3px;
  height: 118px;
  overflow-y: auto;
  font-size: 13px;
  font-variant-numeric: tabular-nums;
}

.connections time,
.by {
  color: var(--muted);
}

.connections .by {
  display: inline-block;
  min-width: 52px;
}

[data-began="resumed"] > span:nth-of-type(2) {
  color: var(--good);
}

[data-began="failed"] > span:nth-of-type(2) {
  color: var(--bad);
}

.coalesced {
  margin-left: 8px;
  color: var(--busy);
}

.events {
  grid-area: events;
}

.rows {
  height: 440px;
  overflow: auto;
  background: var(--sunken);
  border-radius: 8px;
  font: 12px/1.5 var(--mono);
}

.row {
  display: grid;
  grid-template-columns: 64px 152px 82px minmax(0, 1fr) minmax(0, 130px) 62px;
  gap: 0 10px;
  padding: 3px 10px;
  border-bottom: 1px solid var(--line);
  cursor: pointer;
}

.row > * {
  overflow: hidden;
  text-overflow: ellipsis;
  white-space: nowrap;
}

.row .id,
.row time {
  color: var(--muted);
}

.row .size {
  text-align: right;
}

.row b {
  color: var(--accent);
  font-weight: 400;
}

.row:hover,
.row[aria-selected="true"] {
  background: var(--accent-soft);
}

.row[data-type="state.initial"] .type,
.row[data-type="state.end"] .type {
  color: var(--accent);
  font-weight: 700;
}

.row[data-type="heartbeat"] {
  color: var(--muted);
}

.side {
  display: grid;
  grid-area: side;
  grid-template-rows: minmax(0, 1fr) minmax(0, 1fr);
  gap: 14px;
  min-width: 0;
  height: 502px;
}

.detail,
.slices,
.state {
  display: flex;
  flex-direction: column;
}

.detail code {
  font: 12px var(--mono);
}

.content,
.tree {
  flex: 1;
  min-height: 0;
  padding: 8px 10px;
  overflow: auto;
  background: var(--sunken);
  border-radius: 8px;
  font: 12px/1.6 var(--mono);
}

.content {
  margin-top: 6px;
}

.content pre,
.content li {
  font: inherit;
  white-space: pre-wrap;
  overflow-wrap: anywhere;
}

.content b {
  color: var(--accent);
}

.content b[data-op="remove"] {
  color: var(--bad);
}

.tree ul {
  padding-left: 18px;
}

.tree li {
  overflow-wrap: anywhere;
}

.tree li > span,
summary {
  padding: 0 4px;
  border-radius: 4px;
}

summary {
  cursor: pointer;
}

.name {
  color: var(--accent);
}

.tree [data-kind="number"] {
  color: light-dark(#9a3412, #fdba74);
}


.slices table { width: 100%; border-collapse: collapse; }
.slices th, .slices td { padding: 2px 12px 2px 0; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
.slices th { color: var(--muted); font-weight: 400; white-space: nowrap; }
.slices .number { text-align: right; white-space: nowrap; }
.slices td.name { white-space: nowrap; color: var(--accent); }
.slices [data-gone="true"] td { color: var(--muted); text-decoration: line-through; }
.state { grid-area: state; }
.state .tree { max-height: 420px; }
.steps { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; }
.steps input { width: min(220px, 40cqw); }
@container (max-width: 860px) {
  .grid {
    grid-template: "position" "events" "side" "state" / minmax(0, 1fr);
    gap: 10px;
  }

  .position {
    grid-template: "head" "figures" "cost" "list" / minmax(0, 1fr);
  }

  .connections {
    height: auto;
    margin-top: 10px;
  }

  .side {
    grid-template-rows: 280px 280px;
    height: auto;
  }
}

@container (max-width: 600px) {
  .rows {
    height: 380px;
  }

  .row {
    grid-template-columns: 62px minmax(0, 1fr) auto;
  }

  .row .what {
    grid-row: 2;
    grid-column: 2;
  }

  /* What they would say stands in the second line, as the cause. */
  .row .slice,
  .row .id {
    display: none;
  }
}
`;
