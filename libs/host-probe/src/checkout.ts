import { join } from "node:path";

/** Where things are in a checkout. */
export interface Checkout {
  readonly root: string;
  /** Downloads and what is built from them; may be deleted at any time at the price of a new set-up. */
  readonly cache: string;
}

/** The checkout this file lies in; `COFFERDAM_CACHE` moves the cache. */
export function thisCheckout(env: NodeJS.ProcessEnv = process.env): Checkout {
  const root = join(import.meta.dirname, "../../..");
  return { root, cache: env["COFFERDAM_CACHE"] || join(root, ".cofferdam/cache") };
}
