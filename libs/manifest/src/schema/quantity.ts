import { z } from "zod";
import type { Limit } from "../limits.ts";
import type { ProblemReason } from "../problem.ts";
import { formatDuration, formatSize, type Parsed, parseCount, parseDuration, parseSize } from "../units.ts";
import { type Refusal, refuse } from "./refusal.ts";

/** Refuses a number beyond its limits; `show` writes numbers as the manifest does. */
export function outOfRange(value: number, limit: Limit, show: (value: number) => string): Refusal | undefined {
  if (value >= limit.min && value <= limit.max) return undefined;
  const bound =
    value < limit.min ? `less than the least, ${show(limit.min)}` : `more than the most, ${show(limit.max)}`;
  return {
    reason: "OUT_OF_RANGE",
    message: `${show(value)} is ${bound}`,
    mend: `choose between ${show(limit.min)} and ${show(limit.max)}`,
  };
}

interface Quantity {
  readonly parse: (value: string | number) => Parsed;
  readonly show: (value: number) => string;
  readonly reason: ProblemReason;
  readonly mend: string;
}

const textOrNumber = () => z.union([z.string(), z.number()]);

const bounded = (quantity: Quantity, limit: Limit, description: string) =>
  textOrNumber()
    .meta({
      description: `${description} Default ${quantity.show(limit.initial)}, at most ${quantity.show(limit.max)}.`,
    })
    .transform((text, ctx) => {
      const parsed = quantity.parse(text);
      if (!parsed.ok) {
        refuse(ctx, { reason: quantity.reason, message: parsed.message, mend: quantity.mend });
        return z.NEVER;
      }
      const refusal = outOfRange(parsed.value, limit, quantity.show);
      if (refusal !== undefined) refuse(ctx, refusal);
      return parsed.value;
    });

/** A size in bytes. */
export const size = (limit: Limit, description: string) =>
  bounded(
    { parse: parseSize, show: formatSize, reason: "INVALID_SIZE", mend: "write a size such as 20MiB or 4GiB" },
    limit,
    description,
  );

/** A duration in milliseconds. */
export const duration = (limit: Limit, description: string) =>
  bounded(
    {
      parse: (value) => parseDuration(String(value)),
      show: formatDuration,
      reason: "INVALID_DURATION",
      mend: "write a duration such as 90s, 30m or 2h",
    },
    limit,
    description,
  );

/** A whole number, with `k`, `M` or `G` where it is large. */
export const count = (limit: Limit, description: string) =>
  bounded(
    { parse: parseCount, show: String, reason: "INVALID_COUNT", mend: "write a whole number such as 400, 20k or 2M" },
    limit,
    description,
  );

/** A number that need not be whole. */
export const fraction = (limit: Limit, description: string) =>
  z
    .number()
    .meta({ description: `${description} Default ${limit.initial}, at most ${limit.max}.` })
    .superRefine((value, ctx) => {
      const refusal = outOfRange(value, limit, String);
      if (refusal !== undefined) refuse(ctx, refusal);
    });
