import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { isSystemError, TransparencyLogError } from "./errors.ts";
import { generateSigner, type NoteSigner, parseSignerKey } from "./note-key.ts";

/**
 * The signer of a key file, created with mode 0600 and a key of the name that `newName` gives where there is none. A file
 * that others can read is refused. The verifier key, which is no secret, is put beside it as `<path>.pub`.
 */
export function loadOrCreateKeyFile(path: string, newName: () => string): NoteSigner {
  const signer = readKeyFile(path) ?? createKeyFile(path, newName());
  const text = `${signer.verifierKey}\n`;
  if (!existsSync(`${path}.pub`) || readFileSync(`${path}.pub`, "utf8") !== text) writeFileSync(`${path}.pub`, text);
  return signer;
}

export function readKeyFile(path: string): NoteSigner | undefined {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw new TransparencyLogError("KEY", `cannot open key file ${path}`, error);
  }
  try {
    if ((fstatSync(file).mode & 0o077) !== 0) {
      throw new TransparencyLogError("KEY", `key file ${path} can be read by others; chmod 600 it, and change the key`);
    }
    return parseSignerKey(readFileSync(file, "utf8").trimEnd());
  } finally {
    closeSync(file);
  }
}

/** Two processes that start at once end up with the same key: the link succeeds for one of them only. */
function createKeyFile(path: string, name: string): NoteSigner {
  const signer = generateSigner(name);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.${signer.keyId}`;
  const file = openSync(temporary, "wx", 0o600);
  try {
    writeSync(file, `${signer.signerKey}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    linkSync(temporary, path);
    syncFolder(dirname(path));
    return signer;
  } catch (error) {
    const winner = readKeyFile(path);
    if (winner === undefined) throw new TransparencyLogError("KEY", `cannot create key file ${path}`, error);
    return winner;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
