/** What `exec_command` answered, read from the text that models get. */
export interface ExecOutput {
  /** Six hexadecimal digits that name this piece of output. */
  readonly chunkId: string;
  readonly wallTimeSeconds: number;
  /** `null` while the process still runs. */
  readonly exitCode: number | null;
  /** Set while the process still runs. */
  readonly sessionId: number | null;
  /** Set when head and tail were kept and the middle was cut. */
  readonly originalTokenCount: number | null;
  readonly output: string;
}

const MARK = "\nOutput:\n";

/**
 * Reads the result text of `exec_command`; `undefined` when the text is something else (a refusal, say).
 *
 * @example
 * parseExecOutput("Chunk ID: 2e4c83\nWall time: 0.0410 seconds\nProcess exited with code 0\nOutput:\nhi\n")?.output // "hi\n"
 */
export function parseExecOutput(text: string): ExecOutput | undefined {
  const at = text.indexOf(MARK);
  const head =
    at >= 0 ? text.slice(0, at) : text.endsWith("\nOutput:") ? text.slice(0, -"\nOutput:".length) : undefined;
  if (head === undefined) return undefined;
  const fields = head.split("\n");
  const find = (pattern: RegExp): string | undefined =>
    fields.map((line) => pattern.exec(line)?.[1]).find((found) => found !== undefined);
  const exitCode = find(/^Process exited with code (-?\d+)$/);
  const sessionId = find(/^Process running with session ID (\d+)$/);
  const wallTime = find(/^Wall time: (\d+(?:\.\d+)?) seconds$/);
  if (wallTime === undefined || (exitCode === undefined && sessionId === undefined)) return undefined;
  const tokens = find(/^Original token count: (\d+)$/);
  return {
    chunkId: find(/^Chunk ID: ([0-9a-f]+)$/) ?? "",
    wallTimeSeconds: Number(wallTime),
    exitCode: exitCode === undefined ? null : Number(exitCode),
    sessionId: sessionId === undefined ? null : Number(sessionId),
    originalTokenCount: tokens === undefined ? null : Number(tokens),
    output: at >= 0 ? text.slice(at + MARK.length) : "",
  };
}

/** The inverse of {@link parseExecOutput}: the text as models are tuned on it. */
export function renderExecOutput(result: ExecOutput): string {
  return [
    `Chunk ID: ${result.chunkId}`,
    `Wall time: ${result.wallTimeSeconds.toFixed(4)} seconds`,
    ...(result.exitCode === null ? [] : [`Process exited with code ${result.exitCode}`]),
    ...(result.sessionId === null ? [] : [`Process running with session ID ${result.sessionId}`]),
    ...(result.originalTokenCount === null ? [] : [`Original token count: ${result.originalTokenCount}`]),
    "Output:",
    result.output,
  ].join("\n");
}
