/** The parts of a JSON Schema that the reference shows. */
interface Field {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly const?: string;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Field[];
  readonly items?: Field;
  readonly properties?: Readonly<Record<string, Field>>;
  readonly additionalProperties?: Field | boolean;
  readonly required?: readonly string[];
}

interface Row {
  readonly path: string;
  readonly type: string;
  readonly required: boolean;
  readonly description: string;
}

/** A Markdown table of every field that the JSON Schema of manifests knows. */
export function referenceTable(schema: object): string {
  const rows = rowsOf(schema, "", false).filter(({ path }) => path !== "");
  const lines = rows.map(({ path, type, required, description }) => {
    const must = required ? "**required.** " : "";
    return `| \`${path}\` | ${type} | ${must}${description.replaceAll("|", "\\|")} |`;
  });
  return ["| field | value | meaning |", "| --- | --- | --- |", ...lines].join("\n");
}

function rowsOf(field: Field, path: string, required: boolean): Row[] {
  const row = { path, type: typeOf(field), required, description: field.description ?? "" };
  const shapes = [field, ...(field.anyOf ?? [])];
  const below = shapes.flatMap((shape) => [
    ...Object.entries(shape.properties ?? {}).flatMap(([name, child]) =>
      rowsOf(child, path === "" ? name : `${path}.${name}`, shape.required?.includes(name) ?? false),
    ),
    ...(typeof shape.additionalProperties === "object" && hasFields(shape.additionalProperties)
      ? rowsOf(shape.additionalProperties, `${path}.<name>`, false)
      : []),
  ]);
  return [row, ...below];
}

const hasFields = (field: Field): boolean => field.properties !== undefined;

function typeOf(field: Field): string {
  if (field.const !== undefined) return `\`${field.const}\``;
  if (field.enum !== undefined) return field.enum.map((value) => `\`${value}\``).join(", ");
  if (field.anyOf !== undefined) return [...new Set(field.anyOf.map(typeOf))].join(" or ");
  if (typeof field.type === "object") return field.type.map((type) => typeOf({ type })).join(" or ");
  if (field.type === "array") return `list of ${field.items === undefined ? "any" : typeOf(field.items)}`;
  if (field.type === "object") return "mapping";
  return field.type === "string" ? "text" : (field.type ?? "any");
}
