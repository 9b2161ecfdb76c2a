import type { ResponseOutputItem, ResponseUsage } from "openai/resources/responses/responses";
import { canonicalJson } from "../api/json.ts";
import type { ModelRequest } from "../api/request.ts";
import { usageOf } from "../api/output-items.ts";
import { ScriptedModelError } from "../errors.ts";
import type { AnswerSource, PreparedAnswer } from "../server/answer-source.ts";
import { SCRIPT_PREFIX } from "../server/script-loader.ts";
import { type Asked, type TapeEntry, tapeDigest, withoutClock } from "./tape.ts";

/** Answers as recorded. The same request recorded several times is answered in that order; the last answer stays. */
export class TapeSource implements AnswerSource {
  readonly #entries: readonly TapeEntry[];
  readonly #served = new Map<string, number>();

  constructor(entries: readonly TapeEntry[]) {
    this.#entries = entries;
  }

  models(): readonly string[] {
    return [...new Set(this.#entries.map((entry) => entry.request.model))].map(replayedName);
  }

  /** @throws ScriptedModelError `tape_miss` saying how the request differs from the nearest recorded one */
  async prepare(asked: ModelRequest): Promise<PreparedAnswer> {
    // Whoever records where answers come from asks for the model under the name that says so.
    const request = { ...asked, model: recordedName(asked.model) };
    const digest = tapeDigest(request);
    const recorded = this.#entries.filter((entry) => entry.digest === digest);
    const served = this.#served.get(digest) ?? 0;
    const entry = recorded[Math.min(served, recorded.length - 1)];
    if (entry === undefined) throw this.#miss(request, digest);
    this.#served.set(digest, served + 1);
    // Recorded from the provider, so it is what the provider's types say.
    const output = entry.response["output"] as readonly ResponseOutputItem[];
    const usage = (entry.response["usage"] ?? usageOf(request, output)) as ResponseUsage;
    return { modelName: replayedName(entry.request.model), generate: () => Promise.resolve({ output, usage }) };
  }

  #miss(request: ModelRequest, digest: string): ScriptedModelError {
    const ranked = this.#entries
      .map((entry) => ({ entry, agree: agreeing(entry.request, request) }))
      .sort((a, b) => b.agree - a.agree);
    const nearest = ranked[0];
    const how =
      nearest === undefined ? "The tape is empty." : difference(nearest.entry.request, request, nearest.agree);
    return new ScriptedModelError({
      code: "tape_miss",
      message: `The tape has no answer to this request (digest ${digest.slice(0, 16)}). ${how} Record it again.`,
    });
  }
}

const TAPE_PREFIX = `${SCRIPT_PREFIX}tape/`;
const replayedName = (model: string): string => `${TAPE_PREFIX}${model}`;
const recordedName = (model: string): string =>
  model.startsWith(TAPE_PREFIX) ? model.slice(TAPE_PREFIX.length) : model;

const same = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);

/** How many input items agree from the start; -1 when the rest of the request differs already. */
function agreeing(recorded: Asked, asked: Asked): number {
  if (differingField(recorded, asked) !== undefined) return -1;
  const first = recorded.input.findIndex((item, index) => !sameItem(item, asked.input[index]));
  return first < 0 ? recorded.input.length : first;
}

const sameItem = (a: Asked["input"][number], b: Asked["input"][number] | undefined): boolean =>
  b !== undefined && same(withoutClock(a), withoutClock(b));

const differingField = (a: Asked, b: Asked): string | undefined =>
  (["model", "instructions", "tools"] as const).find((field) => !same(a[field], b[field]));

function difference(recorded: Asked, asked: Asked, agree: number): string {
  const field = differingField(recorded, asked);
  if (field !== undefined) return `The nearest recorded request differs in '${field}'.`;
  return `The nearest recorded request agrees in ${agree} of ${asked.input.length} input items and differs from input[${agree}] on.`;
}
