import type { events } from "@cofferdam/contracts";

export const noUsage: events.Usage = {
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  modelCalls: 0,
  toolCalls: 0,
};

/** The sum of two usages; an absent one counts nothing. */
export const addUsage = (a: events.Usage, b: events.Usage | undefined): events.Usage =>
  b === undefined
    ? a
    : {
        inputTokens: a.inputTokens + b.inputTokens,
        cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
        outputTokens: a.outputTokens + b.outputTokens,
        modelCalls: a.modelCalls + b.modelCalls,
        toolCalls: a.toolCalls + b.toolCalls,
      };
