import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { stringify } from "yaml";
import { canonicalManifest, manifestDigest, parseManifest, readCanonicalManifest } from "./index.ts";
import { schemaFileUrl } from "./schema-file.ts";

const name = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,10}[a-z0-9])?$/);
const segment = fc.stringMatching(/^[A-Za-z0-9_]{1,8}$/);
const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((s) => s.join("/"));
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const size = fc.constantFrom("64MiB", "1GiB", "100MB", 70_000_000);
const labels = optional(fc.array(name, { maxLength: 3 }));
const location = fc.oneof(
  path.map((p) => `file:${p}`),
  path.map((p) => `file:///${p}`),
);

const input = fc.record(
  {
    from: location,
    include: fc.array(fc.constantFrom("**", "*.csv", "a/**/*.{json,xml}"), { minLength: 1, maxLength: 2 }),
    exclude: fc.array(fc.constantFrom("**/x", "*.tmp"), { maxLength: 2 }),
    limits: fc.record({ files: fc.constantFrom(10, "2k"), bytes: size }, { requiredKeys: [] }),
    expect: fc.record({ utf8: fc.boolean(), mediaTypes: fc.constant(["text/xml"]) }, { requiredKeys: [] }),
    pin: fc.constant({ digest: `sha256:${"0a".repeat(32)}` }),
    labels: fc.array(name, { maxLength: 3 }),
  },
  { requiredKeys: ["from"] },
);

const outputs = fc
  .uniqueArray(name, { maxLength: 3 })
  .chain((names) => fc.tuple(fc.constant(names), fc.array(location, { minLength: 3, maxLength: 3 }), labels))
  .map(([names, places, marks]) =>
    Object.fromEntries(
      names.map((n, i) => [n, { path: `out/${n}`, to: places[i], ...(marks === undefined ? {} : { labels: marks }) }]),
    ),
  );

const manifest = fc
  .record({
    inputs: fc.dictionary(name, input, { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
    outputs,
    compute: fc.record(
      { memory: size, timeout: fc.constantFrom("90s", "2h", "1500ms"), cpu: fc.constantFrom(0.5, 2) },
      { requiredKeys: [] },
    ),
    environment: fc.dictionary(
      fc.stringMatching(/^X_[A-Z]{1,5}$/),
      fc.string({ maxLength: 10 }).map((s) => s.replaceAll("\0", "")),
      { noNullPrototype: true },
    ),
    tools: fc.subarray(["shell", "apply_patch", "view_image", "exec_command"]),
    text: fc.string({ minLength: 1 }).filter((s) => s.trim() !== ""),
    parallel: fc.option(fc.integer({ min: 1, max: 256 }), { nil: undefined }),
    name,
  })
  .map(({ tools, text, parallel, name: title, compute, ...rest }) => ({
    apiVersion: "cofferdam.dev/v1",
    kind: "Manifest",
    metadata: { name: title },
    spec: {
      ...rest,
      compute:
        parallel === undefined
          ? compute
          : { ...compute, parallel: { over: Object.keys(rest.inputs)[0], max: parallel } },
      agent: { model: "gpt-5.5", instructions: { text }, tools },
    },
  }));

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test("every valid manifest reads the same from YAML, from JSON and from its canonical form", () => {
  const published = new Ajv2020({ strict: false }).compile(JSON.parse(readFileSync(schemaFileUrl, "utf8")));
  const roundTrip = fc.property(manifest, (document) => {
    const fromJson = parseManifest(JSON.stringify(document), { path: "m" });
    const fromYaml = parseManifest(stringify(document), { path: "m" });
    if (!fromJson.ok || !fromYaml.ok) throw new Error(JSON.stringify([fromJson, fromYaml]));
    const canonical = canonicalManifest(fromJson.manifest);
    expect(plain(fromYaml.manifest)).toEqual(plain(fromJson.manifest));
    expect(plain(readCanonicalManifest(canonical))).toEqual(plain(fromJson.manifest));
    expect(canonicalManifest(readCanonicalManifest(canonical))).toBe(canonical);
    expect(manifestDigest(fromYaml.manifest)).toBe(manifestDigest(fromJson.manifest));
    // The published schema accepts what the parser accepts, as written and in canonical form.
    expect([published(document), published(JSON.parse(canonical)), published.errors]).toEqual([true, true, null]);
  });
  expect(() => fc.assert(roundTrip, { numRuns: 60 })).not.toThrow();
});

test("order, units and comments do not change the digest; a limit does", () => {
  const text = (spec: string) =>
    `# c\nkind: Manifest\napiVersion: cofferdam.dev/v1\nmetadata: {name: x}\nspec:\n  agent: {instructions: A.md, model: m}\n${spec}`;
  const digest = (spec: string) => {
    const result = parseManifest(text(spec), { path: "m" });
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    return manifestDigest(result.manifest);
  };
  expect(digest("  compute: {memory: 1024MiB}")).toBe(digest("  compute: {timeout: 1800s, memory: 1GiB}"));
  expect(digest("")).toBe(digest("  compute: {memory: 1GiB}"));
  expect(digest("  compute: {memory: 2GiB}")).not.toBe(digest(""));
});

test("arbitrary text never throws, and has a problem or a manifest", () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom(
      "spec:",
      "\n  ",
      "inputs: {",
      "}",
      "[",
      "]",
      "- ",
      "&a ",
      "*a",
      "? ",
      ": ",
      "|",
      ">",
      "!!x ",
      "---\n",
      "\t",
      "%YAML 1.2",
      "'",
      '"',
      "#",
      "<<: ",
    ),
  );
  const text = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(""));
  const total = fc.property(text, (source) => {
    const result = parseManifest(source, { path: "m" });
    return result.ok || result.problems.every((p) => p.line >= 1 && p.column >= 1 && p.mend !== "" && p.message !== "");
  });
  expect(() => fc.assert(total, { numRuns: 2_000 })).not.toThrow();
});

test("a manifest with any one value replaced by rubbish never throws", () => {
  const rubbish = fc.jsonValue({ maxDepth: 2 });
  const mutated = fc.property(manifest, rubbish, fc.nat(), (document, value, pick) => {
    const target: unknown = plain(document);
    const slots: (() => void)[] = [];
    const collect = (node: unknown): void => {
      if (typeof node !== "object" || node === null) return;
      for (const key of Object.keys(node)) {
        const fields = node as Record<string, unknown>;
        slots.push(() => (fields[key] = value));
        collect(fields[key]);
      }
    };
    collect(target);
    slots[pick % slots.length]?.();
    const result = parseManifest(JSON.stringify(target), { path: "m" });
    return result.ok || result.problems.length > 0;
  });
  expect(() => fc.assert(mutated, { numRuns: 300 })).not.toThrow();
});
