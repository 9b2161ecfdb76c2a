import { expect, test } from "@jest/globals";
import { parseManifest } from "@cofferdam/manifest";
import { pointInputs } from "./point-inputs.ts";

const parsed = parseManifest(
  JSON.stringify({
    apiVersion: "cofferdam.dev/v1",
    kind: "Manifest",
    metadata: { name: "m" },
    spec: { agent: { model: "m", instructions: { text: "x" } }, inputs: { records: { from: "file:data" } } },
  }),
  { path: "m" },
);
if (!parsed.ok) throw new Error("the manifest of this test is invalid");
const { manifest } = parsed;

test("an input is read from elsewhere, the rest stays", () => {
  expect(pointInputs(manifest, { records: "file:///srv/x" })).toMatchObject({
    ok: true,
    manifest: { metadata: { name: "m" }, spec: { inputs: { records: { from: { path: "/srv/x", absolute: true } } } } },
  });
});

test("every wrong name and place is told, with what there is", () => {
  const result = pointInputs(manifest, { record: "file:///x", records: "ftp://x" });
  expect(result).toMatchObject({
    problems: [{ reason: "UNKNOWN_REFERENCE", mend: "the inputs are records" }, { path: "spec.inputs.records.from" }],
  });
});
