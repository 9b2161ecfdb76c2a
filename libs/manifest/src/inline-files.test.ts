import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { canonicalManifest, inlineFiles, type Manifest, parseManifest, readCanonicalManifest } from "./index.ts";

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "cofferdam-manifest-"));
  writeFileSync(join(base, "AGENTS.md"), "Do it.");
  writeFileSync(join(base, "row.schema.json"), '{"type":"object"}');
  writeFileSync(join(base, "model.mjs"), "");
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

function manifest(): Manifest {
  const result = parseManifest(
    `apiVersion: cofferdam.dev/v1
kind: Manifest
metadata: { name: x }
spec:
  inputs: { data: { from: "file:data" } }
  outputs: { rows: { path: rows.jsonl, to: "file:results", expect: { schema: ./row.schema.json } } }
  compute: { parallel: 2 }
  agent: { model: m, instructions: AGENTS.md, join: { text: Join. }, script: model.mjs }
`,
    { path: "m" },
  );
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.manifest;
}
const problems = async () => {
  const result = await inlineFiles(manifest(), base);
  return result.ok ? [] : result.problems.map((p) => `${p.reason} ${p.path}`);
};

test("what stands beside the manifest becomes part of it, and survives the canonical form", async () => {
  const result = await inlineFiles(manifest(), base);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  const { spec } = readCanonicalManifest(canonicalManifest(result.manifest));
  expect(spec.agent).toMatchObject({ instructions: { text: "Do it." }, join: { text: "Join." }, script: "model.mjs" });
  expect(spec.outputs["rows"]?.expect.schema).toEqual({ type: "object" });
});

test("all that is missing or wrong comes at once", async () => {
  rmSync(join(base, "AGENTS.md"));
  rmSync(join(base, "model.mjs"));
  writeFileSync(join(base, "row.schema.json"), '{"type":"objct"}');
  expect(await problems()).toEqual([
    "FILE_MISSING spec.agent.instructions",
    "FILE_MISSING spec.agent.script",
    "FILE_INVALID spec.outputs.rows.expect.schema",
  ]);
});

test.each([
  ["AGENTS.md", " \n", "FILE_INVALID spec.agent.instructions"],
  ["AGENTS.md", Buffer.from([0xff]), "FILE_INVALID spec.agent.instructions"],
  ["AGENTS.md", "x".repeat(300_000), "TOO_LARGE spec.agent.instructions"],
  ["row.schema.json", "[1]", "FILE_INVALID spec.outputs.rows.expect.schema"],
  ["row.schema.json", "{", "FILE_INVALID spec.outputs.rows.expect.schema"],
  ["row.schema.json", '{"$ref":"https://example.org/x"}', "FILE_INVALID spec.outputs.rows.expect.schema"],
])("%s is refused when it cannot be used", async (path, content, expected) => {
  writeFileSync(join(base, path), content);
  expect(await problems()).toEqual([expected]);
});

test("a link out of the folder is not read", async () => {
  const inner = join(base, "inner");
  mkdirSync(inner);
  for (const name of ["row.schema.json", "model.mjs"]) writeFileSync(join(inner, name), "{}");
  symlinkSync("../AGENTS.md", join(inner, "AGENTS.md"));
  const result = await inlineFiles(manifest(), inner);
  expect(result).toMatchObject({ ok: false, problems: [{ reason: "PATH_ESCAPES", path: "spec.agent.instructions" }] });
});
