/** What the client is doing: its figures and connections. */
export const POSITION_STYLE = `
.position {
  display: grid;
  grid-area: position;
  grid-template: "head head" auto "figures list" auto "cost list" 1fr / minmax(0, 6fr) minmax(0, 5fr);
  column-gap: 28px;
}
.position .head { grid-area: head; }
.position .figures { grid-template-columns: repeat(auto-fit, minmax(128px, 1fr)); }
.cost { grid-area: cost; margin-top: 10px; }
meter { width: 100%; height: 12px; }
.position .problem { grid-column: 1 / -1; }
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
.connections time, .by { color: var(--muted); }
.connections .by { display: inline-block; min-width: 52px; }
[data-began="resumed"] > span:nth-of-type(2) { color: var(--good); }
[data-began="failed"] > span:nth-of-type(2) { color: var(--bad); }
.coalesced { margin-left: 8px; color: var(--busy); }
@container (max-width: 860px) {
  .position { grid-template: "head" "figures" "cost" "list" / minmax(0, 1fr); }
  .connections { height: auto; margin-top: 10px; }
}
`;
