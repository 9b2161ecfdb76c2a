/**
 * An agent that takes a given number of steps, each of which appends its number to a file in the workspace: whatever is
 * executed twice or not at all shows in the output.
 */
export interface CountingAgent {
  readonly steps: number;
  /** What each command does besides, e.g. `sleep 0.2`. */
  readonly also?: string;
  /** Further lines of the manifest's spec. */
  readonly spec?: string;
}

/** Files of a manifest whose scripted model counts. */
export const countingAgent = ({ steps, also = "true", spec = "" }: CountingAgent): Record<string, string> => ({
  "manifest.yaml": `apiVersion: cofferdam.dev/v1
kind: Manifest
metadata: { name: counting }
spec:
  inputs:
    words: { from: "file:./words", include: ["*.txt"] }
  outputs:
    numbers: { path: out/numbers.txt, to: "file:./results/", merge: concat }
  agent: { model: gpt-5.5, instructions: AGENTS.md, script: model.mjs, tools: [exec_command] }
${spec}`,
  "AGENTS.md": "Count.\n",
  "words/a.txt": "alpha\n",
  "words/b.txt": "beta\n",
  "words/c.txt": "gamma\n",
  "model.mjs": `const exec = (cmd) => ({
  name: "exec_command",
  arguments: { cmd, workdir: null, shell: null, login: null, tty: null, yield_time_ms: null, max_output_tokens: null },
});
export default ({ turns }) =>
  turns.length < ${steps}
    ? { calls: [exec(\`mkdir -p out && echo \${turns.length + 1} >> out/numbers.txt && ${also}\`)] }
    : { text: "Counted to ${steps}." };
`,
});

/** What the output must hold. */
export const counted = (steps: number): string => Array.from({ length: steps }, (_, i) => `${i + 1}\n`).join("");
