import { ExitCode } from "@cofferdam/service/exit-code";
import type { Notice } from "./local/notice.ts";

/** Aborts at the first Ctrl-C (or SIGTERM), so that everything ends in order; the second one ends the process at once. */
export function onInterrupt(notice: Notice): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(ExitCode.INTERRUPTED);
      notice("stopping; once more stops at once");
      controller.abort();
    });
  }
  return controller.signal;
}
