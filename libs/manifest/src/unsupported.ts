/** A field that the design has and this version refuses, because ignoring it would break what it promises. */
interface Unsupported {
  /** Segments; `*` stands for any one. */
  readonly path: readonly string[];
  readonly mend: string;
}

const field = (path: string, mend: string): Unsupported => ({ path: path.split("."), mend });

const unsupported: readonly Unsupported[] = [
  field("spec.egress", "remove it: sandboxes have no network, so copy what is needed into an input"),
  field("spec.approvals", "remove it and review the published outputs instead"),
  field("spec.agent.mcp", "remove it and give the agent files and tools of the sandbox"),
  field("spec.agent.skills", "put what the skill says into the instructions"),
  field("spec.agent.memory", "give the agent what it is to remember as an input"),
  field("spec.budgets.usd", "state the budget in tokens"),
  field("spec.budgets.egress", "remove it: sandboxes have no network"),
  field("spec.checkpoints.keep", "remove it: every checkpoint is kept"),
  field("spec.workspace.seed", "give the files as an input and let the agent copy them"),
  field("spec.inputs.*.lazy", "remove it: files are fetched before the agent starts"),
  field("spec.inputs.*.pin.versions", "pin the bytes with digest or digests"),
];

/** What to do about a field that is known but not carried out; undefined for any other. */
export function unsupportedMend(path: readonly PropertyKey[]): string | undefined {
  return unsupported.find(
    (entry) =>
      entry.path.length === path.length && entry.path.every((segment, i) => segment === "*" || segment === path[i]),
  )?.mend;
}
