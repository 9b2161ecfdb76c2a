import { type Manifest, parseLocation, type Problem } from "@cofferdam/manifest";

export type Pointed =
  | { readonly ok: true; readonly manifest: Manifest }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** The manifest with other places for some of its inputs. What is stored and hashed is the manifest as it was run. */
export function pointInputs(manifest: Manifest, locations: Readonly<Record<string, string>>): Pointed {
  const inputs = { ...manifest.spec.inputs };
  const problems: Problem[] = [];
  for (const [name, text] of Object.entries(locations)) {
    const input = inputs[name];
    const parsed = parseLocation(text);
    if (input === undefined) problems.push(unknownInput(name, Object.keys(inputs)));
    else if (!parsed.ok) problems.push({ ...parsed.fault, path: `spec.inputs.${name}.from`, line: 0, column: 0 });
    else inputs[name] = { ...input, from: parsed.location };
  }
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, manifest: { ...manifest, spec: { ...manifest.spec, inputs } } };
}

const unknownInput = (name: string, known: readonly string[]): Problem => ({
  path: "spec.inputs",
  line: 0,
  column: 0,
  reason: "UNKNOWN_REFERENCE",
  message: `there is no input ${JSON.stringify(name.slice(0, 80))} to point elsewhere`,
  mend: known.length === 0 ? "the manifest has no inputs" : `the inputs are ${known.join(", ")}`,
});
