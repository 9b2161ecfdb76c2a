/** The part of a JSON Schema that says which fields an object has. */
interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
}

/** Names of the fields that the schema knows at a path; empty where it knows none. */
export function knownFields(schema: object, path: readonly PropertyKey[]): string[] {
  let nodes: SchemaNode[] = alternatives(schema);
  for (const segment of path) nodes = nodes.flatMap((node) => below(node, segment));
  return [...new Set(nodes.flatMap((node) => Object.keys(node.properties ?? {})))];
}

const alternatives = (node: SchemaNode): SchemaNode[] => [node, ...(node.anyOf ?? []).flatMap(alternatives)];

function below(node: SchemaNode, segment: PropertyKey): SchemaNode[] {
  const properties = node.properties ?? {};
  const child =
    typeof segment === "number"
      ? node.items
      : Object.hasOwn(properties, segment)
        ? properties[String(segment)]
        : node.additionalProperties;
  return typeof child === "object" ? alternatives(child) : [];
}
