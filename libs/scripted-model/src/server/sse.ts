import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import type { ResponseStreamEvent } from "openai/resources/responses/responses";
import type { Fault } from "./faults.ts";

/** Writes events as server-sent events, waiting for slow readers. True when all of them went out. */
export async function writeEvents(
  reply: ServerResponse,
  events: AsyncIterable<ResponseStreamEvent>,
  fault: Fault | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  reply.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" });
  reply.flushHeaders();
  for await (const event of events) {
    const struck =
      fault !== undefined && "atEvent" in fault && fault.atEvent === event.sequence_number ? fault : undefined;
    if (struck?.kind === "drop") {
      // What was written before must arrive: the fault is at this event, not at an earlier one.
      await new Promise<void>((written) => reply.write(": dropped\n\n", () => written()));
      reply.destroy();
      return false;
    }
    if (struck?.kind === "stall") await wait(struck.ms);
    const data = JSON.stringify(event);
    const text = struck?.kind === "malformed" ? data.slice(0, data.length / 2) : data;
    if (signal.aborted) return false;
    if (!reply.write(`event: ${event.type}\ndata: ${text}\n\n`)) {
      await Promise.race([once(reply, "drain"), once(reply, "close")]);
    }
  }
  if (signal.aborted) return false;
  reply.end();
  return true;
}
