import type { Inbox, LogKey } from "@cofferdam/run-log";

/** Why the signal of a cancelled task aborted. */
export class Cancelled extends Error {
  override readonly name = "Cancelled";
  readonly commandId: string;
  readonly principal: string;

  constructor(commandId: string, principal: string, reason: string) {
    super(reason);
    this.commandId = commandId;
    this.principal = principal;
  }
}

/** Watches a task's inbox for a cancel, so that it reaches a command that is running. */
export function watchForCancel(inbox: Inbox, key: LogKey): { readonly signal: AbortSignal; close(): void } {
  const controller = new AbortController();
  const watch = inbox.watch(key, ({ id, command, principal, reason }) => {
    if (command === "cancel") controller.abort(new Cancelled(id, principal, reason));
  });
  return { signal: controller.signal, close: () => watch.close() };
}
