/**
 * Glob patterns over paths, matched in time proportional to the product of both lengths at worst. Regular expressions made
 * from globs backtrack: one pattern of a manifest could hold the gateway for minutes.
 *
 * `*` and `?` stand for characters of one name, `**` as a whole name for any number of folders, `[a-z]` and `[!a-z]` for one
 * character, `{a,b}` for either text; every other character for itself. Names that start with a dot are like others.
 */
export interface Glob {
  readonly matches: (path: string) => boolean;
}

/** Texts that the braces of one pattern may stand for. */
export const MAX_ALTERNATIVES = 256;

/** What is wrong with a pattern. */
export class GlobError extends Error {
  override readonly name = "GlobError";
}

export function parseGlob(pattern: string): Glob {
  const alternatives = expandBraces(pattern).map((text) => text.split("/").map(parseName));
  return { matches: (path) => alternatives.some((names) => matchNames(names, path.split("/"))) };
}

/** A character, or what one may be; the star stands for any number of them. */
type Token = "*" | { readonly fits: (character: string) => boolean };
type Name = "**" | readonly Token[];

function parseName(text: string): Name {
  if (text === "**") return "**";
  const characters = Array.from(text);
  const tokens: Token[] = [];
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i] ?? "";
    if (character === "*") {
      if (tokens.at(-1) !== "*") tokens.push("*");
    } else if (character === "?") tokens.push({ fits: () => true });
    else if (character === "[") {
      const end = characters.indexOf("]", i + 2);
      if (end < 0) throw new GlobError("a [ is not closed");
      tokens.push(parseClass(characters.slice(i + 1, end)));
      i = end;
    } else tokens.push({ fits: (other) => other === character });
  }
  return tokens;
}

function parseClass(members: readonly string[]): Token {
  const negated = members[0] === "!" || members[0] === "^";
  const list = negated ? members.slice(1) : members;
  const ranges: [string, string][] = [];
  for (let i = 0; i < list.length; i++) {
    const from = list[i] ?? "";
    const to = list[i + 1] === "-" && i + 2 < list.length ? (list[i + 2] ?? from) : from;
    if (list[i + 1] === "-" && i + 2 < list.length) i += 2;
    ranges.push([from, to]);
  }
  return { fits: (character) => ranges.some(([from, to]) => from <= character && character <= to) !== negated };
}

/** Every text that the braces stand for. A brace without a comma or a partner stands for itself. */
function expandBraces(pattern: string): string[] {
  let texts = [""];
  for (let i = 0; i < pattern.length;) {
    const end = pattern[i] === "{" ? closing(pattern, i) : -1;
    const options = end < 0 ? [] : splitOptions(pattern.slice(i + 1, end));
    const step = options.length > 1 ? end + 1 : i + 1;
    const endings = options.length > 1 ? options.flatMap(expandBraces) : [pattern.slice(i, step)];
    if (texts.length * endings.length > MAX_ALTERNATIVES) {
      throw new GlobError(`its braces stand for more than ${MAX_ALTERNATIVES} texts`);
    }
    texts = texts.flatMap((text) => endings.map((ending) => text + ending));
    i = step;
  }
  return texts;
}

function closing(pattern: string, open: number): number {
  let depth = 0;
  for (let i = open; i < pattern.length; i++) {
    if (pattern[i] === "{") depth++;
    if (pattern[i] === "}" && --depth === 0) return i;
  }
  return -1;
}

function splitOptions(inner: string): string[] {
  const options = [""];
  let depth = 0;
  for (const character of inner) {
    if (character === "{") depth++;
    if (character === "}") depth--;
    if (character === "," && depth === 0) options.push("");
    else options[options.length - 1] += character;
  }
  return options;
}

const matchNames = (names: readonly Name[], path: readonly string[]): boolean =>
  matchStars(
    names,
    path,
    (name) => name === "**",
    (name, text) => name !== "**" && matchName(name, text),
  );

const matchName = (tokens: readonly Token[], text: string): boolean =>
  matchStars(
    tokens,
    Array.from(text),
    (token) => token === "*",
    (token, character) => token !== "*" && token.fits(character),
  );

/**
 * Whether items fit a pattern in which a star stands for any number of them. When something does not fit only the last
 * star needs to take more: what an earlier one might take, the last one can.
 */
function matchStars<P, I>(
  pattern: readonly P[],
  items: readonly I[],
  isStar: (part: P) => boolean,
  fits: (part: P, item: I) => boolean,
): boolean {
  let [p, i, star, taken] = [0, 0, -1, 0];
  while (i < items.length) {
    const part = pattern[p];
    if (part !== undefined && isStar(part)) {
      star = p++;
      taken = i;
    } else if (part !== undefined && fits(part, items[i] as I)) {
      p++;
      i++;
    } else if (star >= 0) {
      p = star + 1;
      i = ++taken;
    } else return false;
  }
  return pattern.slice(p).every(isStar);
}
