/** The state as a tree, and the steps through its history. */
export const STATE_STYLE = `
.tree ul { padding-left: 18px; }
.tree li { overflow-wrap: anywhere; }
.tree li > span, summary { padding: 0 4px; border-radius: 4px; }
summary { cursor: pointer; }
.name { color: var(--accent); }
.tree [data-kind="number"] { color: light-dark(#9a3412, #fdba74); }
.state { grid-area: state; }
.state .tree { max-height: 420px; }
.steps { display: flex; flex-wrap: wrap; gap: 6px; align-items: center; }
.steps input { width: min(220px, 40cqw); }
`;
