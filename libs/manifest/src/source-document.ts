import { isAlias, isMap, isScalar, isSeq, Lexer, LineCounter, type Node, parseDocument, type Pair } from "yaml";
import { limits } from "./limits.ts";
import { dottedPath, type Problem, type ProblemReason } from "./problem.ts";

type Path = readonly PropertyKey[];

/** A parsed document that still knows where everything stands in its text. */
export interface SourceDocument {
  /** Plain data: objects without a prototype, arrays, text, numbers, booleans and null. */
  readonly value: unknown;
  /** Syntax errors, duplicate keys, too deep, too many aliases. */
  readonly problems: readonly Problem[];
  /** Builds a problem that points at the value at `path`, at its key, or at the nearest parent that exists. */
  problemAt(path: Path, at: "key" | "value", what: Omit<Problem, "path" | "line" | "column">): Problem;
}

/** Bounds that keep hostile text from costing more than its size. */
const MAX_DEPTH = 64;
const MAX_ALIASES = 64;
const MAX_NODES = 50_000;
/** Parsing costs some ten microseconds a token, lexing a tenth of that. */
const MAX_TOKENS = 100_000;

interface Place {
  key: number;
  value: number;
  readonly children: Map<PropertyKey, Place>;
}

/** Reads YAML 1.2 (hence JSON). Never throws. */
export function readDocument(text: string): SourceDocument {
  const lines = new LineCounter();
  const root: Place = { key: 0, value: 0, children: new Map() };
  const problems: Problem[] = [];
  const position = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const report = (offset: number, path: Path, reason: ProblemReason, message: string, mend: string) =>
    problems.push({ path: dottedPath(path), ...position(offset), reason, message, mend });

  const document: Omit<SourceDocument, "value"> = {
    problems,
    problemAt: (path, at, what) => {
      let place = root;
      let found = 0;
      for (const segment of path) {
        const child = place.children.get(segment);
        if (child === undefined) break;
        place = child;
        found++;
      }
      const offset = found === path.length && at === "value" ? place.value : place.key;
      return { path: dottedPath(path), ...position(offset), ...what };
    },
  };

  if (Buffer.byteLength(text) > limits.document.max) {
    report(0, [], "TOO_LARGE", `the manifest is larger than ${limits.document.max} bytes`, "move data to inputs");
    return { ...document, value: undefined };
  }
  if (hasTooManyTokens(text)) {
    report(0, [], "TOO_LARGE", `the manifest has more than ${MAX_TOKENS} tokens`, "move data to inputs");
    return { ...document, value: undefined };
  }
  const contents = parseYaml(text, lines, report);
  if (contents === undefined) return { ...document, value: undefined };
  const walker = new Walker(report);
  // Problems of the document as a whole point at its first node, not at a comment above it.
  root.key = root.value = contents.range?.[0] ?? 0;
  return { ...document, value: walker.value(contents, [], root) };
}

type Report = (offset: number, path: Path, reason: ProblemReason, message: string, mend: string) => void;

function hasTooManyTokens(text: string): boolean {
  let tokens = 0;
  for (const _ of new Lexer().lex(text)) if (++tokens > MAX_TOKENS) return true;
  return false;
}

function parseYaml(text: string, lines: LineCounter, report: Report): Node | undefined {
  try {
    const parsed = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      // Ours, below: the parser's compares every pair of keys.
      uniqueKeys: false,
      strict: true,
      version: "1.2",
      merge: false,
      // "silent" would also keep a second document from being an error.
      logLevel: "error",
    });
    for (const error of [...parsed.errors, ...parsed.warnings]) {
      const several = error.code === "MULTIPLE_DOCS";
      const mend = several ? "keep one document per file" : "correct the syntax here";
      report(error.pos[0], [], "SYNTAX", several ? "the text holds more than one document" : error.message, mend);
    }
    if (parsed.errors.length + parsed.warnings.length > 0) return undefined;
    if (parsed.contents === null) {
      report(0, [], "SYNTAX", "the manifest is empty", "start from an example");
      return undefined;
    }
    return parsed.contents;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    report(0, [], "TOO_LARGE", "the manifest is nested too deeply", `nest at most ${MAX_DEPTH} levels`);
    return undefined;
  }
}

/** Turns nodes into plain data, noting where each stands. */
class Walker {
  readonly #anchors = new Map<string, Node>();
  readonly #open = new Set<Node>();
  readonly #report: Report;
  #aliases = 0;
  #nodes = 0;
  #exhausted = false;

  constructor(report: Report) {
    this.#report = report;
  }

  value(node: Node | null, path: Path, place: Place): unknown {
    if (node === null || this.#refuses(node, path)) return null;
    if (isAlias(node)) return this.#alias(node.source, node, path, place);
    if ("anchor" in node && typeof node.anchor === "string") this.#anchors.set(node.anchor, node);
    if (isMap<Node, Node | null>(node)) return this.#within(node, () => this.#map(node.items, path, place));
    if (isSeq<Node | null>(node)) return this.#within(node, () => this.#sequence(node.items, path, place));
    return isScalar(node) ? plainScalar(node.value) : null;
  }

  /** Whether a bound is reached: reported once, and everything beyond is left out. */
  #refuses(node: Node, path: Path): boolean {
    if (this.#exhausted) return true;
    const why = path.length > MAX_DEPTH ? `nested deeper than ${MAX_DEPTH} levels` : undefined;
    const bound = ++this.#nodes > MAX_NODES ? `more than ${MAX_NODES} values` : why;
    if (bound === undefined) return false;
    this.#exhausted = true;
    this.#report(node.range?.[0] ?? 0, path, "TOO_LARGE", `the manifest has ${bound}`, "make it smaller");
    return true;
  }

  #within<T>(node: Node, read: () => T): T {
    this.#open.add(node);
    try {
      return read();
    } finally {
      this.#open.delete(node);
    }
  }

  #alias(name: string, node: Node, path: Path, place: Place): unknown {
    const target = this.#anchors.get(name);
    const offset = node.range?.[0] ?? 0;
    if (++this.#aliases > MAX_ALIASES) {
      this.#exhausted = true;
      this.#report(
        offset,
        path,
        "TOO_LARGE",
        `the manifest expands more than ${MAX_ALIASES} aliases`,
        "write the values out",
      );
      return null;
    }
    if (target === undefined || this.#open.has(target)) {
      this.#report(offset, path, "SYNTAX", `alias *${name} names nothing that stands before it`, "write the value out");
      return null;
    }
    return this.value(target, path, place);
  }

  #map(items: readonly Pair<Node, Node | null>[], path: Path, place: Place): unknown {
    const result = Object.create(null) as Record<string, unknown>;
    for (const { key, value } of items) {
      const offset = key?.range?.[0] ?? place.value;
      const name = isScalar(key) ? keyText(key.value) : undefined;
      if (name === undefined) {
        this.#report(offset, path, "WRONG_TYPE", "a key is not text", "write a plain name");
        continue;
      }
      const at = [...path, name];
      if (place.children.has(name)) {
        this.#report(
          offset,
          at,
          "DUPLICATE_KEY",
          `${JSON.stringify(name)} stands here a second time`,
          "keep one of them",
        );
        continue;
      }
      if (name === "__proto__") {
        this.#report(offset, at, "INVALID_NAME", `"__proto__" cannot be a name`, "choose another");
        continue;
      }
      const child: Place = { key: offset, value: value?.range?.[0] ?? offset, children: new Map() };
      place.children.set(name, child);
      result[name] = this.value(value, at, child);
    }
    return result;
  }

  #sequence(items: readonly (Node | null)[], path: Path, place: Place): unknown {
    return items.map((item, index) => {
      const offset = item?.range?.[0] ?? place.value;
      const child: Place = { key: offset, value: offset, children: new Map() };
      place.children.set(index, child);
      return this.value(item, [...path, index], child);
    });
  }
}

/** A key as text: `on`, `2024` and the like are names too. */
function keyText(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? `${value}` : undefined;
}

function plainScalar(value: unknown): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}
