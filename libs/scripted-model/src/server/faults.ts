import { ScriptedModelError } from "../errors.ts";

/** Something that goes wrong on purpose. Event numbers are sequence numbers of the stream. */
export type Fault =
  | { readonly kind: "drop"; readonly atEvent: number }
  | { readonly kind: "malformed"; readonly atEvent: number }
  | { readonly kind: "stall"; readonly atEvent: number; readonly ms: number }
  | { readonly kind: "delay"; readonly ms: number }
  | { readonly kind: "status"; readonly status: 429 | 500 | 503; readonly retryAfterSeconds: number };

/** A fault and the `POST /v1/responses` that it strikes, counted from 1 since the server started. */
export interface FaultRule {
  readonly from: number;
  readonly to: number;
  readonly fault: Fault;
}

/**
 * Reads a fault: `drop@5`, `malformed@5`, `stall@5=200ms`, `delay=200ms`, `status=429`, `status=429,retry-after=2`.
 *
 * @throws ScriptedModelError `invalid_request`
 */
export function parseFault(text: string): Fault {
  const atEvent = /^(drop|malformed)@(\d+)$/.exec(text);
  if (atEvent !== null) return { kind: atEvent[1] === "drop" ? "drop" : "malformed", atEvent: Number(atEvent[2]) };
  const stall = /^stall@(\d+)=(\d+)ms$/.exec(text);
  if (stall !== null) return { kind: "stall", atEvent: Number(stall[1]), ms: Number(stall[2]) };
  const delay = /^delay=(\d+)ms$/.exec(text);
  if (delay !== null) return { kind: "delay", ms: Number(delay[1]) };
  const status = /^status=(429|500|503)(?:,retry-after=(\d+))?$/.exec(text);
  if (status !== null) {
    const code = status[1] === "429" ? 429 : status[1] === "500" ? 500 : 503;
    return { kind: "status", status: code, retryAfterSeconds: Number(status[2] ?? 0) };
  }
  throw new ScriptedModelError({
    code: "invalid_request",
    message: `No fault is written '${text}'. Write drop@N, malformed@N, stall@N=MSms, delay=MSms or status=429|500|503[,retry-after=S].`,
  });
}

/**
 * Reads a rule: `3 drop@5` strikes the third request, `2-4 status=500` three of them, `5+ delay=50ms` all from the fifth.
 *
 * @throws ScriptedModelError `invalid_request`
 */
export function parseFaultRule(text: string): FaultRule {
  const match = /^(\d+)(?:-(\d+)|(\+))?\s+(\S+)$/.exec(text.trim());
  if (match === null) {
    throw new ScriptedModelError({
      code: "invalid_request",
      message: `No fault rule is written '${text}'. Write '<request> <fault>', for example '3 drop@5'.`,
    });
  }
  const from = Number(match[1]);
  const to = match[3] === "+" ? Number.POSITIVE_INFINITY : Number(match[2] ?? from);
  return { from, to, fault: parseFault(match[4] ?? "") };
}

/** The first rule that strikes this request. */
export const faultFor = (rules: readonly FaultRule[], request: number): Fault | undefined =>
  rules.find((rule) => rule.from <= request && request <= rule.to)?.fault;
