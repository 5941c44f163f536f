import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type uPlot from "uplot";
import type { SystemState } from "../../../src/state.ts";
import { type History, WINDOW_SECONDS } from "../model/history.ts";

export interface ChartSeries {
  /** A custom property of the style sheet. */
  readonly color: string;
  readonly value: (sample: SystemState) => number;
}

interface ChartProps {
  history: History;
  series: readonly ChartSeries[];
  /** The least that the axis reaches to, so that noise does not look like drama. */
  atLeast: number;
}

const HEIGHT_PX = 84;
const MIN_SECONDS = 10;

/** Decoration beside the number in the caption, which says the same to those who cannot see it. */
export function Chart({ history, series, atLeast }: ChartProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const latest = useRef(history);
  latest.current = history;

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const stop = new AbortController();
    void draw(element, series, atLeast, stop.signal).then((drawn) => {
      plot.current = drawn;
      drawn?.setData(columns(latest.current, series));
    });
    return () => stop.abort();
  }, [series, atLeast]);

  useEffect(() => plot.current?.setData(columns(history, series)), [history, series]);

  return <div class="chart" ref={box} aria-hidden="true" />;
}

async function draw(
  element: HTMLElement,
  series: readonly ChartSeries[],
  atLeast: number,
  signal: AbortSignal,
): Promise<uPlot | undefined> {
  const UPlot = await load(signal);
  if (UPlot === undefined) return undefined;
  const axis = {
    stroke: () => color("--muted"),
    font: "10px system-ui, sans-serif",
    grid: { stroke: () => color("--line"), width: 1 },
    ticks: { show: false },
    gap: 2,
  };
  const drawn = new UPlot(
    {
      width: element.clientWidth,
      height: HEIGHT_PX,
      legend: { show: false },
      cursor: { show: false },
      padding: [6, 2, 7, 0],
      scales: {
        x: { time: true, range: (_, oldest, newest) => [window(oldest, newest), newest] },
        y: { range: (_, __, highest) => [0, Math.max(atLeast, highest * 1.15)] },
      },
      axes: [
        { ...axis, show: false },
        { ...axis, size: 30, space: 22 },
      ],
      series: [
        {},
        ...series.map(({ color: name }, index) => ({
          stroke: () => color(name),
          ...(index === 0 && { fill: () => color("--accent-soft") }),
          width: 1.5,
          points: { show: false },
        })),
      ],
    },
    [[], ...series.map(() => [])],
    element,
  );
  const resized = new ResizeObserver(() => drawn.setSize({ width: element.clientWidth, height: HEIGHT_PX }));
  resized.observe(element);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", () => drawn.redraw(), { signal });
  signal.addEventListener("abort", () => {
    resized.disconnect();
    drawn.destroy();
  });
  return drawn;
}

/** The page does not wait for its charts. One that lost the network meanwhile asks again when it is back. */
async function load(signal: AbortSignal): Promise<typeof uPlot | undefined> {
  while (!signal.aborted) {
    try {
      return (await import("./uplot.ts")).default;
    } catch {
      await new Promise((resolve) => addEventListener("online", resolve, { once: true, signal }));
    }
  }
  return undefined;
}

/** Where the axis begins: at the oldest sample, as long as there are few. */
function window(oldest: number, newest: number): number {
  return Math.max(newest - WINDOW_SECONDS, Math.min(oldest, newest - MIN_SECONDS));
}

function columns({ times, samples }: History, series: readonly ChartSeries[]): uPlot.AlignedData {
  return [[...times], ...series.map(({ value }) => samples.map(value))];
}

/** The style sheet registers these as colours, so that they come resolved: a canvas knows no `light-dark()`. */
function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name);
}
