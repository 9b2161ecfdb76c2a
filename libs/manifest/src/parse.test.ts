import { expect, test } from "@jest/globals";
import { formatProblem, parseManifest, type Problem } from "./index.ts";

const parse = (text: string) => parseManifest(text, { path: "m.yaml" });
const problemsOf = (text: string): readonly Problem[] => {
  const result = parse(text);
  return result.ok ? [] : result.problems;
};
const mend = (line: string) => problemsOf(withSpec(line))[0]?.mend;
const brief = (text: string) => problemsOf(text).map((p) => `${p.line}:${p.column} ${p.reason} ${p.path}`);

/** The least manifest, with lines added to its spec (indented by two). */
const withSpec = (...lines: string[]) =>
  [
    "apiVersion: cofferdam.dev/v1",
    "kind: Manifest",
    "metadata: { name: report }",
    "spec:",
    "  agent: { model: gpt-5.5, instructions: AGENTS.md }",
    ...lines.map((line) => `  ${line}`),
  ].join("\n");

test("the least manifest gets every default", () => {
  const result = parse(withSpec());
  expect(result).toMatchObject({
    ok: true,
    manifest: {
      spec: {
        inputs: {},
        outputs: {},
        workspace: { sizeBytes: 4 * 1024 ** 3 },
        compute: { tier: "namespace", cpu: 1, memoryBytes: 1024 ** 3, pids: 256, timeoutMs: 1_800_000 },
        agent: { tools: ["exec_command", "apply_patch", "view_image"], instructions: { path: "AGENTS.md" } },
        checkpoints: { every: "step" },
      },
    },
  });
});

test("five different mistakes are five problems, each with its line and column", () => {
  const text = [
    "apiVersion: cofferdam.dev/v1",
    "kind: Manifest",
    "metadata: { name: Report }",
    "spec:",
    "  inputs:",
    "    prices:",
    "      from: file:data",
    "      limit: { files: 10 }",
    "  outputs:",
    "    report: { path: ../report, to: file:results }",
    "  compute: { memory: 1 gigabyte }",
    "  agent: { model: gpt-5.5 }",
  ].join("\n");
  expect(brief(text)).toEqual([
    "3:19 INVALID_NAME metadata.name",
    "8:7 UNKNOWN_FIELD spec.inputs.prices.limit",
    "10:21 PATH_ESCAPES spec.outputs.report.path",
    "11:22 INVALID_SIZE spec.compute.memory",
    "12:3 MISSING_FIELD spec.agent.instructions",
  ]);
});

test("JSON is accepted, and its problems are placed too", () => {
  const good = { apiVersion: "cofferdam.dev/v1", kind: "Manifest", metadata: { name: "x" } };
  const agent = { model: "m", instructions: "AGENTS.md" };
  expect(parse(JSON.stringify({ ...good, spec: { agent } })).ok).toBe(true);
  expect(parse(JSON.stringify({ ...good, spec: { agent } }, undefined, "\t")).ok).toBe(true);
  expect(brief(JSON.stringify({ ...good, spec: { agent, budgets: { tokens: -1 } } }, undefined, 2))).toEqual([
    "13:17 INVALID_COUNT spec.budgets.tokens",
  ]);
});

test("an unknown field names the nearest known one", () => {
  expect(mend("ouputs: {}")).toBe("did you mean outputs?");
  expect(mend("compute: { time_out: 3m }")).toBe("did you mean timeout?");
  expect(mend("compute: { paralel: 3 }")).toBe("did you mean parallel?");
  expect(mend("budgets: { tool-calls: 3 }")).toBe("did you mean toolCalls?");
  expect(mend("zebra: 1")).toMatch(/^the fields here are inputs, workspace, /);
});

test("a value that is not allowed names the nearest that is", () => {
  expect(problemsOf(withSpec("checkpoints: { every: stpe }"))[0]).toMatchObject({
    reason: "INVALID_VALUE",
    mend: "did you mean step?",
  });
});

test.each([
  ["egress: []", "spec.egress"],
  ["approvals: []", "spec.approvals"],
  ["budgets: { usd: 5 }", "spec.budgets.usd"],
  ["compute: { tier: microvm }", "spec.compute.tier"],
  ["inputs: { a: { from: 's3://bucket/x' } }", "spec.inputs.a.from"],
  ["inputs: { a: { from: 'git+https://host/x' } }", "spec.inputs.a.from"],
  ["inputs: { a: { from: 'file:a', lazy: true } }", "spec.inputs.a.lazy"],
  ["outputs: { a: { path: a, to: 'gs://bucket/x' } }", "spec.outputs.a.to"],
  ["workspace: { seed: { file: ./s } }", "spec.workspace.seed"],
  ["inputs: { a: { from: 'file:a', expect: { mediaTypes: [audio/ogg] } } }", "spec.inputs.a.expect.mediaTypes[0]"],
])("what is planned and not carried out is refused, never ignored: %s", (line, path) => {
  const problems = problemsOf(withSpec(line));
  expect(problems).toMatchObject([{ reason: "UNSUPPORTED", path }]);
  expect(problems[0]?.mend).not.toBe("");
});

test.each(["mcp: []", "skills: []", "memory: {}"])("an agent's %s is refused, never ignored", (field) => {
  const text = withSpec().replace("instructions:", `${field}, instructions:`);
  expect(problemsOf(text)).toMatchObject([{ reason: "UNSUPPORTED" }]);
});

test("a duplicate key is found where it stands the second time", () => {
  expect(brief(withSpec("environment:", "  A: x", "  B: x", "  A: y"))).toEqual([
    "9:5 DUPLICATE_KEY spec.environment.A",
  ]);
});

test.each([
  ["OPENAI_API_KEY: x", "SECRET_VALUE"],
  ["NOTE: sk-proj-abcdefghijklmnop1234", "SECRET_VALUE"],
  ["NOTE: AKIAIOSFODNN7EXAMPLE", "SECRET_VALUE"],
  ["NOTE: ghp_abcdefghijklmnopqrstuvwxyz0123456789", "SECRET_VALUE"],
  ["NOTE: 'https://user:pass@host/x'", "SECRET_VALUE"],
  ["PATH: /bin", "RESERVED_VARIABLE"],
  ["LD_PRELOAD: ./x.so", "RESERVED_VARIABLE"],
  ["NODE_OPTIONS: --require=./x", "RESERVED_VARIABLE"],
  ["BASH_ENV: ./x", "RESERVED_VARIABLE"],
  ["'A B': x", "INVALID_NAME"],
  ["'A=B': x", "INVALID_NAME"],
  ["__proto__: x", "INVALID_NAME"],
  ["A: 3", "WRONG_TYPE"],
  ['A: "a\\0b"', "INVALID_VALUE"],
])("environment %s is refused: %s", (line, reason) => {
  expect(problemsOf(withSpec("environment:", `  ${line}`)).map((p) => p.reason)).toEqual([reason]);
});

test("a credential is refused anywhere, and no message repeats it", () => {
  const secret = "AKIAIOSFODNN7EXAMPLE";
  const problems = problemsOf(`${withSpec()}\n  inputs: { a: { from: "file:data", include: ["${secret}"] } }`);
  expect(problems.map((p) => p.reason)).toEqual(["SECRET_VALUE"]);
  expect(JSON.stringify(problems)).not.toContain(secret);
});

const outputProblems = (a: string, b: string) =>
  problemsOf(withSpec(`outputs: { a: { path: "${a}", to: "file:r" }, b: { path: "${b}", to: "file:r" } }`));

test("outputs that are one place to a file system that ignores case or Unicode form are refused", () => {
  for (const [a, b] of [
    ["out", "out/"],
    ["out", "OUT"],
    ["out", "out/x.csv"],
    ["straße", "STRASSE"],
    ["ﬁle", "file"],
  ] as const) {
    expect(outputProblems(a, b)).toMatchObject([{ reason: "PATH_COLLISION", path: "spec.outputs.b.path" }]);
  }
  expect(outputProblems("out", "out2")).toEqual([]);
});

test("an output cannot lie among the inputs", () => {
  for (const path of ["inputs", "inputs/x", "Inputs/x", "tasks/t1", "./inputs/x"]) {
    const problems = problemsOf(withSpec(`outputs: { a: { path: "${path}", to: "file:r" } }`));
    expect(problems).toMatchObject([{ reason: "PATH_RESERVED" }]);
  }
});

const inputLine = (name: string) => `${name}: { from: "file:data" }`;

test("a number of parallel tasks means the only input, and is refused without one", () => {
  const result = parse(withSpec(`inputs: { ${inputLine("a")} }`, "compute: { parallel: 8 }"));
  expect(result).toMatchObject({ manifest: { spec: { compute: { parallel: { over: "a", max: 8 } } } } });
  for (const inputs of ["", `${inputLine("a")}, ${inputLine("b")}`]) {
    const problems = problemsOf(withSpec(`inputs: { ${inputs} }`, "compute: { parallel: 8 }"));
    expect(problems).toMatchObject([{ reason: "CONFLICT", path: "spec.compute.parallel" }]);
  }
});

test("fan-out over an input that does not exist names the nearest", () => {
  const text = withSpec('inputs: { records: { from: "file:d" } }', "compute: { parallel: { over: record, max: 2 } }");
  expect(problemsOf(text)).toMatchObject([{ reason: "UNKNOWN_REFERENCE", mend: "write records" }]);
});

test("a join without fan-out is refused", () => {
  expect(problemsOf(withSpec().replace("instructions:", "join: JOIN.md, instructions:"))).toMatchObject([
    { reason: "CONFLICT", path: "spec.agent.join" },
  ]);
});

test("limits have ceilings, and the message says them", () => {
  const [problem] = problemsOf(withSpec("compute: { memory: 1TiB, pids: 1 }"));
  expect(problem).toMatchObject({ reason: "OUT_OF_RANGE", mend: "choose between 64MiB and 256GiB" });
  expect(problemsOf(withSpec("compute: { memory: 1TiB, pids: 1 }"))).toHaveLength(2);
});

test("a wrong type says what stands there and what should", () => {
  expect(problemsOf(withSpec("inputs: [1]"))).toMatchObject([{ reason: "WRONG_TYPE", message: "this is a list" }]);
  expect(problemsOf(withSpec("inputs:"))).toMatchObject([{ reason: "WRONG_TYPE", message: "this is empty" }]);
  expect(problemsOf("- a")).toMatchObject([{ reason: "WRONG_TYPE", line: 1, column: 1 }]);
});

test("what is missing is placed at its parent", () => {
  expect(brief("# a comment\nkind: Manifest\nspec: {}\n")).toEqual([
    "2:1 MISSING_FIELD apiVersion",
    "2:1 MISSING_FIELD metadata",
    "3:1 MISSING_FIELD spec.agent",
  ]);
});

test("a problem prints as a compiler's message", () => {
  const [problem] = problemsOf(withSpec("ouputs: {}"));
  expect(problem && formatProblem(problem, "m.yaml")).toBe(
    'm.yaml:6:3  UNKNOWN_FIELD  spec.ouputs: there is no field "ouputs"\n    mend: did you mean outputs?',
  );
});

test("a problem that was found in an input gets its place in the text", () => {
  const result = parse(
    withSpec("inputs:", "  a.b-c: {}", "  data:", "    from: file:data", "    limits: { bytes: 1KiB }"),
  );
  expect(result.ok).toBe(false);
  const good = parse(withSpec("inputs:", "  data:", "    from: file:data", "    limits: { bytes: 1KiB }"));
  if (!good.ok) throw new Error(JSON.stringify(good.problems));
  const found = (path: string): Problem => ({
    path,
    line: 0,
    column: 0,
    reason: "INPUT_EMPTY",
    message: "m",
    mend: "n",
  });
  const places = good
    .locate(["limits.bytes", "limits.files", "include", "from"].map((field) => found(`spec.inputs.data.${field}`)))
    .map((p) => `${p.line}:${p.column} ${p.path}`);
  expect(places).toEqual([
    "9:24 spec.inputs.data.limits.bytes",
    "9:7 spec.inputs.data.limits.files",
    "7:5 spec.inputs.data.include",
    "8:13 spec.inputs.data.from",
  ]);
});
