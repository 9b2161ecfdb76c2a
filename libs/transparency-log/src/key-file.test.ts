import { chmodSync, mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { loadOrCreateKeyFile } from "./key-file.ts";
import { parseVerifierKey } from "./note-key.ts";

test("a key is made once, readable by its owner only, and found again", () => {
  const folder = mkdtempSync(join(tmpdir(), "cofferdam-key-"));
  const path = join(folder, "keys", "ledger.key");
  const made = loadOrCreateKeyFile(path, () => "ledger.example/team");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(loadOrCreateKeyFile(path, () => "ledger.example/team").signerKey).toBe(made.signerKey);
  expect(readdirSync(join(folder, "keys"))).toEqual(["ledger.key", "ledger.key.pub"]);
  expect(loadOrCreateKeyFile(path, () => "other.example").name).toBe("ledger.example/team");
  expect(parseVerifierKey(readFileSync(`${path}.pub`, "utf8").trimEnd()).keyId).toBe(made.keyId);
  chmodSync(path, 0o644);
  expect(() => loadOrCreateKeyFile(path, () => "ledger.example/team")).toThrow("can be read by others");
});
