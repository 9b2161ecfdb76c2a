/**
 * Tarballs of npm packages as data: fetched by `npm pack`, checked against a pinned digest, read without running or
 * installing anything. Plain JavaScript, because it also fetches Node 24 while an older Node is all there is.
 */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { OTHER_BYTES, mayPass, networkArguments, npm, npmFailure } from "./npm.mjs";

const ATTEMPTS = 3;
const BLOCK = 512;

/** Fetches `spec` (`name@version`) and returns the tarball's bytes; throws an Error with `code` and `mend` otherwise. */
export async function fetchTarball({ spec, integrity, scratchDir, onRetry = () => {} }) {
  await mkdir(scratchDir, { recursive: true });
  const dir = await mkdtemp(join(scratchDir, "pack-"));
  const doing = `fetching ${spec} from the npm registry`;
  try {
    // A package.json of its own keeps npm from applying the checkout's devEngines and .npmrc to the download.
    await writeFile(join(dir, "package.json"), "{}\n");
    for (let attempt = 1; ; attempt++) {
      const outcome = await npm(["pack", spec, "--ignore-scripts", ...networkArguments(attempt)], dir);
      if (outcome.code === 0) break;
      if (attempt === ATTEMPTS || !mayPass(outcome.reason)) throw npmFailure(doing, outcome.reason);
      onRetry(attempt + 1, ATTEMPTS);
    }
    const file = (await readdir(dir)).find((name) => name.endsWith(".tgz"));
    if (file === undefined) throw npmFailure(doing, "npm pack left no tarball");
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
  const message = `checking ${spec}: its digest is ${actual}, pinned is ${integrity}`;
  throw Object.assign(new Error(message), { code: "INTEGRITY_MISMATCH", mend: OTHER_BYTES });
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
    if (type === "L" || type === "K") throw new Error("reading a tarball: GNU long names are not supported");
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
