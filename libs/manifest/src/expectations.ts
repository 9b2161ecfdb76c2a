import type { ContentFile } from "./content-file.ts";
import { inOrder } from "./in-order.ts";
import { InputProblems } from "./input-problems.ts";
import { type Findings, inspectFile } from "./inspect-file.ts";
import { satisfiesMediaType } from "./media-type.ts";
import type { Problem } from "./problem.ts";
import type { Input } from "./schema/input.ts";

/** Problems after which reading on is of no use to anyone. */
const MAX_PROBLEMS = 50;

/**
 * Checks what an input's files must be before an agent sees them: their media type by content, whether they are valid
 * UTF-8, and whether they are the files whose digests are pinned (`pin.digests`; `pin.digest` is for whoever makes the
 * tree). Reads each file at most once, in pieces.
 */
export async function checkInputExpectations(
  name: string,
  input: Input,
  files: readonly ContentFile[],
): Promise<readonly Problem[]> {
  const problems = new InputProblems(name);
  const pinned = input.pin?.digests;
  if (pinned !== undefined) checkPinnedNames(pinned, files, problems);
  const { mediaTypes, utf8 } = input.expect;
  const wanted = { utf8, digest: pinned !== undefined };
  if (mediaTypes === undefined && !utf8 && pinned === undefined) return problems.list;
  const inspected = inOrder(files, (file) => inspect(file, wanted));
  for await (const { item: file, result } of inspected) {
    if ("error" in result) problems.addUnreadable(result.error, "include", file.path);
    else report(input, file.path, result, problems);
    if (problems.list.length >= MAX_PROBLEMS) break;
  }
  return problems.list;
}

async function inspect(file: ContentFile, wanted: { utf8: boolean; digest: boolean }) {
  try {
    return await inspectFile(file, wanted);
  } catch (error) {
    return { error };
  }
}

function report({ expect, pin }: Input, path: string, found: Findings, problems: InputProblems): void {
  const { mediaTypes } = expect;
  if (mediaTypes !== undefined && !mediaTypes.some((expected) => satisfiesMediaType(found.mediaType, expected))) {
    const message = `${path} is ${found.mediaType} by its content, not ${mediaTypes.join(" or ")}`;
    problems.add("INPUT_MEDIA_TYPE", "expect.mediaTypes", message, "exclude it, or allow its type");
  }
  if (found.invalidAt !== undefined) {
    const message = `${path} is not UTF-8 near byte ${found.invalidAt}`;
    problems.add("INPUT_NOT_UTF8", "expect.utf8", message, "convert it, or exclude it");
  }
  const pinned = pin?.digests ?? {};
  const digest = Object.hasOwn(pinned, path) ? pinned[path] : undefined;
  if (digest !== undefined && digest !== found.digest) {
    const message = `${path} has digest ${found.digest}, and ${digest} is pinned`;
    problems.add("INPUT_CHANGED", "pin.digests", message, "restore the pinned content, or pin what is there now");
  }
}

/** A pin names every file: one that came or went is a change as much as one that differs. */
function checkPinnedNames(
  pinned: Readonly<Record<string, string>>,
  files: readonly ContentFile[],
  problems: InputProblems,
): void {
  const selected = new Set(files.map(({ path }) => path));
  for (const path of Object.keys(pinned).filter((one) => !selected.has(one))) {
    problems.add("INPUT_CHANGED", "pin.digests", `${path} is pinned, and not selected`, "restore it, or drop its pin");
  }
  for (const path of [...selected].filter((one) => !Object.hasOwn(pinned, one))) {
    problems.add("INPUT_CHANGED", "pin.digests", `${path} is selected, and has no pin`, "exclude it, or pin it");
  }
}

/** Media type of a file by its content. */
export async function mediaTypeOf(file: ContentFile): Promise<string> {
  return (await inspectFile(file, { utf8: false, digest: false })).mediaType;
}
