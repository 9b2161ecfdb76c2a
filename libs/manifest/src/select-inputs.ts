import { createReadStream } from "node:fs";
import { constants, open, opendir, realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { TextDecoder } from "node:util";
import { systemCode } from "./file-error.ts";
import { locationPath } from "./location.ts";
import { createSelector } from "./pattern.ts";
import { dottedPath, type Problem, type ProblemReason } from "./problem.ts";
import { isWithin } from "./relative-path.ts";
import type { Input } from "./schema/input.ts";
import { describeSize } from "./units.ts";

/** A file that content can be read from, wherever it is kept. */
export interface ContentFile {
  /** Relative to its root, with forward slashes. */
  readonly path: string;
  readonly sizeBytes: number;
  /** The bytes from the first on; each call reads anew. */
  read(): AsyncIterable<Uint8Array>;
}

export interface SelectedFile extends ContentFile {
  /** Where the bytes are on this machine: absolute, without links. */
  readonly absolutePath: string;
}

export interface Selection {
  /** Sorted by the bytes of the path. Empty where there are problems. */
  readonly files: readonly SelectedFile[];
  readonly sizeBytes: number;
  /** Problems of the selection, at `spec.inputs.<name>…`; their place in the text is 0. */
  readonly problems: readonly Problem[];
}

/** Deepest folder that is listed, and most entries that are looked at, selected or not. */
const MAX_DEPTH = 64;
const MAX_ENTRIES = 4_000_000;
/** Problems of one kind that are spelled out. */
const MAX_SAME = 10;

/**
 * Lists the files that an input selects, from metadata alone: nothing is read, so that a file beyond its limit costs
 * nothing. Links are followed only to files inside the input's own folder.
 *
 * @param baseDir Absolute folder of the manifest.
 */
export async function selectInputs(baseDir: string, name: string, input: Input): Promise<Selection> {
  const listing = new Listing(baseDir, name, input);
  await listing.run();
  return listing.selection();
}

type Entry = { readonly path: string; readonly absolute: string };

class Listing {
  readonly #input: Input;
  readonly #name: string;
  readonly #baseDir: string;
  readonly #selects: (path: string) => boolean;
  readonly #files: SelectedFile[] = [];
  readonly #problems: Problem[] = [];
  readonly #counts = new Map<ProblemReason, number>();
  #root = "";
  #entries = 0;
  #sizeBytes = 0;
  #stopped = false;

  constructor(baseDir: string, name: string, input: Input) {
    this.#baseDir = baseDir;
    this.#name = name;
    this.#input = input;
    this.#selects = createSelector(input.include, input.exclude);
  }

  selection(): Selection {
    if (this.#problems.length > 0) return { files: [], sizeBytes: 0, problems: this.#problems };
    const files = this.#files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
    return { files, sizeBytes: this.#sizeBytes, problems: [] };
  }

  async run(): Promise<void> {
    const written = locationPath(this.#input.from, this.#baseDir);
    try {
      this.#root = await realpath(written);
      const base = await realpath(this.#baseDir);
      if (!this.#input.from.absolute && !isWithin(this.#root, base)) {
        return this.#report(
          "INPUT_LINK_ESCAPES",
          "from",
          `${written} leads out of the manifest's folder`,
          "copy the files, or write an absolute file:///path",
        );
      }
      const found = await stat(this.#root);
      if (found.isFile()) await this.#file({ path: basename(written), absolute: this.#root });
      else if (found.isDirectory()) await this.#folder("", this.#root, 0);
      else
        this.#report(
          "INPUT_NOT_A_FILE",
          "from",
          `${written} is neither a folder nor a file`,
          "name a folder or a file",
        );
    } catch (error) {
      this.#unreadable(error, "from", written);
    }
    this.#checkCount(written);
  }

  #checkCount(written: string): void {
    const { minFiles } = this.#input.expect;
    if (this.#problems.length > 0 || this.#files.length >= Math.max(1, minFiles)) return;
    const patterns = this.#input.include.join(", ");
    const message =
      this.#files.length === 0
        ? `none of the ${this.#entries} entries of ${written} is selected by ${patterns}`
        : `${this.#files.length} files are selected, and at least ${minFiles} are expected`;
    if (this.#files.length === 0 && minFiles === 0) return;
    this.#report(
      "INPUT_EMPTY",
      this.#files.length === 0 ? "include" : "expect.minFiles",
      message,
      "check `from`, `include` and `exclude`",
    );
  }

  async #folder(path: string, absolute: string, depth: number): Promise<void> {
    if (depth > MAX_DEPTH)
      return this.#report(
        "INPUT_TOO_MANY_FILES",
        "from",
        `${absolute} is nested deeper than ${MAX_DEPTH} folders`,
        "name a folder further down",
      );
    const folders: Entry[] = [];
    const directory = await opendir(absolute, { encoding: "buffer" as BufferEncoding });
    for await (const entry of directory) {
      if (this.#stopped) return;
      if (++this.#entries > MAX_ENTRIES)
        return this.#stop(
          "INPUT_TOO_MANY_FILES",
          "from",
          `${absolute} has more than ${MAX_ENTRIES} entries`,
          "name a smaller folder",
        );
      const name = decodeName(entry.name as unknown as Buffer);
      if (name === undefined) {
        this.#report(
          "INPUT_NAME",
          "from",
          `a name in ${JSON.stringify(path === "" ? "." : path)} is not UTF-8`,
          "rename the file",
        );
        continue;
      }
      const child = { path: path === "" ? name : `${path}/${name}`, absolute: join(absolute, name) };
      if (entry.isDirectory()) folders.push(child);
      else if (!this.#selects(matchable(child.path))) continue;
      else if (entry.isSymbolicLink()) await this.#link(child);
      else if (entry.isFile()) await this.#file(child);
      else this.#report("INPUT_NOT_A_FILE", "include", `${child.path} is a pipe, socket or device`, "exclude it");
    }
    for (const folder of folders) {
      try {
        await this.#folder(folder.path, folder.absolute, depth + 1);
      } catch (error) {
        this.#unreadable(error, "from", folder.absolute);
      }
    }
  }

  async #link({ path, absolute }: Entry): Promise<void> {
    try {
      const target = await realpath(absolute);
      if (!isWithin(target, this.#root))
        return this.#report(
          "INPUT_LINK_ESCAPES",
          "include",
          `${path} is a link that leads out of the input`,
          "exclude it, or copy the file",
        );
      if (!(await stat(target)).isFile())
        return this.#report(
          "INPUT_NOT_A_FILE",
          "include",
          `${path} is a link to a folder`,
          "exclude it; the folder itself is listed",
        );
      await this.#file({ path, absolute: target });
    } catch (error) {
      this.#unreadable(error, "include", absolute);
    }
  }

  async #file({ path, absolute }: Entry): Promise<void> {
    if (/[\p{Cc}\\]/u.test(path))
      return this.#report(
        "INPUT_NAME",
        "include",
        `${JSON.stringify(path)} has a control character or a backslash in its name`,
        "rename it",
      );
    const { limits } = this.#input;
    try {
      const size = await sizeOfReadable(absolute);
      if (size > limits.fileBytes)
        return this.#tooLarge(
          "INPUT_FILE_TOO_LARGE",
          "limits.fileBytes",
          `file ${path} has ${describeSize(size)}`,
          limits.fileBytes,
        );
      this.#sizeBytes += size;
      if (this.#sizeBytes > limits.bytes)
        return this.#stopTooLarge(`the files have at least ${describeSize(this.#sizeBytes)}; ${path} passes the limit`);
      if (this.#files.length >= limits.files)
        return this.#stop(
          "INPUT_TOO_MANY_FILES",
          "limits.files",
          `more than ${limits.files} files are selected`,
          "raise limits.files, or select fewer",
        );
      this.#files.push({ path, sizeBytes: size, absolutePath: absolute, read: () => createReadStream(absolute) });
    } catch (error) {
      this.#unreadable(error, "include", absolute);
    }
  }

  #tooLarge(reason: ProblemReason, field: string, what: string, limit: number): void {
    this.#report(
      reason,
      field,
      `${what}, and the limit is ${describeSize(limit)}`,
      `raise ${field}, or leave the file out`,
    );
  }

  #stopTooLarge(what: string): void {
    this.#stopped = true;
    this.#tooLarge("INPUT_TOO_LARGE", "limits.bytes", what, this.#input.limits.bytes);
  }

  #stop(reason: ProblemReason, field: string, message: string, mend: string): void {
    this.#stopped = true;
    this.#report(reason, field, message, mend);
  }

  #unreadable(error: unknown, field: string, path: string): void {
    const code = systemCode(error);
    if (code === undefined) throw error;
    if (code === "ENOENT" || code === "ENOTDIR")
      return this.#report("INPUT_MISSING", field, `there is no ${path}`, "create it, or correct the path");
    const why = code === "EACCES" || code === "EPERM" ? "permission denied" : code;
    this.#report("INPUT_UNREADABLE", field, `${path} cannot be read: ${why}`, "let the harness read it");
  }

  #report(reason: ProblemReason, field: string, message: string, mend: string): void {
    const n = (this.#counts.get(reason) ?? 0) + 1;
    this.#counts.set(reason, n);
    if (n > MAX_SAME) return;
    const path = dottedPath(["spec", "inputs", this.#name, ...field.split(".")]);
    const more = n === MAX_SAME ? " (and perhaps more)" : "";
    this.#problems.push({ path, line: 0, column: 0, reason, message: message + more, mend });
  }
}

function decodeName(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Patterns know no control characters; a name that holds one is selected as if it held an underscore, and refused. */
const matchable = (path: string): string => path.replaceAll(/\p{Cc}/gu, "_");

/** Opens the file, since only that tells whether it may be read, and reads nothing. */
async function sizeOfReadable(path: string): Promise<number> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return (await handle.stat()).size;
  } finally {
    await handle.close();
  }
}
