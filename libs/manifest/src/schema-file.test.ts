import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { parseManifest } from "./index.ts";
import { referencePageUrl, unformatted, withReference } from "./reference-page.ts";
import { schemaFileUrl, schemaText } from "./schema-file.ts";

// When these fail: node --conditions=@cofferdam/source libs/manifest/src/generate-schema.ts && npm run format

test("the published JSON Schema is the one that the definition gives", () => {
  expect(JSON.parse(readFileSync(schemaFileUrl, "utf8"))).toEqual(JSON.parse(schemaText()));
});

test("the reference page has every field of the definition", () => {
  const page = readFileSync(referencePageUrl, "utf8");
  expect(unformatted(page)).toBe(unformatted(withReference(page)));
});

test("the manifest on the reference page is valid", () => {
  const example = /```yaml\n([^`]*)```/.exec(readFileSync(referencePageUrl, "utf8"))?.[1] ?? "";
  expect(parseManifest(example, { path: "docs/manifest.md" })).toMatchObject({ ok: true });
});
