import { absolutePath, isBelow, isPath } from "./containment.ts";
import { createPolicySet, type Policy } from "./policy-set.ts";
import type { CallTool, PolicyEngine } from "./request.ts";

/** What of a manifest decides requests. */
export interface ManifestGrant {
  /** Tools that the agent may call. */
  readonly tools: readonly string[];
  /** Path of each output by its name, relative to the workspace. */
  readonly outputs: Readonly<Record<string, string>>;
}

const WORKSPACE = "/workspace";
/** Folders in which tools may work: the workspace, and a private /tmp that goes with the sandbox. */
const workable = [WORKSPACE, "/tmp"];
/** Folders of the workspace that hold what the run was given. */
const readOnly = [`${WORKSPACE}/inputs`, `${WORKSPACE}/tasks`];

/**
 * The policies that follow from a manifest: its tools may be called, within the workspace, not writing to inputs; its
 * outputs may be published, from their own places. All else is denied. This names what a call says it will do; what a
 * command really can do is bounded by the sandbox.
 */
export function createManifestPolicy(grant: ManifestGrant): PolicyEngine {
  return createPolicySet([
    toolDeclared(grant),
    workdirContained,
    pathsContained,
    inputsReadOnly,
    outputDeclared(grant),
    outputContained(grant),
  ]);
}

const toolDeclared = ({ tools }: ManifestGrant): Policy => ({
  id: "manifest.tool-declared",
  effect: "permit",
  matches: ({ action, resource }) =>
    action === "tool.call" && resource.type === "Tool" && tools.includes(resource.id)
      ? `the manifest gives the agent ${resource.id}`
      : undefined,
});

const workdirOf = ({ context }: CallTool): string => absolutePath(context.workdir ?? ".", WORKSPACE);

const workdirContained: Policy = {
  id: "manifest.workdir-contained",
  effect: "forbid",
  matches: (request) => {
    if (request.action !== "tool.call") return undefined;
    const { workdir } = request.context;
    if (workdir !== undefined && !isPath(workdir)) return "the working directory is not a path";
    const path = workdirOf(request);
    return workable.some((root) => isBelow(path, root))
      ? undefined
      : `working directory ${path} is outside ${WORKSPACE}`;
  },
};

const pathsContained: Policy = {
  id: "manifest.path-contained",
  effect: "forbid",
  matches: (request) => {
    if (request.action !== "tool.call") return undefined;
    const { reads = [], writes = [] } = request.context;
    const outside = [...reads, ...writes].find((path) => {
      const resolved = absolutePath(path, workdirOf(request));
      return !isPath(path) || !workable.some((root) => isBelow(resolved, root));
    });
    return outside === undefined ? undefined : `path ${JSON.stringify(outside)} is outside ${WORKSPACE}`;
  },
};

const inputsReadOnly: Policy = {
  id: "manifest.inputs-read-only",
  effect: "forbid",
  matches: (request) => {
    if (request.action !== "tool.call") return undefined;
    const written = (request.context.writes ?? []).find((path) => {
      const resolved = absolutePath(path, workdirOf(request));
      return readOnly.some((root) => isBelow(resolved, root));
    });
    return written === undefined ? undefined : `path ${JSON.stringify(written)} is a read-only input`;
  },
};

const outputDeclared = ({ outputs }: ManifestGrant): Policy => ({
  id: "manifest.output-declared",
  effect: "permit",
  matches: ({ action, resource }) =>
    action === "output.publish" && resource.type === "Output" && Object.hasOwn(outputs, resource.id)
      ? `the manifest declares output ${resource.id}`
      : undefined,
});

const outputContained = ({ outputs }: ManifestGrant): Policy => ({
  id: "manifest.output-contained",
  effect: "forbid",
  matches: (request) => {
    if (request.action !== "output.publish" || !Object.hasOwn(outputs, request.resource.id)) return undefined;
    const { path } = request.context;
    const root = absolutePath(outputs[request.resource.id] ?? "", WORKSPACE);
    return isPath(path) && isBelow(absolutePath(path, WORKSPACE), root)
      ? undefined
      : `path ${JSON.stringify(path)} is not in output ${request.resource.id}`;
  },
});
