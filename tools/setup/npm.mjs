/** npm as the set-up uses it. Plain JavaScript, because it also runs while an older Node is all there is. */
import { spawn } from "node:child_process";
import { delimiter, dirname } from "node:path";

const LIMIT_MS = 240_000;

/** Runs npm with this very Node; resolves with its exit code and, if that is not 0, the reason in a few lines. */
export function npm(args, cwd, limitMs = LIMIT_MS) {
  const env = { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ""}` };
  return new Promise((resolve) => {
    const child = spawn("npm", args, { cwd, env, stdio: ["ignore", "ignore", "pipe"], timeout: limitMs });
    let tail = "";
    child.stderr.on("data", (chunk) => (tail = (tail + chunk).slice(-4_000)));
    child.on("error", (error) => resolve({ code: -1, reason: `npm cannot be started: ${error.message}` }));
    child.on("close", (code, signal) => {
      const said = signal === null ? npmErrors(tail) : `no end after ${limitMs / 1000} s`;
      resolve({ code: code ?? -1, reason: said });
    });
  });
}

/** An Error with a `code` of SetupErrorCode and a `mend`, from what npm said. */
export function npmFailure(doing, reason) {
  return Object.assign(new Error(`${doing}: ${reason}`), classify(reason));
}

/** Whether a second attempt may do better. */
export const mayPass = (reason) => UNREACHABLE.test(reason) || /\b50[234]\b|EINTEGRITY/.test(reason);

const UNREACHABLE = /ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|ESOCKET|ENETUNREACH|network|no end after/i;

function classify(reason) {
  if (/ENOSPC|EDQUOT/.test(reason)) return { code: "DISK_FULL", mend: "free disk space and start again" };
  if (UNREACHABLE.test(reason)) {
    return {
      code: "REGISTRY_UNREACHABLE",
      mend: "check that the npm registry can be reached from here (`npm ping`), proxies included, and start again",
    };
  }
  if (/EINTEGRITY/.test(reason)) return { code: "INTEGRITY_MISMATCH", mend: OTHER_BYTES };
  if (/npm cannot be started/.test(reason))
    return { code: "NPM_FAILED", mend: "install npm, put it on PATH and start again" };
  return { code: "NPM_FAILED", mend: "the lines above are npm's; mend that and start again" };
}

/** What to do when a download is not what was pinned. */
export const OTHER_BYTES =
  "the registry or its cache served other bytes than are pinned: run `npm cache clean --force` and start again; if that does not help, do not use this registry";

/** The lines that say what was wrong, without npm's decoration. */
function npmErrors(tail) {
  const lines = tail.split("\n").map((line) => line.replace(/^npm error ?/, "").trim());
  return lines
    .filter((line) => line !== "" && !/^npm warn|complete log of this run/.test(line))
    .slice(0, 6)
    .join("\n");
}
