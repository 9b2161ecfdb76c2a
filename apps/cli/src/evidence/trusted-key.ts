import { existsSync, readFileSync } from "node:fs";
import { parseVerifierKey, readKeyFile } from "@cofferdam/transparency-log";
import { CliError } from "../cli-error.ts";
import { ExitCode } from "@cofferdam/service/exit-code";
import type { Home } from "../local/home.ts";
import { ledgerKeyFile } from "../local/layout.ts";
import { reasonOf } from "../reason.ts";

/**
 * The key that checkpoints must be signed with: the one that the caller trusts (the key itself or a file that holds it),
 * else that of this machine's ledger. Never one that stands beside the evidence.
 *
 * @throws {CliError} NO_LEDGER_KEY
 */
export function trustedVerifierKey(home: Home, given: string | undefined): string {
  if (given !== undefined) return parsed(existsSync(given) ? readFileSync(given, "utf8").trim() : given);
  const signer = readSigner(ledgerKeyFile(home));
  if (signer !== undefined) return signer.verifierKey;
  throw new CliError({
    code: "NO_LEDGER_KEY",
    message: `there is no ledger key in ${home.keys}: nothing has run on this home yet`,
    mend: "run something, or name the key of the ledger to verify with --key",
  });
}

function readSigner(file: string): ReturnType<typeof readKeyFile> {
  try {
    return readKeyFile(file);
  } catch (cause) {
    throw new CliError({
      code: "NO_LEDGER_KEY",
      message: `${file} cannot be used: ${reasonOf(cause)}`,
      mend: "restore it from a copy, or verify with --key and the public key that was noted elsewhere",
      cause,
    });
  }
}

function parsed(text: string): string {
  try {
    return parseVerifierKey(text).verifierKey;
  } catch (cause) {
    throw new CliError({
      code: "NO_LEDGER_KEY",
      message: "--key is no verifier key, and no file that holds one",
      mend: "give a key as `<name>+<hash>+<base64>`, the C2SP signed-note form",
      exitCode: ExitCode.USAGE,
      cause,
    });
  }
}
