/** The outcome of one check: what it looked at, or why it failed, or why it could not be made. */
export type CheckOutcome =
  | { readonly kind: "passed"; readonly detail: string }
  | { readonly kind: "failed"; readonly detail: string }
  | { readonly kind: "skipped"; readonly detail: string };

/** One thing that must hold for the whole tree. */
export interface Check {
  readonly name: string;
  run(root: string): Promise<CheckOutcome>;
}

export const passed = (detail = ""): CheckOutcome => ({ kind: "passed", detail });
export const failed = (detail: string): CheckOutcome => ({ kind: "failed", detail });
export const skipped = (detail: string): CheckOutcome => ({ kind: "skipped", detail });
