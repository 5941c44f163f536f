import type { JSX } from "preact";
import type { SystemState } from "../../../src/state.ts";
import { bytes, duration } from "../format.ts";
import type { History } from "../model/history.ts";
import { Chart, type ChartSeries } from "./chart.tsx";

const LOAD: readonly ChartSeries[] = [
  { color: "--accent", value: ({ load1m }) => load1m },
  { color: "--muted", value: ({ load5m }) => load5m },
];
const MEMORY: readonly ChartSeries[] = [{ color: "--accent", value: ({ memoryUsedBytes }) => memoryUsedBytes / 1e9 }];
const DELAY: readonly ChartSeries[] = [{ color: "--accent", value: ({ eventLoopDelayMs }) => eventLoopDelayMs }];

export function Machine({ system, history }: { system: SystemState | undefined; history: History }): JSX.Element {
  return (
    <section class="panel machine" aria-labelledby="machine-title">
      <div class="head">
        <h2 id="machine-title">Machine</h2>
        <p class="note">
          {system === undefined
            ? "This page does not follow the slice “system”: choose it above."
            : "a sample a second, the last minute"}
        </p>
      </div>
      {system !== undefined && <Charts system={system} history={history} />}
    </section>
  );
}

function Charts({ system, history }: { system: SystemState; history: History }): JSX.Element {
  return (
    <>
      <div class="charts">
        <Figure title="Load" value={system.load1m.toFixed(2)} note={`1 min; 5 min ${system.load5m.toFixed(2)}`}>
          <Chart history={history} series={LOAD} atLeast={1} />
        </Figure>
        <Figure title="Memory" value={bytes(system.memoryUsedBytes)} note={`of ${bytes(system.memoryTotalBytes)}`}>
          <Chart history={history} series={MEMORY} atLeast={system.memoryTotalBytes / 1e9} />
        </Figure>
        <Figure title="Event loop" value={`${system.eventLoopDelayMs.toFixed(1)} ms`} note="late, at the worst">
          <Chart history={history} series={DELAY} atLeast={5} />
        </Figure>
      </div>
      <dl class="figures">
        <Item term="Process" value={bytes(system.processRssBytes)} />
        <Item term="Clients" value={system.openConnections.toLocaleString("en")} />
        <Item term="Sent to all" value={bytes(system.sentBytes)} />
        <Item term="Up" value={duration(system.uptimeSeconds)} />
      </dl>
    </>
  );
}

interface FigureProps {
  title: string;
  value: string;
  note: string;
  children: JSX.Element;
}

function Figure({ title, value, note, children }: FigureProps): JSX.Element {
  return (
    <figure>
      <figcaption>
        {title} <strong>{value}</strong> <small>{note}</small>
      </figcaption>
      {children}
    </figure>
  );
}

function Item({ term, value }: { term: string; value: string }): JSX.Element {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{value}</dd>
    </div>
  );
}
