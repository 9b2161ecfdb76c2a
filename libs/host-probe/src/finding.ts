/** What a probe found out about one thing that this machine must, or should, have. */
export interface Finding {
  /** Stable, for machines: `node`, `nats-server`, `sandbox`, … */
  readonly name: string;
  /** `warn`: Cofferdam works, but not as well as it could. `missing`: runs cannot be carried out. */
  readonly status: "ok" | "warn" | "missing";
  readonly detail: string;
  /** What a person can do about it; absent where nothing is to be done. */
  readonly mend?: string;
}

export const ok = (name: string, detail: string): Finding => ({ name, status: "ok", detail });
export const warn = (name: string, detail: string, mend: string): Finding => ({ name, status: "warn", detail, mend });
export const missing = (name: string, detail: string, mend: string): Finding => ({
  name,
  status: "missing",
  detail,
  mend,
});
