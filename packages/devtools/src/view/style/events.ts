/** The list of events, and beside it the chosen event and the slices. */
export const EVENTS_STYLE = `
.events { grid-area: events; }
.rows { height: 440px; overflow: auto; background: var(--sunken); border-radius: 8px; font: 12px/1.5 var(--mono); }
.row {
  display: grid;
  grid-template-columns: 64px 152px 82px minmax(0, 1fr) minmax(0, 130px) 62px;
  gap: 0 10px;
  padding: 3px 10px;
  border-bottom: 1px solid var(--line);
  cursor: pointer;
}
.row > * { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.row .id, .row time { color: var(--muted); }
.row .size { text-align: right; }
.row b { color: var(--accent); font-weight: 400; }
.row:hover, .row[aria-selected="true"] { background: var(--accent-soft); }
.row[data-type="state.initial"] .type, .row[data-type="state.end"] .type { color: var(--accent); font-weight: 700; }
.row[data-type="heartbeat"] { color: var(--muted); }
.side { display: grid; grid-area: side; grid-template-rows: minmax(0, 1fr) minmax(0, 1fr); gap: 14px; min-width: 0; height: 502px; }
.detail, .slices, .state { display: flex; flex-direction: column; }
.detail code { font: 12px var(--mono); }
.content, .tree {
  flex: 1;
  min-height: 0;
  padding: 8px 10px;
  overflow: auto;
  background: var(--sunken);
  border-radius: 8px;
  font: 12px/1.6 var(--mono);
}
.content { margin-top: 6px; }
.content pre, .content li { font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; }
.content b { color: var(--accent); }
.content b[data-op="remove"] { color: var(--bad); }
.slices table { width: 100%; border-collapse: collapse; }
.slices th, .slices td { padding: 2px 12px 2px 0; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
.slices th { color: var(--muted); font-weight: 400; white-space: nowrap; }
.slices .number { text-align: right; white-space: nowrap; }
.slices td.name { white-space: nowrap; color: var(--accent); }
.slices [data-gone="true"] td { color: var(--muted); text-decoration: line-through; }
@container (max-width: 860px) {
  .side { grid-template-rows: 280px 280px; height: auto; }
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
