import { stripVTControlCharacters } from "node:util";

/**
 * Text that models, records or manifests wrote, made safe for a terminal: one line, no control characters, so that no
 * escape sequence in a file name or an answer reaches the reader's terminal.
 */
export function printable(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\s+/gu, " ")
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}]/gu, "")
    .trim();
}

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const wide =
  /[\p{Emoji_Presentation}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\uFF01-\uFF60]/u;

/** Columns that a terminal uses for the text. */
export function columns(text: string): number {
  let width = 0;
  for (const { segment } of segmenter.segment(stripVTControlCharacters(text))) width += wide.test(segment) ? 2 : 1;
  return width;
}

/** At most `width` columns; what is cut is marked. */
export function shorten(text: string, width: number): string {
  if (columns(text) <= width) return text;
  if (width <= 0) return "";
  let used = 1;
  let kept = "";
  for (const { segment } of segmenter.segment(text)) {
    used += columns(segment);
    if (used > width) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}

/** Like {@link shorten}, but keeps the end: of a path the last part tells most. */
export function shortenStart(text: string, width: number): string {
  if (columns(text) <= width) return text;
  const segments = [...segmenter.segment(text)].map((s) => s.segment);
  let kept = "";
  while (segments.length > 0) {
    const next = `${segments.pop() ?? ""}${kept}`;
    if (columns(next) + 1 > width) break;
    kept = next;
  }
  return width <= 0 ? "" : `…${kept}`;
}

export const padEnd = (text: string, width: number): string => text + " ".repeat(Math.max(0, width - columns(text)));
export const padStart = (text: string, width: number): string => " ".repeat(Math.max(0, width - columns(text))) + text;

/** Breaks at spaces into lines of at most `width` columns; longer words are cut. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").filter((w) => w !== "")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (columns(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== "") lines.push(line);
    line = shorten(word, width);
  }
  return line === "" ? lines : [...lines, line];
}
