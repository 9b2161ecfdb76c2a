import { z } from "zod";
import { manifestSchema } from "./schema/manifest.ts";

/** Where editors find the schema. */
export const SCHEMA_ID = "https://cofferdam.dev/schemas/manifest.v1.json";

/** JSON Schema (2020-12) of what may be written in a manifest. Published as `libs/manifest/manifest.schema.json`. */
export function manifestJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(manifestSchema, { io: "input", target: "draft-2020-12" });
  return { $schema, $id: SCHEMA_ID, title: "Cofferdam manifest", ...schema };
}
