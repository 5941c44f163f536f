import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { observeStreams } from "@statestream/otel";

/** Exports what a node's streams count, as an application does. */
export function serveMetrics(port: number, streams: Parameters<typeof observeStreams>[1]): void {
  const exporter = new PrometheusExporter({ port, host: "127.0.0.1" });
  observeStreams(new MeterProvider({ readers: [exporter] }).getMeter("chaos"), streams);
}
