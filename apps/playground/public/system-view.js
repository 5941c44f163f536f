import { byId, element } from "./dom.js";

const whole = new Intl.NumberFormat("en");
const two = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const one = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** @type {[label: string, text: (system: any) => string][]} */
const FIGURES = [
  ["Load in 1 min", ({ load1m }) => two.format(load1m)],
  ["Load in 5 min", ({ load5m }) => two.format(load5m)],
  [
    "Memory, GiB",
    ({ memoryUsedBytes, memoryTotalBytes }) => `${gibibytes(memoryUsedBytes)} of ${gibibytes(memoryTotalBytes)}`,
  ],
  ["Server process", ({ processRssBytes }) => bytes(processRssBytes)],
  ["Event loop delay", ({ eventLoopDelayMs }) => `${one.format(eventLoopDelayMs)} ms`],
  ["Connections", ({ openConnections }) => whole.format(openConnections)],
  ["Sent", ({ sentBytes }) => bytes(sentBytes)],
  ["Up", ({ uptimeSeconds }) => duration(uptimeSeconds)],
];

const values = FIGURES.map(() => element("dd"));
byId("figures").append(
  ...FIGURES.map(([label], index) => element("div", {}, [element("dt", { textContent: label }), values[index] ?? ""])),
);

/** @param {object | undefined} system */
export function renderSystem(system) {
  for (const [index, [, text]] of FIGURES.entries()) {
    const value = values[index];
    if (value !== undefined) value.textContent = system === undefined ? "–" : text(system);
  }
}

/** @param {number} count */
function gibibytes(count) {
  return one.format(count / 1024 ** 3);
}

/** @param {number} count */
export function bytes(count) {
  if (count < 1024) return `${whole.format(count)} B`;
  if (count < 1024 ** 2) return `${one.format(count / 1024)} KiB`;
  if (count < 1024 ** 3) return `${one.format(count / 1024 ** 2)} MiB`;
  return `${gibibytes(count)} GiB`;
}

/** @param {number} seconds */
function duration(seconds) {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
