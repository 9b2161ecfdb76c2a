import { writeFileSync } from "node:fs";
import { schemaFileUrl, schemaText } from "./schema-file.ts";

/** Writes the published JSON Schema: `node --conditions=@cofferdam/source libs/manifest/src/generate-schema.ts`. */
writeFileSync(schemaFileUrl, schemaText());
