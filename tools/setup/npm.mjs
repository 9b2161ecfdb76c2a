/** npm as the set-up uses it. Plain JavaScript, because it also runs while an older Node is all there is. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

const LIMIT_MS = 240_000;

/** Without them npm waits for more than a minute for a registry that is not there. */
const NETWORK = ["--fetch-retries=2", "--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=5000"];

/**
 * What is pinned by digest may come from npm's cache unasked. Only the first attempt trusts it: a cache that has not
 * heard of a version yet would fail the others too.
 */
export const networkArguments = (attempt) => (attempt === 1 ? [...NETWORK, "--prefer-offline"] : NETWORK);

/**
 * Runs npm with this very Node; resolves with its exit code and, if that is not 0, the reason in a few lines. A file that
 * could not be unpacked is only a warning to npm, which then ends with 0 and leaves half a package; here it is a failure.
 */
export function npm(args, cwd, limitMs = LIMIT_MS) {
  const env = npmEnvironment(process.env);
  return new Promise((resolve) => {
    const command = [...args, "--loglevel=warn"];
    const child = spawn("npm", command, { cwd, env, stdio: ["ignore", "ignore", "pipe"], timeout: limitMs });
    let tail = "";
    let notUnpacked;
    child.stderr.on("data", (chunk) => {
      tail = (tail + chunk).slice(-8_000);
      notUnpacked ??= /TAR_ENTRY_ERROR.*/.exec(tail)?.[0];
    });
    child.on("error", (error) => resolve({ code: -1, reason: `npm cannot be started: ${error.message}` }));
    child.on("close", (code, signal) => {
      if (signal !== null) resolve({ code: -1, reason: `no end after ${limitMs / 1000} s` });
      else if (notUnpacked !== undefined) resolve({ code: code || -1, reason: notUnpacked });
      else resolve({ code, reason: npmErrors(tail) });
    });
  });
}

/** An Error with a `code` of SetupErrorCode and a `mend`, from what npm said. */
export function npmFailure(doing, reason) {
  return Object.assign(new Error(`${doing}: ${reason}`), classify(reason));
}

/** Whether a second attempt may do better. */
export const mayPass = (reason) => UNREACHABLE.test(reason) || /\b50[234]\b|EINTEGRITY|ETARGET|E404/.test(reason);

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
  if (/CERT|UNABLE_TO_VERIFY/.test(reason)) {
    const mend = "have npm trust the registry's certificate (`npm config set cafile <file>`) and start again";
    return { code: "REGISTRY_UNREACHABLE", mend };
  }
  if (/npm cannot be started/.test(reason))
    return { code: "NPM_FAILED", mend: "install npm, put it on PATH and start again" };
  return { code: "NPM_FAILED", mend: "the lines above are npm's; mend that and start again" };
}

/** What to do when a download is not what was pinned. */
export const OTHER_BYTES =
  "the registry or its cache served other bytes than are pinned: run `npm cache clean --force` and start again; if that does not help, do not use this registry";

/**
 * npm looks for the machine's settings (registry, certificates) beside the Node that runs it. When that is the Node we
 * fetched, it must be told to look where it would have: beside npm itself.
 */
export function npmEnvironment(env) {
  const path = env.PATH ?? "";
  const npmDir = path.split(delimiter).find((dir) => dir !== "" && existsSync(join(dir, "npm")));
  const told = Object.keys(env).some((name) => /^npm_config_(globalconfig|prefix)$/i.test(name));
  return {
    ...env,
    PATH: `${dirname(process.execPath)}${delimiter}${path}`,
    ...(npmDir === undefined || told ? {} : { npm_config_globalconfig: join(dirname(npmDir), "etc", "npmrc") }),
  };
}

/** The lines that say what was wrong, without npm's decoration. */
function npmErrors(tail) {
  const lines = tail.split("\n").map((line) => line.replace(/^npm error ?/, "").trim());
  return lines
    .filter((line) => line !== "" && !/^npm warn|complete log of this run/.test(line))
    .slice(0, 6)
    .join("\n");
}
