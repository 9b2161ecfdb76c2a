import { extname } from "node:path";

/** What the detector sees of a file. */
export interface Sample {
  readonly path: string;
  /** The first bytes: all of them, or at least {@link SAMPLE_BYTES}. */
  readonly head: Uint8Array;
  /** Whether `head` is the whole file. */
  readonly complete: boolean;
}

export const SAMPLE_BYTES = 64 * 1024;

const latin = (text: string): number[] => [...Buffer.from(text, "latin1")];

/** Leading bytes of binary formats; `at` where they do not begin the file. */
const signatures: readonly { readonly type: string; readonly bytes: readonly number[]; readonly at?: number }[] = [
  { type: "application/pdf", bytes: latin("%PDF-") },
  { type: "image/png", bytes: [0x89, ...latin("PNG\r\n"), 0x1a, 0x0a] },
  { type: "image/jpeg", bytes: [0xff, 0xd8, 0xff] },
  { type: "image/gif", bytes: latin("GIF8") },
  { type: "image/webp", bytes: latin("WEBP"), at: 8 },
  { type: "application/zip", bytes: [...latin("PK"), 3, 4] },
  { type: "application/gzip", bytes: [0x1f, 0x8b] },
  { type: "application/zstd", bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  { type: "application/vnd.apache.parquet", bytes: latin("PAR1") },
  { type: "application/vnd.apache.arrow.file", bytes: latin("ARROW1") },
  { type: "application/vnd.sqlite3", bytes: latin("SQLite format 3\0") },
  { type: "application/dicom", bytes: latin("DICM"), at: 128 },
];

const textTypes = [
  "text/plain",
  "text/csv",
  "text/tab-separated-values",
  "text/markdown",
  "text/html",
  "application/json",
  "application/x-ndjson",
  "application/xml",
  "image/svg+xml",
] as const;

/** Other names of one type. */
const aliases: Readonly<Record<string, string>> = {
  "text/xml": "application/xml",
  "application/jsonl": "application/x-ndjson",
  "application/jsonlines": "application/x-ndjson",
  "application/ndjson": "application/x-ndjson",
  "text/json": "application/json",
};

const ANY = "application/octet-stream";
const canonical = (type: string): string => aliases[type] ?? type;

/** Media types that content can be checked against. */
export const checkableMediaTypes: readonly string[] = [
  ...textTypes,
  ...Object.keys(aliases),
  ...signatures.map((s) => s.type),
  ANY,
];

/** Whether content of type `detected` is what `expected` asks for. Any text is text/plain, any SVG or XHTML is XML. */
export function satisfiesMediaType(detected: string, expected: string): boolean {
  const wanted = canonical(expected);
  if (wanted === detected || wanted === ANY) return true;
  if (wanted === "text/plain") return (textTypes as readonly string[]).includes(detected);
  return wanted === "application/xml" && detected === "image/svg+xml";
}

/** Media type by content; the name decides only between forms of text that content cannot tell apart. */
export function detectMediaType(sample: Sample): string {
  const { head } = sample;
  const found = signatures.find(({ bytes, at = 0 }) => bytes.every((byte, i) => head[at + i] === byte));
  if (found !== undefined) return found.type;
  const text = decode(sample);
  return text === undefined ? ANY : textType(text, sample);
}

/** Control characters that no text holds: all but tab, line and page breaks, and escape. */
const isBinary = (byte: number): boolean => byte < 0x20 && !(byte >= 0x09 && byte <= 0x0d) && byte !== 0x1b;

function decode({ head, complete }: Sample): string | undefined {
  if (head.some(isBinary)) return undefined;
  try {
    // Streaming leaves out a character that the sample cuts in two.
    return new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: !complete });
  } catch {
    return undefined;
  }
}

function textType(text: string, { path, complete }: Sample): string {
  const start = text.trimStart();
  const extension = extname(path).toLowerCase();
  if (start.startsWith("<")) {
    const markup = markupType(start);
    if (markup !== undefined) return markup;
  }
  if (/^[[{"\-\dtfn]/.test(start)) {
    const json = jsonType(text, complete);
    if (json !== undefined) return json;
  }
  if (extension === ".md" || extension === ".markdown") return "text/markdown";
  if (isTable(text, complete, "\t") && extension !== ".csv") return "text/tab-separated-values";
  if (isTable(text, complete, ",") || (extension === ".csv" && start !== "")) return "text/csv";
  return "text/plain";
}

function markupType(start: string): string | undefined {
  const body = start.replace(/^<\?xml[^>]*\?>/, "").replace(/^(?:\s|<!--[\s\S]*?-->|<!DOCTYPE\s+svg[^>]*>)+/i, "");
  if (/^(?:<!DOCTYPE\s+html|<html[\s>])/i.test(body) && body.length === start.length) return "text/html";
  if (/^<svg[\s/>]/.test(body)) return "image/svg+xml";
  return start.startsWith("<?xml") || /^<[A-Za-z_][\w:.-]*[\s/>]/.test(body) ? "application/xml" : undefined;
}

function jsonType(text: string, complete: boolean): string | undefined {
  if (complete && isJson(text)) return "application/json";
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const whole = complete ? lines : lines.slice(0, -1);
  if (whole.length > 0 && whole.every((line) => /^\s*[[{]/.test(line) && isJson(line))) return "application/x-ndjson";
  // Too long to read here: an object or a list that has not ended within the sample.
  return !complete && /^\s*[[{]\s*["[{\]}\d-]/.test(text) ? "application/json" : undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether the first lines all have one number of columns, more than one. Fields in quotes may hold separators. */
function isTable(text: string, complete: boolean, separator: string): boolean {
  const lines = text.split(/\r?\n/).slice(0, 50);
  const whole = complete || lines.length === 50 ? lines : lines.slice(0, -1);
  const counts = whole
    .filter((line) => line !== "")
    .map((line) => line.replaceAll(/"(?:[^"]|"")*"/g, "").split(separator).length);
  return counts.length > 1 && (counts[0] ?? 0) > 1 && counts.every((n) => n === counts[0]);
}
