import { setTimeout as wait } from "node:timers/promises";

/** How fast the model pretends to be. */
export interface Latency {
  /** Until the first token, milliseconds; default 0. */
  readonly firstTokenMs?: number;
  /** Default: as fast as it goes. */
  readonly tokensPerSecond?: number;
}

const FAST_CHUNK = 256;
/** About eight tokens. */
const PACED_CHUNK = 32;

/** Length of a delta in UTF-16 code units. */
export const chunkLength = (latency: Latency): number =>
  latency.tokensPerSecond === undefined ? FAST_CHUNK : PACED_CHUNK;

/** Waits for as long as these tokens take. Rejects when the signal is aborted. */
export async function pace(latency: Latency, tokens: number, signal: AbortSignal): Promise<void> {
  if (latency.tokensPerSecond === undefined || tokens === 0) return;
  await wait((tokens / latency.tokensPerSecond) * 1000, undefined, { signal });
}

export async function beforeFirstToken(latency: Latency, signal: AbortSignal): Promise<void> {
  if ((latency.firstTokenMs ?? 0) > 0) await wait(latency.firstTokenMs, undefined, { signal });
}
