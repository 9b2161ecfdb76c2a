import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Where things are in a checkout. */
export interface Checkout {
  readonly root: string;
  /** Downloads and what is built from them; may be deleted at any time at the price of a new set-up. */
  readonly cache: string;
}

/** The checkout this file lies in; `COFFERDAM_CACHE` moves the cache. */
export function thisCheckout(env: NodeJS.ProcessEnv = process.env): Checkout {
  const root = join(import.meta.dirname, "../..");
  return { root, cache: env["COFFERDAM_CACHE"] ?? join(root, ".cofferdam/cache") };
}

interface Pins {
  readonly natsServer: { readonly minimum: string };
  readonly bubblewrap: { readonly minimum: string };
}

/** Versions the set-up holds to. */
export const pins: Pins = JSON.parse(readFileSync(join(import.meta.dirname, "pins.json"), "utf8"));
