// Puts words, tables and charts into report/summary.md and report/report.html.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";

const { title, lead, sections, doubts, method } = JSON.parse(readFileSync("work/narrative.json", "utf8"));
const escape = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

function table(name) {
  const [header, ...rows] = readFileSync(`report/tables/${name}.csv`, "utf8")
    .trim()
    .split("\n")
    .map((l) =>
      [...l.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((m) => m[1]?.replaceAll('""', '"') ?? m[2]),
    );
  return { header, rows };
}

const fractions = /return|volatility|fall$|depth|best_day|worst_day|annual_growth|share/;
const plain = /^(year|years_ahead|companies|forecasts|too_optimistic|days|months)$/;
/** A cell for people: fractions as percent, numbers to the precision that they have. */
function shown(column, value) {
  if (value === "" || !/^-?\d+(\.\d+)?$/.test(value)) return escape(value === "" ? "–" : value);
  const number = Number(value);
  const minus = (text) => text.replace("-", "−");
  if (fractions.test(column)) return minus(`${(number * 100).toFixed(1)} %`);
  if (plain.test(column)) return value;
  const digits = Math.abs(number) >= 1000 ? 0 : Math.abs(number) >= 100 ? 1 : 2;
  return minus(number.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
}

/** At most `limit` rows; the rest is in the file. */
function tableHtml(name, { columns, limit = 25, every = 1 } = {}) {
  const { header, rows } = table(name);
  const picked = (columns ?? header).map((c) => header.indexOf(c));
  const kept = rows.filter((_, i) => (rows.length - 1 - i) % every === 0).slice(0, limit);
  const numeric = picked.map(
    (i) =>
      kept.every((r) => r[i] === "" || /^-?\d/.test(r[i])) &&
      !/month$|^from$|^to$|peak$|trough$|recovery$/.test(header[i]),
  );
  const head = picked
    .map((i, k) => `<th${numeric[k] ? ' class="n"' : ""}>${escape(header[i].replaceAll("_", " "))}</th>`)
    .join("");
  const body = kept.map(
    (r) =>
      `<tr>${picked.map((i, k) => `<td${numeric[k] ? ' class="n"' : ""}>${shown(header[i], r[i])}</td>`).join("")}</tr>`,
  );
  const note = kept.length < rows.length ? `${kept.length} of ${rows.length} rows; all are` : "Also";
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table></div><p class="note">${note} in <code>tables/${name}.csv</code></p>`;
}

const chart = (name) =>
  existsSync(`report/charts/${name}.svg`)
    ? `<figure>${readFileSync(`report/charts/${name}.svg`, "utf8")}</figure>`
    : "";

const style = `
:root{--ink:#1d2733;--muted:#5a6673;--line:#d9dee4;--accent:#0b5cad}
*{box-sizing:border-box}body{margin:0;background:#f4f6f8;color:var(--ink);font:16px/1.55 system-ui,"Segoe UI",Helvetica,Arial,sans-serif}
main{max-width:980px;margin:0 auto;padding:40px 32px 64px;background:#fff}
h1{font-size:30px;line-height:1.2;margin:0 0 8px}h2{font-size:21px;margin:48px 0 8px;padding-top:20px;border-top:1px solid var(--line)}
.lead{font-size:18px;color:var(--muted);margin:0 0 24px;max-width:46em}p,li{max-width:46em}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(260px,1fr));gap:12px;margin:24px 0}
.card{border:1px solid var(--line);border-radius:8px;padding:14px 16px}.card b{display:block;font-size:24px;color:var(--accent);font-variant-numeric:tabular-nums}.card span{color:var(--muted);font-size:13px;line-height:1.35;display:block}
figure{margin:20px 0}figure svg{width:100%;height:auto;display:block;border:1px solid var(--line);border-radius:8px}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
th{text-align:left;color:var(--muted);font-weight:600;border-bottom:2px solid var(--line);padding:6px 10px;vertical-align:bottom}
td{padding:5px 10px;border-bottom:1px solid #eceff2;white-space:nowrap}.n{text-align:right}tbody tr:hover{background:#f6f9fc}
.note{color:var(--muted);font-size:13px;margin:6px 0 24px}code{font-size:.92em;background:#f0f3f6;padding:1px 5px;border-radius:4px}
@media print{body{background:#fff}main{padding:0}figure,table{break-inside:avoid}}`;

const cards = lead.figures
  .map((f) => `<div class="card"><b>${escape(f.value)}</b><span>${escape(f.label)}</span></div>`)
  .join("");
const parts = sections.map((s) => {
  const words = s.text.map((t) => `<p>${escape(t)}</p>`).join("");
  const tables = s.tables.map(({ name, ...options }) => tableHtml(name, options)).join("");
  return `<section><h2>${escape(s.title)}</h2>${words}${s.charts.map(chart).join("")}${tables}</section>`;
});
const list = (items) => `<ul>${items.map((i) => `<li>${escape(i)}</li>`).join("")}</ul>`;
writeFileSync(
  "report/report.html",
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escape(title)}</title><style>${style}</style></head><body><main><h1>${escape(title)}</h1><p class="lead">${escape(lead.text)}</p><div class="cards">${cards}</div>${parts.join("")}<section><h2>What is doubtful</h2>${list(doubts)}</section><section><h2>How it was computed</h2>${list(method)}</section></main></body></html>\n`,
);

const bullets = (items) => items.map((i) => `- ${i}`).join("\n");
const tables = readdirSync("report/tables").sort();
const charts = readdirSync("report/charts").sort();
writeFileSync(
  "report/summary.md",
  [
    `# ${title}`,
    lead.text,
    bullets(lead.figures.map((f) => `**${f.value}** ${f.label}`)),
    ...sections.map((s) => `## ${s.title}\n\n${s.text.join("\n\n")}`),
    `## What is doubtful\n\n${bullets(doubts)}`,
    `## Files\n\n${bullets([`report.html`, ...charts.map((c) => `charts/${c}`), ...tables.map((t) => `tables/${t}`)])}`,
  ].join("\n\n") + "\n",
);
console.log(JSON.stringify({ sections: sections.length, charts: charts.length, tables: tables.length }));
