import { readFileSync, writeFileSync } from "node:fs";
import { referencePageUrl, withReference } from "./reference-page.ts";
import { schemaFileUrl, schemaText } from "./schema-file.ts";

/**
 * Writes what is published of the definition, the JSON Schema and the table of fields:
 * `node --conditions=@cofferdam/source libs/manifest/src/generate-schema.ts`, then `npm run format`.
 */
writeFileSync(schemaFileUrl, schemaText());
writeFileSync(referencePageUrl, withReference(readFileSync(referencePageUrl, "utf8")));
