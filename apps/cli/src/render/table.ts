import { columns, padEnd, padStart, shorten } from "./text.ts";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** Takes what the width leaves over, and is the one that is shortened. At most one column. */
  readonly flexible?: boolean;
}

/** Rows under underlined titles, two spaces between columns, no wider than `width`. */
export function table(head: readonly Column[], rows: readonly (readonly string[])[], width: number): string[] {
  const natural = head.map((column, i) => Math.max(columns(column.title), ...rows.map((row) => columns(row[i] ?? ""))));
  const gaps = 2 * (head.length - 1);
  const excess = natural.reduce((sum, w) => sum + w, 0) + gaps - width;
  const widths = natural.map((w, i) => (head[i]?.flexible === true && excess > 0 ? Math.max(8, w - excess) : w));
  const line = (cells: readonly string[]): string =>
    head
      .map((column, i) => {
        const cell = shorten(cells[i] ?? "", widths[i] ?? 0);
        return column.align === "right" ? padStart(cell, widths[i] ?? 0) : padEnd(cell, widths[i] ?? 0);
      })
      .join("  ")
      .trimEnd();
  return [line(head.map((c) => c.title)), widths.map((w) => "─".repeat(w)).join("  "), ...rows.map(line)];
}
