/** Why a process could not start. Stable: scripts and the supervisor act on it. */
export type StartupErrorCode =
  /** Environment variables are missing or malformed. */
  | "CONFIG_INVALID"
  /** No NATS server answered within the bounded wait. */
  | "NATS_UNREACHABLE"
  /** A NATS server answered and refused the credentials. */
  | "NATS_REFUSED"
  /** Traces are asked for and the package that sends them is not installed. */
  | "TELEMETRY_SDK_MISSING";

export interface StartupErrorInit {
  readonly code: StartupErrorCode;
  /** What was being done, and what was wrong with what. No secrets. */
  readonly message: string;
  readonly mend: string;
  readonly cause?: unknown;
}

/** Ends a start before anything was served. Terminal: the same start fails again until its cause is mended. */
export class StartupError extends Error {
  override readonly name = "StartupError";
  readonly code: StartupErrorCode;
  readonly mend: string;

  constructor(init: StartupErrorInit) {
    super(init.message, { cause: init.cause });
    this.code = init.code;
    this.mend = init.mend;
  }
}
