import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { TransparencyLogError } from "./errors.ts";

/** Checks the notes of one Ed25519 key. */
export interface NoteVerifier {
  readonly name: string;
  /** 8 hexadecimal digits. */
  readonly keyId: string;
  readonly publicKey: KeyObject;
  /** `<name>+<key id>+<base64 of type and key>`: what is given to everyone. */
  readonly verifierKey: string;
}

export interface NoteSigner extends NoteVerifier {
  readonly privateKey: KeyObject;
  /** `PRIVATE+KEY+<name>+<key id>+<base64 of type and seed>`, as Go's sumdb/note writes it: a secret. */
  readonly signerKey: string;
}

const ED25519 = 0x01;
const KEY_BYTES = 32;
// RFC 8410: what stands before the 32 bytes in PKCS #8 and SPKI.
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

/** A new key. `name` should be the log's origin: a URL without scheme, no spaces, no plus. */
export function generateSigner(name: string): NoteSigner {
  const { privateKey } = generateKeyPairSync("ed25519");
  const seed = privateKey.export({ format: "der", type: "pkcs8" }).subarray(-KEY_BYTES);
  return signerOf(name, seed);
}

export function parseSignerKey(text: string): NoteSigner {
  const match = /^PRIVATE\+KEY\+([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text);
  const signer = match?.[1] && match[3] ? signerOf(match[1], keyBytes(match[3])) : undefined;
  // The message must not quote the text: it is a secret, even malformed.
  if (signer === undefined || signer.keyId !== match?.[2]) throw malformed("signer key");
  return signer;
}

export function parseVerifierKey(text: string): NoteVerifier {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text);
  const verifier = match?.[1] && match[3] ? verifierOf(match[1], keyBytes(match[3])) : undefined;
  if (verifier === undefined || verifier.keyId !== match?.[2]) throw malformed("verifier key");
  return verifier;
}

function signerOf(name: string, seed: Uint8Array): NoteSigner {
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: "der", type: "pkcs8" });
  const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  const verifier = verifierOf(name, spki.subarray(-KEY_BYTES));
  const secret = Buffer.concat([Buffer.of(ED25519), seed]).toString("base64");
  return { ...verifier, privateKey, signerKey: `PRIVATE+KEY+${name}+${verifier.keyId}+${secret}` };
}

function verifierOf(name: string, key: Uint8Array): NoteVerifier {
  if (!/^[^\s+]+$/.test(name)) {
    throw new TransparencyLogError("KEY", `key name ${JSON.stringify(name)} must have no spaces and no plus`);
  }
  const typed = Buffer.concat([Buffer.of(ED25519), key]);
  const digest = createHash("sha256").update(name).update("\n").update(typed).digest();
  const keyId = digest.subarray(0, 4).toString("hex");
  const publicKey = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, key]), format: "der", type: "spki" });
  return { name, keyId, publicKey, verifierKey: `${name}+${keyId}+${typed.toString("base64")}` };
}

function keyBytes(base64: string): Uint8Array {
  const bytes = Buffer.from(base64, "base64");
  if (bytes.length !== KEY_BYTES + 1 || bytes[0] !== ED25519 || bytes.toString("base64") !== base64) {
    throw malformed("Ed25519 key");
  }
  return bytes.subarray(1);
}

const malformed = (what: string): TransparencyLogError => new TransparencyLogError("KEY", `malformed ${what}`);
