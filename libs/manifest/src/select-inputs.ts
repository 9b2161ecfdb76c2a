import { createReadStream } from "node:fs";
import { constants, open, realpath, stat } from "node:fs/promises";
import { basename } from "node:path";
import type { SelectedFile, Selection } from "./content-file.ts";
import { type FolderEntry, walkFolder } from "./folder-walk.ts";
import { InputProblems } from "./input-problems.ts";
import { locationPath } from "./location.ts";
import { createSelector } from "./pattern.ts";
import { isWithin } from "./relative-path.ts";
import type { Input } from "./schema/input.ts";
import { describeSize } from "./units.ts";

/**
 * Lists the files that an input selects, from metadata alone: nothing is read, so that a file beyond its limit costs
 * nothing. Links are followed only to files inside the input's own folder.
 *
 * @param baseDir Absolute folder of the manifest.
 */
export async function selectInputs(baseDir: string, name: string, input: Input): Promise<Selection> {
  const problems = new InputProblems(name);
  const listing = new Listing(input, problems);
  const written = locationPath(input.from, baseDir);
  try {
    await listFrom(listing, written, input.from.absolute ? "/" : await realpath(baseDir), problems);
  } catch (error) {
    problems.addUnreadable(error, "from", written);
  }
  checkCount(listing, input, written, problems);
  if (problems.list.length > 0) return { files: [], sizeBytes: 0, problems: problems.list };
  const files = listing.files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  return { files, sizeBytes: listing.sizeBytes, problems: [] };
}

/** Lists a folder or a single file, which must be below `bound`. */
async function listFrom(listing: Listing, written: string, bound: string, problems: InputProblems): Promise<void> {
  const root = await realpath(written);
  if (bound !== "/" && !isWithin(root, bound)) {
    const mend = "copy the files, or write an absolute file:///path";
    return problems.add("INPUT_LINK_ESCAPES", "from", `${written} leads out of the manifest's folder`, mend);
  }
  const found = await stat(root);
  if (found.isFile()) return listing.take(basename(written), root);
  if (!found.isDirectory()) {
    return problems.add("INPUT_NOT_A_FILE", "from", `${written} is no folder and no file`, "name a folder or a file");
  }
  for await (const entry of walkFolder(root)) {
    await listing.meet(entry, root);
    if (listing.full) return;
  }
}

function checkCount({ files, met }: Listing, input: Input, written: string, problems: InputProblems): void {
  const { minFiles } = input.expect;
  if (problems.list.length > 0 || files.length >= minFiles) return;
  const mend = "check `from`, `include` and `exclude`";
  if (files.length === 0) {
    const message = `none of the ${met} files of ${written} is selected by ${input.include.join(", ")}`;
    return problems.add("INPUT_EMPTY", "include", message, mend);
  }
  const message = `${files.length} files are selected, and at least ${minFiles} are expected`;
  problems.add("INPUT_EMPTY", "expect.minFiles", message, mend);
}

/** Files taken so far, within the input's limits. */
class Listing {
  readonly files: SelectedFile[] = [];
  sizeBytes = 0;
  /** Files that were looked at, selected or not. */
  met = 0;
  /** A limit is passed: going on would only cost time. */
  full = false;
  readonly #input: Input;
  readonly #problems: InputProblems;
  readonly #selects: (path: string) => boolean;

  constructor(input: Input, problems: InputProblems) {
    this.#input = input;
    this.#problems = problems;
    this.#selects = createSelector(input.include, input.exclude);
  }

  async meet(entry: FolderEntry, root: string): Promise<void> {
    const problems = this.#problems;
    if (entry.kind === "bound")
      return problems.add("INPUT_TOO_MANY_FILES", "from", entry.message, "name a smaller folder");
    if (entry.kind === "unreadable") return problems.addUnreadable(entry.error, "from", entry.absolute);
    if (entry.kind === "unnamed") {
      return problems.add("INPUT_NAME", "from", `a name in ${JSON.stringify(entry.folder)} is not UTF-8`, "rename it");
    }
    this.met++;
    if (!this.#selects(matchable(entry.path))) return;
    if (entry.kind === "file") return this.take(entry.path, entry.absolute);
    if (entry.kind === "link") return this.#follow(entry.path, entry.absolute, root);
    problems.add("INPUT_NOT_A_FILE", "include", `${entry.path} is a pipe, socket or device`, "exclude it");
  }

  async #follow(path: string, absolute: string, root: string): Promise<void> {
    try {
      const target = await realpath(absolute);
      if (!isWithin(target, root)) {
        const message = `${path} is a link that leads out of the input`;
        return this.#problems.add("INPUT_LINK_ESCAPES", "include", message, "exclude it, or copy the file");
      }
      if ((await stat(target)).isFile()) return await this.take(path, target);
      const message = `${path} is a link to a folder`;
      this.#problems.add("INPUT_NOT_A_FILE", "include", message, "exclude it; the folder itself is listed");
    } catch (error) {
      this.#problems.addUnreadable(error, "include", absolute);
    }
  }

  /** Takes a file whose bytes are at `absolute`, if its name and size allow. */
  async take(path: string, absolute: string): Promise<void> {
    if (/[\p{Cc}\\]/u.test(path)) {
      const message = `${JSON.stringify(path)} has a control character or a backslash in its name`;
      return this.#problems.add("INPUT_NAME", "include", message, "rename it");
    }
    try {
      const sizeBytes = await sizeOfReadable(absolute);
      if (this.#fits(path, sizeBytes)) {
        this.files.push({ path, sizeBytes, absolutePath: absolute, read: () => createReadStream(absolute) });
      }
    } catch (error) {
      this.#problems.addUnreadable(error, "include", absolute);
    }
  }

  #fits(path: string, sizeBytes: number): boolean {
    const { files, bytes, fileBytes } = this.#input.limits;
    if (sizeBytes > fileBytes) {
      const message = `file ${path} has ${describeSize(sizeBytes)}, and the limit is ${describeSize(fileBytes)}`;
      const mend = "raise limits.fileBytes, or leave the file out";
      this.#problems.add("INPUT_FILE_TOO_LARGE", "limits.fileBytes", message, mend);
      return false;
    }
    this.sizeBytes += sizeBytes;
    if (this.sizeBytes > bytes) {
      const message = `with ${path} the files have ${describeSize(this.sizeBytes)}, and the limit is ${describeSize(bytes)}`;
      this.#problems.add("INPUT_TOO_LARGE", "limits.bytes", message, "raise limits.bytes, or select fewer files");
      this.full = true;
    } else if (this.files.length >= files) {
      const message = `more than ${files} files are selected`;
      this.#problems.add("INPUT_TOO_MANY_FILES", "limits.files", message, "raise limits.files, or select fewer");
      this.full = true;
    }
    return !this.full;
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
