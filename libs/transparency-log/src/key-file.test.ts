import { chmodSync, mkdtempSync, readdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { loadOrCreateKeyFile } from "./key-file.ts";

test("a key is made once, readable by its owner only, and found again", () => {
  const folder = mkdtempSync(join(tmpdir(), "cofferdam-key-"));
  const path = join(folder, "keys", "ledger.key");
  const made = loadOrCreateKeyFile(path, () => "ledger.example/team");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(loadOrCreateKeyFile(path, () => "ledger.example/team").signerKey).toBe(made.signerKey);
  expect(readdirSync(join(folder, "keys"))).toEqual(["ledger.key"]);
  expect(loadOrCreateKeyFile(path, () => "other.example").name).toBe("ledger.example/team");
  chmodSync(path, 0o644);
  expect(() => loadOrCreateKeyFile(path, () => "ledger.example/team")).toThrow("can be read by others");
});
