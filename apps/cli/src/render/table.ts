import { columns, padEnd, padStart, shorten, wrap } from "./text.ts";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** Takes what the width leaves over, and is the one that is broken into lines. At most one column, the last. */
  readonly flexible?: boolean;
}

/** Lines that one cell of the flexible column may take. */
const MOST_LINES = 3;
/** Narrower than this it is of no use. */
const LEAST_WIDTH = 12;

/** Rows under underlined titles, two spaces between columns, no wider than `width`. */
export function table(head: readonly Column[], rows: readonly (readonly string[])[], width: number): string[] {
  const natural = head.map((column, i) => Math.max(columns(column.title), ...rows.map((row) => columns(row[i] ?? ""))));
  const gaps = 2 * (head.length - 1);
  const excess = natural.reduce((sum, w) => sum + w, 0) + gaps - width;
  const widths = natural.map((w, i) =>
    head[i]?.flexible === true && excess > 0 ? Math.max(LEAST_WIDTH, w - excess) : w,
  );
  const line = (cells: readonly string[]): string =>
    head
      .map((column, i) => {
        const cell = shorten(cells[i] ?? "", widths[i] ?? 0);
        return column.align === "right" ? padStart(cell, widths[i] ?? 0) : padEnd(cell, widths[i] ?? 0);
      })
      .join("  ")
      .trimEnd();
  const broken = (cells: readonly string[]): string[] => {
    const at = head.findIndex((column) => column.flexible === true);
    if (at < 0) return [line(cells)];
    const [first = "", ...more] = lines(cells[at] ?? "", widths[at] ?? 0);
    return [line(cells.with(at, first)), ...more.map((text) => line(head.map((_, i) => (i === at ? text : ""))))];
  };
  return [line(head.map((c) => c.title)), widths.map((w) => "─".repeat(w)).join("  "), ...rows.flatMap(broken)];
}

function lines(text: string, width: number): string[] {
  const all = wrap(text, width);
  if (all.length <= MOST_LINES) return all;
  return [...all.slice(0, MOST_LINES - 1), shorten(all.slice(MOST_LINES - 1).join(" "), width)];
}
