import type { Readable } from "node:stream";

/** What bubblewrap says of itself (`--json-status-fd`). */
export interface Status {
  /** Process 1 of the sandbox, as the host sees it. */
  readonly childPid?: number;
  /** Present only if the command was really started. */
  readonly exitCode?: number;
}

/** Reads one line of JSON. Anything unexpected says nothing. */
export function parseStatus(line: string): Status {
  const value: unknown = JSON.parse(line);
  if (typeof value !== "object" || value === null) return {};
  const pid = "child-pid" in value ? value["child-pid"] : undefined;
  const code = "exit-code" in value ? value["exit-code"] : undefined;
  return {
    ...(typeof pid === "number" ? { childPid: pid } : {}),
    ...(typeof code === "number" ? { exitCode: code } : {}),
  };
}

/** Calls back for each status as it arrives; resolves at the end. */
export async function readStatus(stream: Readable, onStatus: (status: Status) => void): Promise<void> {
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") onStatus(parseStatus(line));
  }
}

const MAX_RESULT_BYTES = 16;

/** Reads the exit code that process 1 reports last; undefined if it never came to that. */
export async function readResult(stream: Readable): Promise<number | undefined> {
  let text = "";
  for await (const chunk of stream) if (text.length < MAX_RESULT_BYTES) text += String(chunk);
  return /^\d{1,3}\n$/.test(text) ? Number(text) : undefined;
}
