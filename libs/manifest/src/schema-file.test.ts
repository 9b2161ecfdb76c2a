import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { schemaFileUrl, schemaText } from "./schema-file.ts";

test("the published JSON Schema is the one that the definition gives", () => {
  // When this fails: node --conditions=@cofferdam/source libs/manifest/src/generate-schema.ts
  expect(JSON.parse(readFileSync(schemaFileUrl, "utf8"))).toEqual(JSON.parse(schemaText()));
});
