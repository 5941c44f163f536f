import { BarChart as Bars, LineChart as Lines } from "echarts/charts";
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import type { BarChart, Chart, LineChart } from "./result.ts";

echarts.use([Bars, Lines, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

// Greys and colours that can be read on white and on black; the background is the page's.
const TEXT = "#7d8590";
const RULE = "#7d859040";
const OURS = "#2da44e";
const OTHERS = "#8b949e";
const SERIES = [OURS, "#4493f8", "#db6d28", "#a371f7", "#e5534b", "#c69026"];
const FONT = "system-ui, -apple-system, Segoe UI, sans-serif";

const WIDTH = 820;

/** An SVG that stands alone. */
export function renderChart(chart: Chart): string {
  const [option, height] = chart.kind === "lines" ? [lines(chart), 420] : [bars(chart), 90 + chart.bars.length * 26];
  const drawing = echarts.init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  drawing.setOption({
    animation: false,
    backgroundColor: "transparent",
    textStyle: { fontFamily: FONT, color: TEXT },
    title: { text: chart.title, left: 8, top: 6, textStyle: { color: TEXT, fontSize: 15, fontFamily: FONT } },
    ...option,
  });
  const svg = drawing.renderToSVGString();
  drawing.dispose();
  return `${svg}\n`;
}

const axis = {
  axisLabel: { color: TEXT, hideOverlap: true },
  nameTextStyle: { color: TEXT },
  axisLine: { lineStyle: { color: TEXT } },
  axisTick: { lineStyle: { color: TEXT } },
  splitLine: { lineStyle: { color: RULE } },
  minorSplitLine: { show: false },
};

function lines({ x, y, series }: LineChart): object {
  const xs = series.flatMap(({ points }) => points.map(([value]) => value));
  return {
    color: SERIES,
    legend: { top: 34, left: 8, textStyle: { color: TEXT }, itemGap: 16 },
    grid: { left: 64, right: 32, top: 88, bottom: 48 },
    xAxis: {
      ...axis,
      type: "log",
      name: x,
      nameLocation: "middle",
      nameGap: 30,
      min: Math.min(...xs),
      max: Math.max(...xs),
      axisLabel: { ...axis.axisLabel, formatter: short },
    },
    yAxis: { ...axis, type: "log", name: y, axisLabel: { ...axis.axisLabel, formatter: short } },
    series: series.map(({ name, points }) => ({
      type: "line",
      silent: true,
      name,
      data: points,
      symbolSize: 7,
      lineStyle: { width: 2.5 },
    })),
  };
}

function bars({ unit, bars: list }: BarChart): object {
  const longest = Math.max(...list.map(({ name }) => name.length));
  const least = Math.min(...list.map(({ value }) => value));
  return {
    // A log axis starts at a power of ten, below the shortest bar.
    grid: { left: 24 + longest * 6.6, right: 72, top: 44, bottom: 42 },
    xAxis: {
      ...axis,
      type: "log",
      name: unit,
      nameLocation: "middle",
      nameGap: 26,
      min: 10 ** Math.floor(Math.log10(least * 0.99)),
      axisLabel: { ...axis.axisLabel, formatter: short },
    },
    yAxis: { ...axis, type: "category", inverse: true, data: list.map(({ name }) => name), splitLine: { show: false } },
    series: [
      {
        type: "bar",
        silent: true,
        barWidth: 16,
        data: list.map(({ value, ours }) => ({ value, itemStyle: { color: ours ? OURS : OTHERS, borderRadius: 3 } })),
        label: {
          show: true,
          position: "right",
          color: TEXT,
          formatter: ({ value }: { value: number }) => short(value),
        },
      },
    ],
  };
}

/** 1,500 as 1.5 k. */
function short(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`;
  if (value >= 1e3) return `${Number((value / 1e3).toPrecision(3))} k`;
  return String(Number(value.toPrecision(3)));
}
