import { renderTree } from "./render-tree.ts";
import type { Manifest } from "./schema/manifest.ts";
import type { Output } from "./schema/output.ts";
import { formatDuration, formatSize } from "./units.ts";

/** Name and size of a pinned file. */
export interface ListedFile {
  /** Relative to its input or task, with forward slashes. */
  readonly path: string;
  readonly sizeBytes: number;
}

/** What of a run's data one task sees. */
export interface WorkspaceView {
  /** Files of each input that this task sees, by the input's name. */
  readonly inputs: Readonly<Record<string, readonly ListedFile[]>>;
  /** For a task of a fan-out: the file it is to work on, relative to the input it fans out over. */
  readonly item?: string;
  /** For a join: what the tasks before it left, by task id. */
  readonly tasks?: Readonly<Record<string, readonly ListedFile[]>>;
}

/** Where the workspace stands inside a sandbox. */
export const WORKSPACE = "/workspace";

/** Bounds of the tree, as models are used to them. */
const TREE_LINES = 120;
const TEXT_CHARS = 12_000;

/**
 * The workspace in words for the model: what is where, what is read-only, where results go, which limits hold. Made from
 * the manifest and the pinned listing alone, so that the same run always gives the same text. At most 12,000 characters.
 */
export function renderWorkspace(manifest: Manifest, view: WorkspaceView): string {
  const { spec } = manifest;
  const head = [
    "# Workspace",
    "",
    `Your working directory is ${WORKSPACE}. It is a sandbox of your own, without network.`,
    ...section("Inputs (read-only)", inputLines(manifest, view)),
    ...section("Results", resultLines(spec.outputs)),
    ...section("Limits", [limitLine(manifest)]),
  ].join("\n");
  const bounded = head.length > TEXT_CHARS / 2 ? `${head.slice(0, TEXT_CHARS / 2)}\n…` : head;
  const tree = renderTree(treeFiles(view), {
    root: WORKSPACE,
    lines: TREE_LINES,
    chars: TEXT_CHARS - bounded.length - 40,
  });
  return `${bounded}\n\n## Files\n\n${tree}\n`;
}

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ["", `## ${title}`, "", ...lines];

const labelled = (labels: readonly string[]): string => (labels.length === 0 ? "" : `; labels: ${labels.join(", ")}`);

function inputLines({ spec }: Manifest, view: WorkspaceView): string[] {
  const lines = Object.entries(spec.inputs).map(([name, input]) => {
    const files = view.inputs[name] ?? [];
    return `- ${WORKSPACE}/inputs/${name}: ${amount(files)}${labelled(input.labels)}`;
  });
  const over = spec.compute.parallel?.over;
  if (view.item !== undefined && over !== undefined) {
    lines.push(`- Your item, the one file that you work on: ${quoted(`${WORKSPACE}/inputs/${over}/${view.item}`)}`);
  }
  const tasks = Object.entries(view.tasks ?? {});
  if (tasks.length > 0) {
    const all = tasks.flatMap(([, files]) => files);
    lines.push(`- ${WORKSPACE}/tasks/<task>: what ${tasks.length} tasks before you left, ${amount(all)} in all`);
  }
  return lines;
}

function resultLines(outputs: Readonly<Record<string, Output>>): string[] {
  const lines = Object.entries(outputs).map(([name, { path, expect, labels }]) => {
    const schema = expect.schema === undefined ? "" : "; each JSON document must fit the output's JSON Schema";
    const type = expect.mediaType === undefined ? "" : `; of type ${expect.mediaType}`;
    const least = `at least ${expect.minFiles} ${expect.minFiles === 1 ? "file" : "files"}`;
    const most = `at most ${formatSize(expect.maxBytes)}`;
    return `- ${quoted(`${WORKSPACE}/${path}`)} (${name}): ${least}, ${most}${type}${schema}${labelled(labels)}`;
  });
  if (lines.length === 0) return ["Nothing leaves the sandbox but your closing words."];
  return ["Write results to these places. Nothing else leaves the sandbox.", "", ...lines];
}

function limitLine({ spec }: Manifest): string {
  const { cpu, memoryBytes, pids, timeoutMs } = spec.compute;
  return [
    `${cpu} ${cpu === 1 ? "core" : "cores"}`,
    `${formatSize(memoryBytes)} of memory`,
    `${pids} processes`,
    `${formatSize(spec.workspace.sizeBytes)} of files`,
    `each command ends after ${formatDuration(timeoutMs)}`,
  ].join(", ");
}

function amount(files: readonly ListedFile[]): string {
  const bytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  return `${files.length} ${files.length === 1 ? "file" : "files"}, ${bytes} bytes`;
}

function treeFiles(view: WorkspaceView): ListedFile[] {
  const below = (folder: string, entries: Readonly<Record<string, readonly ListedFile[]>>) =>
    Object.entries(entries).flatMap(([name, files]) =>
      files.map((file) => ({ path: `${folder}/${name}/${file.path}`, sizeBytes: file.sizeBytes })),
    );
  return [...below("inputs", view.inputs), ...below("tasks", view.tasks ?? {})];
}

/** A file's name is data that others chose: where it could pass for text of ours, it is quoted. */
export const quoted = (path: string): string => (/^[\w./+@=,-]+$/.test(path) ? path : JSON.stringify(path));
