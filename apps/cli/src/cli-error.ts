import { ExitCode } from "@cofferdam/service/exit-code";

/** What the command line itself can find wrong. Stable: `--json` shows it. */
export type CliErrorCode =
  | "USAGE"
  | "MANIFEST_UNREADABLE"
  | "RUNTIME_DIR_UNSAFE"
  | "CONTROL_PLANE_RUNNING"
  | "CONTROL_PLANE_STARTING"
  | "DISK_FULL"
  | "HOME_UNWRITABLE"
  | "CHILD_FAILED"
  | "NOT_FOUND"
  | "INTERRUPTED"
  | "NO_CONTROL_PLANE"
  | "NO_LEDGER_KEY"
  | "NOTHING_TO_RECORD";

export interface CliErrorInit {
  readonly code: CliErrorCode;
  /** What was being done, and what was wrong with what. */
  readonly message: string;
  /** What the person at the keyboard can do. */
  readonly mend: string;
  readonly exitCode?: ExitCode;
  readonly cause?: unknown;
}

/** An error of the command line, with the exit code it ends with. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly code: CliErrorCode;
  readonly mend: string;
  readonly exitCode: ExitCode;

  constructor(init: CliErrorInit) {
    super(init.message, { cause: init.cause });
    this.code = init.code;
    this.mend = init.mend;
    this.exitCode = init.exitCode ?? ExitCode.ENVIRONMENT;
  }
}
