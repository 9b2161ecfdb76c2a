/**
 * Tarballs of npm packages as data: fetched by `npm pack`, checked against a pinned digest, read without running or
 * installing anything. Plain JavaScript, because it also fetches Node 24 while an older Node is all there is.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";

const ATTEMPTS = 3;
const LIMIT_MS = 240_000;
const BLOCK = 512;

/** Fetches `spec` (`name@version`) and returns the tarball's bytes; throws an Error with `mend` if that fails. */
export async function fetchTarball({ spec, integrity, scratchDir, onRetry = () => {} }) {
  await mkdir(scratchDir, { recursive: true });
  const dir = await mkdtemp(join(scratchDir, "pack-"));
  try {
    // A package.json of its own keeps npm from applying the checkout's devEngines and .npmrc to the download.
    await writeFile(join(dir, "package.json"), "{}\n");
    for (let attempt = 1; ; attempt++) {
      const outcome = await npm(["pack", spec, "--ignore-scripts", "--loglevel=error"], dir);
      if (outcome.code === 0) break;
      if (attempt === ATTEMPTS) throw failure(`fetching ${spec} from the npm registry`, outcome.reason);
      onRetry(attempt + 1, ATTEMPTS);
    }
    const file = (await readdir(dir)).find((name) => name.endsWith(".tgz"));
    if (file === undefined) throw failure(`fetching ${spec} from the npm registry`, "npm pack left no tarball");
    const bytes = await readFile(join(dir, file));
    checkIntegrity(bytes, integrity, spec);
    return bytes;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Throws unless `bytes` have the pinned subresource-integrity digest (`sha512-<base64>`). */
export function checkIntegrity(bytes, integrity, spec) {
  const actual = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  if (actual === integrity) return;
  throw Object.assign(new Error(`checking ${spec}: its digest is ${actual}, pinned is ${integrity}`), {
    mend: "the registry or its cache served other bytes than were pinned: run `npm cache clean --force` and try again; if it repeats, do not use this registry",
  });
}

/**
 * Regular files of a gzipped ustar or pax archive, as `[path, bytes]`. Links, devices and directories are left out;
 * a broken header is an Error.
 */
export function* readTarball(bytes) {
  const tar = gunzipSync(bytes);
  let pax = {};
  for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0;) {
    const header = tar.subarray(at, at + BLOCK);
    const size = Number(pax.size ?? octal(header, 124, 12));
    if (octal(header, 148, 8) !== checksum(header) || !(size >= 0) || at + BLOCK + size > tar.length) {
      throw new Error(`reading a tarball: the header at byte ${at} is broken`);
    }
    const body = tar.subarray(at + BLOCK, at + BLOCK + size);
    const type = String.fromCharCode(header[156]);
    const prefix = text(header, 345, 155);
    const path = pax.path ?? (prefix === "" ? text(header, 0, 100) : `${prefix}/${text(header, 0, 100)}`);
    if (type === "0" || type === "\0") yield [path, body];
    pax = type === "x" ? paxRecords(body) : {};
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
}

const text = (header, start, length) => {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.subarray(0, end === -1 ? length : end).toString("utf8");
};

const octal = (header, start, length) => Number.parseInt(text(header, start, length).trim() || "0", 8);

/** The checksum field itself counts as spaces. */
const checksum = (header) => header.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 32 : byte), 0);

/** Records of a pax header are `<length> <key>=<value>\n`, the length counting itself. */
function paxRecords(body) {
  const records = {};
  for (let at = 0; at < body.length;) {
    const length = Number.parseInt(body.subarray(at, body.indexOf(32, at)).toString("utf8"), 10);
    if (!(length > 0)) throw new Error("reading a tarball: a pax record is broken");
    const record = body.subarray(body.indexOf(32, at) + 1, at + length - 1).toString("utf8");
    records[record.slice(0, record.indexOf("="))] = record.slice(record.indexOf("=") + 1);
    at += length;
  }
  return records;
}

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

/** The lines that say what was wrong, without npm's decoration. */
function npmErrors(tail) {
  const lines = tail.split("\n").map((line) => line.replace(/^npm error ?/, "").trim());
  return lines
    .filter((line) => line !== "" && !/^npm warn|complete log of this run/.test(line))
    .slice(0, 6)
    .join("\n");
}

function failure(doing, reason) {
  const mend = /EAI_AGAIN|ENOTFOUND|ECONN|ETIMEDOUT|network/i.test(reason)
    ? "check that the npm registry can be reached from here (`npm ping`), proxies included, and start again"
    : /ENOSPC/.test(reason)
      ? "free disk space and start again"
      : "the lines above are npm's; mend that and start again";
  return Object.assign(new Error(`${doing}: ${reason}`), { mend });
}
