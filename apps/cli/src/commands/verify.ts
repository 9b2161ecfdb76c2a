import { statSync } from "node:fs";
import { verifyFile } from "@cofferdam/evidence";
import { ExitCode } from "@cofferdam/service/exit-code";
import { CliError } from "../cli-error.ts";
import { compareStream } from "../evidence/compare-stream.ts";
import { trustedVerifierKey } from "../evidence/trusted-key.ts";
import { verdictOf, verifyHome } from "../evidence/verify-home.ts";
import { jsonText } from "../render/json-text.ts";
import { publicationLines, verdictLines } from "../render/verdict.ts";
import { type CommandContext, homeOf } from "./context.ts";

export interface VerifyOptions {
  readonly ledger?: string;
  readonly key?: string;
}

/**
 * `cofferdam verify [<run|file>]`: from files alone, whether or not a control plane runs; where none does, the run log is
 * held against them too.
 */
export async function verify(
  context: CommandContext,
  subject: string | undefined,
  options: VerifyOptions,
): Promise<ExitCode> {
  if (subject !== undefined && isFile(subject)) return verifyPublished(context, subject, options);
  if (subject !== undefined && !/^[a-z0-9-]+$/.test(subject)) throw neither(subject);
  const { terminal, json } = context;
  const home = homeOf(context);
  const offline = await verifyHome(home, { run: subject, ledgerDir: options.ledger, key: options.key });
  // Against evidence that is damaged itself, or that is not of this home, the run log says nothing.
  const comparable = options.ledger === undefined && offline.findings.length === 0;
  const stream = comparable ? await compareStream(home, trustedVerifierKey(home, options.key), subject) : undefined;
  const result = { ...offline, findings: [...offline.findings, ...(stream?.findings ?? [])] };
  const verdict = verdictOf(result);
  if (json) terminal.write(jsonText({ ...result, runLog: { compared: stream?.notCompared === undefined, ...stream } }));
  else {
    terminal.lines(verdictLines(subject, result, terminal.paint));
    if (stream?.notCompared !== undefined) terminal.lines([`  run log not compared: ${stream.notCompared}`]);
  }
  return verdict.state === "verified" ? ExitCode.OK : ExitCode.VERIFICATION_FAILED;
}

async function verifyPublished(context: CommandContext, path: string, options: VerifyOptions): Promise<ExitCode> {
  const home = homeOf(context);
  const { terminal, json } = context;
  const verifierKey = trustedVerifierKey(home, options.key);
  const result = await verifyFile(path, { ledgerDir: options.ledger ?? home.ledger, verifierKey });
  if (json) terminal.write(jsonText(result));
  else terminal.lines(publicationLines(path, result, terminal.paint));
  return result.publications.length > 0 ? ExitCode.OK : ExitCode.VERIFICATION_FAILED;
}

const neither = (subject: string): CliError =>
  new CliError({
    code: "NOT_FOUND",
    message: `${JSON.stringify(subject)} is neither a file nor the id of a run`,
    mend: "name a published file, or a run that `cofferdam runs` lists; without a name everything is verified",
    exitCode: ExitCode.USAGE,
  });

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() === true;
