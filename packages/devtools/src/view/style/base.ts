/** The ground of the panel: colours, elements, the bar and the grid. */
export const BASE_STYLE = `
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
@container (max-width: 860px) {
  .grid { grid-template: "position" "events" "side" "state" / minmax(0, 1fr); gap: 10px; }
}
`;
