/**
 * The V4A diff that models write for the hosted `apply_patch` tool (OpenAI API, "Apply patch"): a created file is all
 * `+` lines; an update is sections, each opened by `@@` and an optional line to look for, of ` ` context, `-` removed
 * and `+` added lines.
 */
export class PatchError extends Error {
  override readonly name = "PatchError";
}

/** Content of a new file. */
export function applyCreate(diff: string): string {
  const lines = splitLines(diff);
  const bad = lines.findIndex((line) => !line.startsWith("+"));
  if (bad >= 0) throw new PatchError(`line ${bad + 1} of the diff of a new file must start with "+"`);
  return lines.map((line) => `${line.slice(1)}\n`).join("");
}

/** Content of `text` after an update. Throws {@link PatchError} naming the section whose context is not found. */
export function applyUpdate(text: string, diff: string): string {
  const source = text.split("\n");
  const trailing = source.at(-1) === "" ? source.pop() : undefined;
  const eol = source[0]?.endsWith("\r") ? "\r" : "";
  const out: string[] = [];
  let cursor = 0;
  for (const section of parseSections(diff)) {
    const from = section.anchor === undefined ? cursor : findAnchor(source, section.anchor, cursor);
    const at = find(source, section.before, from, section.endOfFile);
    if (at < 0) throw new PatchError(`section ${section.number}: context not found:\n${section.before.join("\n")}`);
    out.push(...source.slice(cursor, at));
    let old = at;
    for (const { mark, line } of section.lines) {
      if (mark === "+") out.push(line.endsWith("\r") ? line : line + eol);
      else {
        if (mark === " ") out.push(source[old] ?? line);
        old++;
      }
    }
    cursor = old;
  }
  out.push(...source.slice(cursor));
  return out.join("\n") + (trailing === undefined && text !== "" ? "" : "\n");
}

interface Section {
  readonly number: number;
  readonly anchor: string | undefined;
  readonly lines: readonly { readonly mark: " " | "+" | "-"; readonly line: string }[];
  readonly before: readonly string[];
  readonly endOfFile: boolean;
}

function parseSections(diff: string): Section[] {
  const sections: { anchor: string | undefined; lines: Section["lines"][number][]; endOfFile: boolean }[] = [];
  const open = (anchor: string | undefined) => sections.push({ anchor, lines: [], endOfFile: false });
  for (const [index, raw] of splitLines(diff).entries()) {
    const current = sections.at(-1);
    if (raw.startsWith("@@")) {
      const anchor = raw
        .slice(2)
        .trim()
        .replace(/\s*@@$/, "");
      open(anchor === "" || /^-\d+(,\d+)? \+\d+/.test(anchor) ? undefined : anchor);
    } else if (raw === "*** End of File") {
      if (current) current.endOfFile = true;
    } else {
      if (!current) open(undefined);
      const mark = raw === "" ? " " : raw[0];
      if (mark !== " " && mark !== "+" && mark !== "-") {
        throw new PatchError(`line ${index + 1} of the diff must start with " ", "+", "-" or "@@"`);
      }
      sections.at(-1)?.lines.push({ mark, line: raw.slice(1) });
    }
  }
  const used = sections.filter((s) => s.lines.length > 0);
  if (used.length === 0) throw new PatchError("the diff changes nothing");
  return used.map((s, i) => ({
    ...s,
    number: i + 1,
    before: s.lines.filter((l) => l.mark !== "+").map((l) => l.line),
  }));
}

function splitLines(diff: string): string[] {
  const lines = diff.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** Position after the anchor line, which models copy with more or less exact white space. */
function findAnchor(source: readonly string[], anchor: string, from: number): number {
  for (const norm of comparisons) {
    const at = source.findIndex((line, i) => i >= from && norm(line) === norm(anchor));
    if (at >= 0) return at + 1;
  }
  const at = source.findIndex((line, i) => i >= from && line.includes(anchor));
  if (at < 0) throw new PatchError(`the line after "@@" is not in the file: ${anchor}`);
  return at + 1;
}

const comparisons: readonly ((line: string) => string)[] = [
  (line) => line.replace(/\r$/, ""),
  (line) => line.trimEnd(),
  (line) => line.trim(),
];

/** First place at or after `from` where `wanted` stands, exactly if possible, else but for white space at the ends. */
function find(source: readonly string[], wanted: readonly string[], from: number, endOfFile: boolean): number {
  if (wanted.length === 0) return endOfFile ? source.length : from;
  const last = source.length - wanted.length;
  const starts = Array.from({ length: Math.max(0, last - from + 1) }, (_, i) => from + i);
  if (endOfFile) starts.reverse();
  for (const norm of comparisons) {
    const target = wanted.map(norm);
    const at = starts.find((start) => target.every((line, i) => norm(source[start + i] ?? "") === line));
    if (at !== undefined) return at;
  }
  return -1;
}
