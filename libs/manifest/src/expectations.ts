import { inOrder } from "./in-order.ts";
import { detectMediaType, SAMPLE_BYTES, satisfiesMediaType } from "./media-type.ts";
import { dottedPath, type Problem, type ProblemReason } from "./problem.ts";
import type { Input } from "./schema/input.ts";
import type { ContentFile } from "./content-file.ts";

/** Problems of one kind that are spelled out. */
const MAX_SAME = 10;

/**
 * Checks what an input's files must be before an agent sees them: their media type by content, and whether they are
 * valid UTF-8. Reads each file at most once, in pieces.
 */
export async function checkInputExpectations(
  name: string,
  input: Input,
  files: readonly ContentFile[],
): Promise<Problem[]> {
  const { mediaTypes, utf8 } = input.expect;
  if (mediaTypes === undefined && !utf8) return [];
  const problems: Problem[] = [];
  for await (const { item: file, result } of inOrder(files, (one) => inspect(one, utf8))) {
    const { mediaType, invalidAt } = result;
    const report = (reason: ProblemReason, field: string, message: string, mend: string) =>
      problems.push({
        path: dottedPath(["spec", "inputs", name, "expect", field]),
        line: 0,
        column: 0,
        reason,
        message,
        mend,
      });
    if (mediaTypes !== undefined && !mediaTypes.some((expected) => satisfiesMediaType(mediaType, expected))) {
      const message = `${file.path} is ${mediaType} by its content, not ${mediaTypes.join(" or ")}`;
      report("INPUT_MEDIA_TYPE", "mediaTypes", message, "exclude it, or allow its type");
    }
    if (invalidAt !== undefined) {
      report("INPUT_NOT_UTF8", "utf8", `${file.path} is not UTF-8 near byte ${invalidAt}`, "convert it, or exclude it");
    }
    if (problems.length >= MAX_SAME) break;
  }
  return problems;
}

/** Media type of a file by its content. */
export async function mediaTypeOf(file: ContentFile): Promise<string> {
  return (await inspect(file, false)).mediaType;
}

interface Findings {
  readonly mediaType: string;
  /** Offset of the piece in which the first byte that is not UTF-8 stands. */
  readonly invalidAt: number | undefined;
}

async function inspect(file: ContentFile, whole: boolean): Promise<Findings> {
  const head: Uint8Array[] = [];
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let sampled = 0;
  let offset = 0;
  let invalidAt: number | undefined;
  for await (const piece of file.read()) {
    if (sampled < SAMPLE_BYTES) {
      head.push(piece);
      sampled += piece.length;
    }
    if (whole && invalidAt === undefined) invalidAt = faultOf(decoder, piece, offset);
    offset += piece.length;
    if (sampled >= SAMPLE_BYTES && (!whole || invalidAt !== undefined)) break;
  }
  if (whole && invalidAt === undefined) invalidAt = faultOf(decoder, undefined, offset);
  const complete = offset === sampled && sampled >= file.sizeBytes;
  return { mediaType: detectMediaType({ path: file.path, head: Buffer.concat(head), complete }), invalidAt };
}

/** The offset if the piece breaks UTF-8; without a piece, whether the text ended within a character. */
function faultOf(
  decoder: InstanceType<typeof TextDecoder>,
  piece: Uint8Array | undefined,
  offset: number,
): number | undefined {
  try {
    decoder.decode(piece, { stream: piece !== undefined });
    return undefined;
  } catch {
    return offset;
  }
}
