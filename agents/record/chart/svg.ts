import type { BootChart, Phase } from "./phases.ts";

const width = 1100;
const left = 150;
const right = 110;
const top = 78;
const rowHeight = 20;
const barHeight = 13;

const colours: Readonly<Record<Phase["kind"], string>> = {
  kernel: "#8b95a5",
  early: "#5b8def",
  stage: "#3aa76d",
  service: "#b79ad6",
};
const failedColour = "#d64545";
const skippedColour = "#cfd6df";

const legend: readonly [string, string][] = [
  ["kernel", colours.kernel],
  ["early", colours.early],
  ["stage", colours.stage],
  ["nothing to do", skippedColour],
  ["failed", failedColour],
  ["service", colours.service],
];

/** The boot as a picture (SVG 1.1, no scripts, no fonts of its own): a bar for each phase on one time line. */
export function chartSvg(chart: BootChart, title: string): string {
  const height = top + chart.phases.length * rowHeight + 34;
  const totalMs = Math.max(chart.endMs, 1);
  const x = (ms: number) => left + (ms / totalMs) * (width - left - right);
  const bottom = height - 26;
  const rows = chart.phases.map((phase, index) => row(phase, top + index * rowHeight, x));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text(16, 26, title, 'font-size="17" fill="#1d2530"'),
    ...legendBoxes(),
    ...grid(totalMs, x, bottom),
    ...(chart.readyMs === null ? [] : readyLine(chart.readyMs, x, bottom)),
    ...rows,
    "</svg>",
  ].join("\n");
}

function row(phase: Phase, y: number, x: (ms: number) => number): string {
  const { kind, name, result, startMs, endMs, message } = phase;
  const fill =
    result === "failed" ? failedColour : result === "skipped" ? skippedColour : colours[kind];
  // What takes no time is still to be seen.
  const barWidth = Math.max(2, x(endMs) - x(startMs));
  const isService = kind === "service";
  const bar = `<rect x="${round(x(startMs))}" y="${y + (isService ? 4 : 1)}" width="${round(barWidth)}" height="${isService ? barHeight - 6 : barHeight}" rx="2" fill="${fill}"/>`;
  const took = isService ? `from ${seconds(startMs)}` : `${Math.round(endMs - startMs)} ms`;
  const nameColour = result === "failed" ? failedColour : "#1d2530";
  return [
    "<g>",
    `<title>${escaped(`${name}: ${result}, ${Math.round(startMs)} to ${Math.round(endMs)} ms. ${message}`)}</title>`,
    text(left - 8, y + 11, name, `text-anchor="end" fill="${nameColour}"`),
    bar,
    text(x(startMs) + barWidth + 5, y + 11, took, 'font-size="10" fill="#5d6775"'),
    "</g>",
  ].join("");
}

function legendBoxes(): string[] {
  return legend.flatMap(([name, colour], index) => {
    const boxX = 16 + index * 118;
    return [
      `<rect x="${boxX}" y="40" width="12" height="12" rx="2" fill="${colour}"/>`,
      text(boxX + 17, 50, name, 'fill="#5d6775"'),
    ];
  });
}

/** Lines at round times, about ten of them. */
function grid(totalMs: number, x: (ms: number) => number, bottom: number): string[] {
  const stepMs = [50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 60_000].find(
    (step) => totalMs / step <= 12,
  );
  const lines: string[] = [];
  for (let ms = 0; ms <= totalMs; ms += stepMs ?? 300_000) {
    const at = round(x(ms));
    lines.push(`<line x1="${at}" y1="${top - 6}" x2="${at}" y2="${bottom}" stroke="#e3e8ee"/>`);
    lines.push(text(at, bottom + 16, seconds(ms), 'text-anchor="middle" fill="#5d6775"'));
  }
  return lines;
}

function readyLine(readyMs: number, x: (ms: number) => number, bottom: number): string[] {
  const at = round(x(readyMs));
  return [
    `<line x1="${at}" y1="${top - 10}" x2="${at}" y2="${bottom}" stroke="#1d2530" stroke-dasharray="4 3"/>`,
    text(at, top - 14, `ready ${seconds(readyMs)}`, 'text-anchor="middle" fill="#1d2530"'),
  ];
}

function seconds(ms: number): string {
  return `${Number((ms / 1000).toFixed(2))} s`;
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${round(x)}" y="${round(y)}" ${attributes}>${escaped(content)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** For text and attributes of XML; characters that it doesn't allow at all are left out. */
function escaped(content: string): string {
  return [...content]
    .filter((char) => char >= " " && char !== "\u{fffe}" && char !== "\u{ffff}")
    .join("")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
