import { describe, expect, test } from "@jest/globals";
import { type ContentFile, type Output, parseManifest } from "@cofferdam/manifest";
import { digestOfFile, mergeOutput, OutputConflict, publishedPath } from "./merge-outputs.ts";

const file = (path: string, text: string): ContentFile => ({
  path,
  sizeBytes: text.length,
  async *read() {
    yield Buffer.from(text);
  },
});

function output(path: string, merge?: "concat"): Output {
  const parsed = parseManifest(
    JSON.stringify({
      apiVersion: "cofferdam.dev/v1",
      kind: "Manifest",
      metadata: { name: "m" },
      spec: {
        agent: { model: "m", instructions: { text: "x" } },
        outputs: { o: { path, to: "file:./r/", ...(merge && { merge }) } },
      },
    }),
    { path: "m" },
  );
  const o = parsed.ok ? parsed.manifest.spec.outputs["o"] : undefined;
  if (o === undefined) throw new Error("the manifest of this test is invalid");
  return o;
}

const tasks = [
  { taskId: "t001", files: [file("out/a.txt", "1\n"), file("out/x/1", "x"), file("other", "")] },
  { taskId: "t002", files: [file("out/a.txt", "2\n"), file("out/x/2", "y")] },
];

describe("merging what several tasks wrote", () => {
  test("folders are united, sorted by path", () => {
    expect(mergeOutput("o", output("out/x"), tasks).map(({ path }) => path)).toEqual(["out/x/1", "out/x/2"]);
  });

  test("one path from two tasks is a conflict that names both", () => {
    expect(() => mergeOutput("o", output("out/a.txt"), tasks)).toThrow(OutputConflict);
    expect(() => mergeOutput("o", output("out/a.txt"), tasks)).toThrow("t001, t002");
  });

  test("concat puts the bytes in the order of the tasks", async () => {
    const [joined] = mergeOutput("o", output("out/a.txt", "concat"), tasks);
    expect(joined).toMatchObject({ path: "out/a.txt", sizeBytes: 4 });
    expect(joined && (await digestOfFile(joined))).toBe(await digestOfFile(file("", "1\n2\n")));
  });

  test("what is not below the output's place does not leave", () => {
    expect(mergeOutput("o", output("out/nothing"), tasks)).toEqual([]);
  });
});

test.each([
  ["out/a.jsonl", "out/a.jsonl", "a.jsonl"],
  ["out/report/x/a.csv", "out/report", "report/x/a.csv"],
  ["a.txt", "a.txt", "a.txt"],
])("%s of output %s is published as %s", (path, place, published) => {
  expect(publishedPath(path, { path: place })).toBe(published);
});
