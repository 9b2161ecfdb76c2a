import type { sandbox } from "@cofferdam/contracts";
import type { Execution } from "@cofferdam/sandbox-provider";

/** Passes on what a caller sends after the start, paced by the command's reading. The end of the requests closes input. */
export async function feedInput(requests: AsyncIterator<sandbox.ExecRequest>, execution: Execution): Promise<void> {
  const { stdin } = execution;
  try {
    for (let next = await requests.next(); !next.done; next = await requests.next()) {
      const { request } = next.value;
      switch (request?.$case) {
        case "stdin":
          if (stdin.writable && !stdin.write(request.value)) await drained(execution);
          break;
        case "closeStdin":
          stdin.end();
          break;
        case "signal":
          if (request.value > 0 && request.value <= 64) execution.signal(request.value);
          break;
        case "start":
        case undefined:
          break;
      }
    }
    stdin.end();
  } catch {
    // The caller went away. The command goes on with an open input: a repeated request may attach and continue it.
  }
}

function drained({ stdin, ended }: Execution): Promise<unknown> {
  const drain = new Promise<void>((resolve) => stdin.once("drain", resolve).once("close", resolve));
  return Promise.race([drain, ended.catch(() => undefined)]);
}
