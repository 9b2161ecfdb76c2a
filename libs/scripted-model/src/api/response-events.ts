import type { ResponseOutputItem, ResponseStreamEvent } from "openai/resources/responses/responses";
import { spoken, tokensOf } from "./output-items.ts";

type WithoutNumber<Event> = Event extends unknown ? Omit<Event, "sequence_number"> : never;

/** A stream event that has not got its number yet. */
export type UnnumberedEvent = WithoutNumber<ResponseStreamEvent>;

/** An event, and how many tokens had to be generated before it. */
export interface TimedEvent {
  readonly event: UnnumberedEvent;
  readonly tokens: number;
}

const at = (event: UnnumberedEvent, tokens = 0): TimedEvent => ({ event, tokens });

/** The events between `response.in_progress` and the end, item by item, in the order in which OpenAI sends them. */
export function* itemEvents(items: readonly ResponseOutputItem[], chunkLength: number): Generator<TimedEvent> {
  for (const [output_index, item] of items.entries()) {
    yield at({ type: "response.output_item.added", output_index, item: begun(item) });
    yield* innerEvents(item, output_index, chunkLength);
    // A patch comes whole with its item; its tokens take their time all the same.
    yield at(
      { type: "response.output_item.done", output_index, item },
      item.type === "apply_patch_call" ? tokensOf(spoken(item)) : 0,
    );
  }
}

function* innerEvents(item: ResponseOutputItem, output_index: number, length: number): Generator<TimedEvent> {
  if (item.type === "message") {
    for (const [content_index, part] of item.content.entries()) {
      const place = { item_id: item.id, output_index, content_index };
      if (part.type !== "output_text") continue;
      yield at({ type: "response.content_part.added", ...place, part: { ...part, text: "" } });
      for (const delta of chunks(part.text, length)) {
        yield at({ type: "response.output_text.delta", ...place, delta, logprobs: [] }, tokensOf(delta));
      }
      yield at({ type: "response.output_text.done", ...place, text: part.text, logprobs: [] });
      yield at({ type: "response.content_part.done", ...place, part });
    }
  } else if (item.type === "function_call" && item.id !== undefined) {
    const place = { item_id: item.id, output_index };
    for (const delta of chunks(item.arguments, length)) {
      yield at({ type: "response.function_call_arguments.delta", ...place, delta }, tokensOf(delta));
    }
    yield at({ type: "response.function_call_arguments.done", ...place, arguments: item.arguments });
  } else if (item.type === "reasoning") {
    for (const [summary_index, part] of item.summary.entries()) {
      const place = { item_id: item.id, output_index, summary_index };
      yield at({ type: "response.reasoning_summary_part.added", ...place, part: { ...part, text: "" } });
      for (const delta of chunks(part.text, length)) {
        yield at({ type: "response.reasoning_summary_text.delta", ...place, delta }, tokensOf(delta));
      }
      yield at({ type: "response.reasoning_summary_text.done", ...place, text: part.text });
      yield at({ type: "response.reasoning_summary_part.done", ...place, part });
    }
  }
}

/** An item as it looks when the model begins to say it. */
function begun(item: ResponseOutputItem): ResponseOutputItem {
  if (item.type === "message") return { ...item, status: "in_progress", content: [] };
  if (item.type === "function_call") return { ...item, status: "in_progress", arguments: "" };
  if (item.type === "reasoning") return { ...item, summary: [] };
  if (item.type !== "apply_patch_call") return item;
  const operation = { ...item.operation, ...("diff" in item.operation ? { diff: "" } : {}) };
  return { ...item, status: "in_progress", operation };
}

/** Cuts text into pieces of at most `length` code units, never between the halves of a surrogate pair. */
export function* chunks(text: string, length: number): Generator<string> {
  let start = 0;
  while (start < text.length) {
    let end = Math.min(start + length, text.length);
    const last = text.charCodeAt(end - 1);
    if (end < text.length && last >= 0xd800 && last <= 0xdbff) end += 1;
    yield text.slice(start, end);
    start = end;
  }
}
