import { manifestJsonSchema } from "./json-schema.ts";

/** The generated file that editors and other languages read. */
export const schemaFileUrl = new URL("../manifest.schema.json", import.meta.url);

export const schemaText = (): string => `${JSON.stringify(manifestJsonSchema(), undefined, 2)}\n`;
