import { ScriptedModelError } from "../errors.ts";

interface Hunk {
  readonly anchors: readonly string[];
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/**
 * Applies a V4A diff to a text, as the hosted `apply_patch` tool wants it: creation when `original` is `undefined`.
 * Context must match exactly; a harness may be more lenient, a test should not.
 *
 * @throws ScriptedModelError `patch_rejected`
 */
export function applyV4a(original: string | undefined, diff: string): string {
  const lines = diff.split("\n");
  if (lines.at(-1) === "") lines.pop();
  if (original === undefined) return lines.map((line, index) => `${addedLine(line, index)}\n`).join("");
  const text = original.split("\n");
  let from = 0;
  for (const hunk of hunks(lines)) {
    for (const anchor of hunk.anchors) from = find(text, [anchor], from, anchor) + 1;
    const at = hunk.before.length === 0 ? from : find(text, hunk.before, from, hunk.before.join("\n"));
    text.splice(at, hunk.before.length, ...hunk.after);
    from = at + hunk.after.length;
  }
  return text.join("\n");
}

function addedLine(line: string, index: number): string {
  if (line.startsWith("+")) return line.slice(1);
  throw rejected(`line ${index + 1} of a creation does not begin with +`);
}

function* hunks(lines: readonly string[]): Generator<Hunk> {
  let anchors: string[] = [];
  let before: string[] = [];
  let after: string[] = [];
  const full = (): boolean => before.length + after.length > 0;
  for (const [index, line] of lines.entries()) {
    if (line === "*** End of File") continue;
    if (line.startsWith("@@")) {
      if (full()) {
        yield { anchors, before, after };
        [anchors, before, after] = [[], [], []];
      }
      const anchor = line.slice(2).trimStart();
      if (anchor !== "") anchors.push(anchor);
    } else if (line.startsWith("+")) after.push(line.slice(1));
    else if (line.startsWith("-")) before.push(line.slice(1));
    else if (line.startsWith(" ") || line === "") {
      before.push(line.slice(1));
      after.push(line.slice(1));
    } else throw rejected(`line ${index + 1} begins with neither space, +, - nor @@`);
  }
  if (full()) yield { anchors, before, after };
}

function find(text: readonly string[], wanted: readonly string[], from: number, shown: string): number {
  for (let at = from; at + wanted.length <= text.length; at += 1) {
    if (wanted.every((line, offset) => sameLine(text[at + offset], line, wanted.length === 1))) return at;
  }
  throw rejected(`this context is not in the file: ${JSON.stringify(shown.slice(0, 200))}`);
}

const sameLine = (have: string | undefined, want: string, anchor: boolean): boolean =>
  have === want || (anchor && have?.trim() === want.trim());

const rejected = (why: string): ScriptedModelError =>
  new ScriptedModelError({ code: "patch_rejected", message: `The patch does not apply: ${why}.` });
