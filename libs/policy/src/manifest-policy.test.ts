import { expect, test } from "@jest/globals";
import { array, assert, boolean, constantFrom, property } from "fast-check";
import { createManifestPolicy, type PolicyRequest } from "./index.ts";

const policy = createManifestPolicy({
  tools: ["exec_command", "apply_patch"],
  outputs: { report: "report", table: "out/table.csv" },
});
const principal = { type: "Task", id: "r1/t001" } as const;

const call = (tool: string, context: Extract<PolicyRequest, { action: "tool.call" }>["context"] = {}) =>
  policy.decide({ principal, action: "tool.call", resource: { type: "Tool", id: tool }, context });
const publish = (output: string, path: string) =>
  policy.decide({ principal, action: "output.publish", resource: { type: "Output", id: output }, context: { path } });

test("a declared tool is allowed, and the policy that permits it is named", () => {
  expect(call("exec_command")).toEqual({
    decision: "allow",
    policies: ["manifest.tool-declared"],
    reason: "the manifest gives the agent exec_command",
  });
});

test("what no policy permits is denied", () => {
  expect(call("view_image")).toEqual({ decision: "deny", policies: [], reason: "no policy permits this" });
  expect(call("constructor").decision).toBe("deny");
});

test.each(["/", "/etc", "..", "../..", "/workspace/../etc", "/workspacex", "a\0b", ""])(
  "a working directory outside the workspace is denied: %j",
  (workdir) => {
    expect(call("exec_command", { workdir })).toMatchObject({ decision: "deny" });
    expect(call("exec_command", { workdir }).policies).toContain("manifest.workdir-contained");
  },
);

test.each([".", "sub", "/workspace", "/workspace/a/../b", "/tmp/x", "inputs/records"])(
  "a working directory within the workspace is allowed: %j",
  (workdir) => {
    expect(call("exec_command", { workdir }).decision).toBe("allow");
  },
);

test("a patch outside the workspace is denied, also by way of its working directory", () => {
  expect(call("apply_patch", { writes: ["/etc/passwd"] }).policies).toEqual(["manifest.path-contained"]);
  expect(call("apply_patch", { workdir: "/tmp", writes: ["../home/x"] }).policies).toEqual(["manifest.path-contained"]);
});

test("inputs and other tasks' results may be read and not written", () => {
  expect(call("apply_patch", { reads: ["inputs/a.csv"] }).decision).toBe("allow");
  expect(call("apply_patch", { writes: ["inputs/a.csv"] }).policies).toEqual(["manifest.inputs-read-only"]);
  expect(call("apply_patch", { writes: ["x/../tasks/t1/a"] }).policies).toEqual(["manifest.inputs-read-only"]);
});

test("an output is published from its own place only", () => {
  expect(publish("report", "report/summary.md").decision).toBe("allow");
  expect(publish("table", "out/table.csv").decision).toBe("allow");
  expect(publish("report", "report/../secret").policies).toEqual(["manifest.output-contained"]);
  expect(publish("report", "reports/x").policies).toEqual(["manifest.output-contained"]);
  expect(publish("toString", "report/x").policies).toEqual([]);
});

test("no spelling of a path writes outside the workspace or into inputs", () => {
  const segment = constantFrom("..", ".", "", "a", "inputs", "tasks", "workspace", "tmp", "etc");
  const denied = (path: string) => call("apply_patch", { writes: [path] }).decision === "deny";
  const spelling = property(array(segment, { maxLength: 8 }), boolean(), (segments, absolute) => {
    const path = (absolute ? "/" : "") + segments.join("/");
    return denied(path) || isWritable(path);
  });
  expect(() => assert(spelling, { numRuns: 2_000 })).not.toThrow();
});

/** An independent reading: segments on a stack, as a kernel would walk them. */
function isWritable(path: string): boolean {
  const stack = path.startsWith("/") ? [] : ["workspace"];
  for (const segment of path.split("/")) {
    if (segment === "..") stack.pop();
    else if (segment !== "" && segment !== ".") stack.push(segment);
  }
  const [top, next] = stack;
  return top === "tmp" || (top === "workspace" && next !== "inputs" && next !== "tasks");
}
