import { createReadStream } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { basename } from "node:path";
import type { SelectedFile, Selection } from "./content-file.ts";
import { type FolderEntry, type NamedEntry, walkFolder } from "./folder-walk.ts";
import { inOrder } from "./in-order.ts";
import { InputProblems } from "./input-problems.ts";
import { type Located, locate } from "./located-file.ts";
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
  if (found.isFile()) {
    const entry = { kind: "file", path: basename(written), absolute: root } as const;
    return listing.take(entry, await locate(entry, root));
  }
  if (!found.isDirectory()) {
    return problems.add("INPUT_NOT_A_FILE", "from", `${written} is no folder and no file`, "name a folder or a file");
  }
  const entries = listing.relevant(walkFolder(root));
  for await (const { item, result } of inOrder(entries, (entry) => locate(entry, root))) {
    listing.take(item, result);
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

  /** Passes on the files that are selected; reports what is no file. */
  async *relevant(entries: AsyncIterable<FolderEntry>): AsyncGenerator<NamedEntry> {
    const problems = this.#problems;
    for await (const entry of entries) {
      if (entry.kind === "bound") problems.add("INPUT_TOO_MANY_FILES", "from", entry.message, "name a smaller folder");
      else if (entry.kind === "unreadable") problems.addUnreadable(entry.error, "from", entry.absolute);
      else if (entry.kind === "unnamed") {
        problems.add("INPUT_NAME", "from", `a name in ${JSON.stringify(entry.folder)} is not UTF-8`, "rename it");
      } else {
        this.met++;
        if (this.#selects(matchable(entry.path))) yield entry;
      }
    }
  }

  /** Takes a file, if its name, kind and size allow. */
  take({ path, absolute }: NamedEntry, located: Located): void {
    const problems = this.#problems;
    if ("error" in located) return problems.addUnreadable(located.error, "include", absolute);
    if ("refused" in located) return problems.add(located.refused, "include", `${path} ${located.why}`, "exclude it");
    if (/[\p{Cc}\\]/u.test(path)) {
      const message = `${JSON.stringify(path)} has a control character or a backslash in its name`;
      return problems.add("INPUT_NAME", "include", message, "rename it");
    }
    const { sizeBytes, absolutePath } = located;
    if (!this.#fits(path, sizeBytes)) return;
    this.files.push({ path, sizeBytes, absolutePath, read: () => createReadStream(absolutePath) });
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
