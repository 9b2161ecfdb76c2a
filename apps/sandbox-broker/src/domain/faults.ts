/** Something that the broker does to itself on purpose, so that recovery can be shown. */
export interface Fault {
  readonly kind: "kill-sandbox";
  /** Step whose command is hit, counted from 1. */
  readonly step: number;
}

/** A fault specification that cannot be understood. */
export class FaultError extends Error {
  override readonly name = "FaultError";
  readonly code = "FAULT_INVALID";
  readonly mend = "write kill-sandbox@<step>, for example kill-sandbox@19; several are separated by commas";
}

const MAX_STEP = 1_000_000;

/**
 * Parses `kill-sandbox@19` or a comma-separated list of such. An empty text means none.
 * @throws {FaultError} which names what is wrong.
 */
export function parseFaults(text: string): readonly Fault[] {
  if (text === "") return [];
  return text.split(",").map((part) => parseFault(part.trim()));
}

function parseFault(text: string): Fault {
  const match = /^([a-z-]+)@(\d{1,7})$/.exec(text);
  if (match === null) throw new FaultError(`fault ${JSON.stringify(text)} is not of the form <kind>@<step>`);
  const [, kind, digits] = match;
  if (kind !== "kill-sandbox")
    throw new FaultError(`fault ${JSON.stringify(text)}: there is no kind ${JSON.stringify(kind)}`);
  const step = Number(digits);
  if (step < 1 || step > MAX_STEP)
    throw new FaultError(`fault ${JSON.stringify(text)}: steps count from 1 to ${MAX_STEP}`);
  return { kind, step };
}

/** Decides which command is hit: for each fault the first of that step in each log, never its repetition. */
export class FaultPlan {
  readonly #faults: readonly Fault[];
  readonly #done = new Set<string>();

  constructor(faults: readonly Fault[]) {
    this.#faults = faults;
  }

  /** The fault for this command, once. */
  take(log: string, step: number): Fault | undefined {
    const key = `${log} ${step}`;
    if (this.#done.has(key)) return undefined;
    const fault = this.#faults.find((f) => f.step === step);
    if (fault !== undefined) this.#done.add(key);
    return fault;
  }
}
