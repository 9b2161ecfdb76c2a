// Charts as SVG text: scales, axes, marks. Nothing is loaded from elsewhere.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { found } from "./series.mjs";

export const colors = ["#0b5cad", "#d1495b", "#2a9d62", "#e08e0b", "#7b4fa3", "#4aa3c7", "#8c6d46", "#7f8790"];
const ink = "#1d2733";
const faint = "#d9dee4";
const muted = "#5a6673";

const escape = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const p = (value) => (Math.round(value * 10) / 10).toString();

export const linear =
  ([d0, d1], [r0, r1]) =>
  (v) =>
    r0 + ((v - d0) / (d1 - d0)) * (r1 - r0);
export const log = ([d0, d1], range) => {
  const scale = linear([Math.log(d0), Math.log(d1)], range);
  return (v) => scale(Math.log(v));
};
/** A date (YYYY, YYYY-MM or YYYY-MM-DD) as a number of years. */
export const years = (date) => {
  const [y, m = 1, d = 1] = date.split("-").map(Number);
  return y + (m - 1) / 12 + (d - 1) / 365.25;
};

/** About `n` round numbers that span the domain. */
export function ticks([low, high], n = 5) {
  const rough = (high - low) / n;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((f) => f * power).find((s) => s >= rough);
  const list = [];
  for (let v = Math.ceil(low / step) * step; v <= high + step / 1e6; v += step) list.push(Number(v.toPrecision(12)));
  return list;
}

export const text = (x, y, label, { anchor = "start", size = 12, color = muted, weight = 400 } = {}) =>
  `<text x="${p(x)}" y="${p(y)}" text-anchor="${anchor}" font-size="${size}" font-weight="${weight}" fill="${color}">${escape(label)}</text>`;
export const rule = (x1, y1, x2, y2, color = faint, width = 1) =>
  `<line x1="${p(x1)}" y1="${p(y1)}" x2="${p(x2)}" y2="${p(y2)}" stroke="${color}" stroke-width="${width}"/>`;
export const box = (x, y, width, height, color, title = "") =>
  `<rect x="${p(x)}" y="${p(y)}" width="${p(width)}" height="${p(height)}" fill="${color}">${title === "" ? "" : `<title>${escape(title)}</title>`}</rect>`;
export const path = (points) => points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${p(x)} ${p(y)}`).join("");
export const line = (points, color, width = 1.6, opacity = 1) =>
  `<path d="${path(points)}" fill="none" stroke="${color}" stroke-width="${width}" stroke-opacity="${opacity}" stroke-linejoin="round"/>`;
export const area = (upper, lower, color, opacity = 1) =>
  `<path d="${path([...upper, ...lower.toReversed()])}Z" fill="${color}" fill-opacity="${opacity}"/>`;

/** Horizontal grid lines with their labels at the left. */
export const yAxis = (values, y, { left, right }, format) =>
  values.map((v) => rule(left, y(v), right, y(v)) + text(left - 8, y(v) + 4, format(v), { anchor: "end" })).join("");
/** Years below the plot. */
export const xAxis = (values, x, bottom) =>
  values
    .map((v) => rule(x(v), bottom, x(v), bottom + 5, muted) + text(x(v), bottom + 19, v, { anchor: "middle" }))
    .join("");

/** Labels at the end of lines, moved apart where they would touch. */
export function endLabels(labels, x, top, bottom) {
  const placed = labels.toSorted((a, b) => a.y - b.y).map((label) => ({ ...label }));
  placed.forEach((label, i) => (label.y = Math.max(label.y, top, i === 0 ? top : placed[i - 1].y + 15)));
  const over = (placed.at(-1)?.y ?? 0) - bottom;
  if (over > 0) for (const label of placed) label.y -= over;
  return placed.map((l) => text(x, l.y + 4, l.label, { color: l.color, weight: 600 })).join("");
}

/** The whole drawing: title, what is drawn and in which unit, marks, source. */
export function drawing({ title, subtitle, source, width = 900, height = 438 }, marks) {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-family="system-ui, 'Segoe UI', Helvetica, Arial, sans-serif">`,
    `<title>${escape(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(24, 32, title, { size: 18, color: ink, weight: 650 }),
    text(24, 53, subtitle, { size: 13 }),
    ...marks,
    text(24, height - 12, `Source: ${source}`, { size: 11 }),
    "</svg>\n",
  ].join("\n");
}

/** Where the marks stand in a drawing of 900 pixels. */
export const plot = { left: 64, right: 876 };
export const percent = (v) => `${(v * 100).toFixed(0)} %`.replace("-", "−");
export const yearTicks = (from, to, step) =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);
/** Name of the file that plays a role, for the line with the source. */
export const fileOf = (role) => found[role].path.split("/").at(-1);
export const figures = (name) => JSON.parse(readFileSync(`work/figures/${name}.json`, "utf8"));

/** Writes a drawing to report/charts, and says so. */
export function save(name, svg) {
  mkdirSync("report/charts", { recursive: true });
  writeFileSync(`report/charts/${name}.svg`, svg);
  console.log(`${name}.svg ${svg.length} bytes`);
}
