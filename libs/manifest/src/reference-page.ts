import { manifestJsonSchema } from "./json-schema.ts";
import { referenceTable } from "./reference.ts";

/** The page for people whose table of fields is generated. */
export const referencePageUrl = new URL("../../../docs/manifest.md", import.meta.url);

const [start, end] = ["<!-- fields -->", "<!-- /fields -->"];

/** The page with its table made anew. */
export function withReference(page: string): string {
  const [before, rest] = page.split(start);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new TypeError(`the page has no ${start} … ${end}`);
  return `${before}${start}\n\n${referenceTable(manifestJsonSchema())}\n\n${end}${after}`;
}

/** The same text whatever its formatting: runs of spaces and dashes count as one. */
export const unformatted = (text: string): string => text.replaceAll(/-{2,}/g, "--").replaceAll(/\s+/g, " ");
