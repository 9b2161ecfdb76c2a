import { CofferdamError, type CofferdamErrorCode } from "@cofferdam/client";
import { RpcError, StartupError } from "@cofferdam/service";
import { ExitCode } from "@cofferdam/service/exit-code";
import { z } from "zod";
import { CliError } from "./cli-error.ts";
import { ManifestError } from "./manifest-error.ts";
import type { Paint } from "./render/paint.ts";
import { type ManifestProblem, problemLines } from "./render/problems.ts";

/** An error as it is shown: in words for people, as one JSON object for machines. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly mend: string;
  readonly exitCode: ExitCode;
  readonly problems?: readonly ManifestProblem[];
}

/** Every error class here has a code and a mend; an error without them is a defect and is shown with what it says. */
const typedError = z.object({ code: z.string(), message: z.string(), mend: z.string() });

export function errorReport(error: unknown): ErrorReport {
  if (error instanceof ManifestError) {
    const { message, mend, problems } = error;
    return { code: error.code, message, mend, problems, exitCode: ExitCode.MANIFEST_INVALID };
  }
  if (error instanceof CliError) return { ...pick(error), exitCode: error.exitCode };
  if (error instanceof StartupError) return { ...pick(error), exitCode: ExitCode.ENVIRONMENT };
  if (error instanceof CofferdamError || error instanceof RpcError) {
    const { reason, message, mend, code } = CofferdamError.from(error);
    return {
      code: reason,
      message,
      mend,
      exitCode: reason === "MANIFEST_INVALID" ? ExitCode.MANIFEST_INVALID : exitCodes[code],
    };
  }
  const typed = typedError.safeParse(error);
  if (typed.success) return { ...typed.data, exitCode: ExitCode.ENVIRONMENT };
  if (isNoSpace(error)) {
    const mend =
      "free space where Cofferdam keeps its state (COFFERDAM_HOME); unfinished runs go on with `cofferdam resume`";
    return { code: "DISK_FULL", message: "the disk is full", mend, exitCode: ExitCode.ENVIRONMENT };
  }
  return {
    code: "INTERNAL",
    message: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    mend: "this is a defect in Cofferdam; COFFERDAM_LOG_LEVEL=debug and the log in <home>/logs tell more",
    exitCode: ExitCode.FAILED,
  };
}

const pick = ({ code, message, mend }: { code: string; message: string; mend: string }) => ({ code, message, mend });

const exitCodes: Readonly<Record<CofferdamErrorCode, ExitCode>> = {
  INVALID: ExitCode.USAGE,
  NOT_FOUND: ExitCode.USAGE,
  CONFLICT: ExitCode.USAGE,
  DENIED: ExitCode.ENVIRONMENT,
  PRECONDITION: ExitCode.ENVIRONMENT,
  LIMIT: ExitCode.ENVIRONMENT,
  UNAVAILABLE: ExitCode.ENVIRONMENT,
  CANCELLED: ExitCode.INTERRUPTED,
  PROTOCOL: ExitCode.FAILED,
  INTERNAL: ExitCode.FAILED,
};

const isNoSpace = (error: unknown): boolean =>
  typeof error === "object" &&
  error !== null &&
  "code" in error &&
  (error.code === "ENOSPC" || error.code === "EDQUOT");

/** Lines for standard error. */
export function errorLines(report: ErrorReport, error: unknown, width: number, paint: Paint): string[] {
  const problems =
    error instanceof ManifestError ? problemLines(error.file, error.source, error.problems, width, paint) : [];
  return [
    ...problems,
    `${paint.bad("cofferdam:")} ${report.message}`,
    ...(report.mend === "" ? [] : [`  mend: ${report.mend}`]),
  ];
}

export const errorJson = ({ code, message, mend, problems }: ErrorReport): object => ({
  error: { code, message, mend, ...(problems === undefined ? {} : { problems }) },
});
