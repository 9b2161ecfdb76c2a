import { SetupError } from "../setup-error.ts";

/** Files of an npm package's tarball, taken as data: nothing of the package is installed or run. */
export interface PackagedData {
  readonly package: string;
  readonly version: string;
  /** `sha512-<base64>` of the tarball, as `npm view <package>@<version> dist.integrity` prints it. */
  readonly integrity: string;
  /** Globs over the package's files. */
  readonly files: readonly string[];
  /** Folder of the example that gets the files, flat, by their base names. */
  readonly into: string;
}

/** Files that may be there beside the checkout; where they are not, the example does without. */
export interface OptionalData {
  /** Folder or file, relative to the checkout. */
  readonly optionalPath: string;
  readonly into: string;
}

/** One entry of an example's `data.json`. */
export type DataSource = PackagedData | OptionalData;

/** Reads `data.json`; throws DATA_PACK_INVALID with every problem. */
export function parseDataSources(text: string, file: string): DataSource[] {
  const problems: string[] = [];
  const sources = list(parseJson(text, file), "the file", problems).flatMap((entry, at) => {
    const source = parseSource(entry, `[${at}]`, problems);
    return source === undefined ? [] : [source];
  });
  if (problems.length === 0) return sources;
  throw new SetupError("DATA_PACK_INVALID", `reading ${file}: ${problems.join("; ")}`, `correct ${file}`);
}

function parseSource(entry: unknown, at: string, problems: string[]): DataSource | undefined {
  if (typeof entry !== "object" || entry === null) {
    problems.push(`${at} is no object`);
    return undefined;
  }
  const fields = new Map<string, unknown>(Object.entries(entry));
  const text = (name: string): string => {
    const value = fields.get(name);
    if (typeof value === "string" && value !== "") return value;
    problems.push(`${at}.${name} must be a string`);
    return "";
  };
  const into = text("into");
  // It is a path below the example, whatever the machine: no way up, no root, no drive.
  if (into.split("/").some((part) => part === "" || part === "." || part === "..") || into.includes("\\")) {
    problems.push(`${at}.into must be a folder below the example, such as data/records`);
  }
  if (fields.has("optionalPath")) return { optionalPath: text("optionalPath"), into };
  const integrity = text("integrity");
  if (!/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity)) problems.push(`${at}.integrity must be sha512-<base64>`);
  const version = text("version");
  if (!/^\d+\.\d+\.\d+/.test(version)) problems.push(`${at}.version must be one exact version`);
  const files = list(fields.get("files"), `${at}.files`, problems).map((glob, i) => {
    if (typeof glob !== "string" || glob === "") problems.push(`${at}.files[${i}] must be a glob`);
    return String(glob);
  });
  if (files.length === 0) problems.push(`${at}.files names no file`);
  return { package: text("package"), version, integrity, files, into };
}

function list(value: unknown, at: string, problems: string[]): unknown[] {
  if (Array.isArray(value)) return value;
  problems.push(`${at} must be a list`);
  return [];
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new SetupError("DATA_PACK_INVALID", `reading ${file}: ${said}`, `correct ${file}`, error);
  }
}
