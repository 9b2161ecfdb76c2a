import type { sandbox } from "@cofferdam/contracts";
import { filePath, topOf, type WorkspacePath } from "@cofferdam/sandbox-provider";
import { invalid } from "./errors.ts";

/** A tree of the snapshot store and where it is shown. */
export interface MountPlan {
  readonly treeDigest: string;
  readonly paths: readonly string[];
  readonly target: WorkspacePath;
  /** First component of the target: a folder directly below the workspace that is read-only as a whole. */
  readonly top: string;
}

const digest = /^sha256:[0-9a-f]{64}$/;
/** Names that bubblewrap and the shell need no thought about. */
const topName = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/;

export function mountPlans(mounts: readonly sandbox.Mount[]): readonly MountPlan[] {
  const plans = mounts.map((mount, i) => planOf(mount, `mounts[${i}]`));
  for (const [i, { target }] of plans.entries()) {
    const other = plans.findIndex((p, j) => j !== i && (p.target === target || p.target.startsWith(`${target}/`)));
    if (other !== -1)
      throw invalid(`mounts[${other}].target`, `lies on mounts[${i}]`, "give each mount a folder of its own");
  }
  return plans;
}

export const isDigest = (text: string): boolean => digest.test(text);

function planOf(mount: sandbox.Mount, field: string): MountPlan {
  if (!isDigest(mount.treeDigest)) throw invalid(`${field}.tree_digest`, "is no digest", "give sha256:<64 hex digits>");
  const target = filePath(mount.target);
  const top = topOf(target);
  if (!topName.test(top))
    throw invalid(`${field}.target`, "starts with an odd name", "use letters, digits, dots and dashes");
  return { treeDigest: mount.treeDigest, paths: mount.paths.map((path) => filePath(path)), target, top };
}

export const topsOf = (plans: readonly MountPlan[]): readonly string[] =>
  [...new Set(plans.map((plan) => plan.top))].sort();
