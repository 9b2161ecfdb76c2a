/** Where an output stands in the workspace: a file, or a folder written with a final slash or found to be one. */
export interface OutputPlace {
  readonly path: string;
}

/** Folders that must exist before the agent starts, so that it can write its outputs. */
export function outputDirectories(outputs: Readonly<Record<string, OutputPlace>>): string[] {
  const folders = Object.values(outputs).map(({ path }) =>
    path.endsWith("/") ? path.slice(0, -1) : path.split("/").slice(0, -1).join("/"),
  );
  return [...new Set(folders.filter((folder) => folder !== ""))];
}

/** Whether a workspace path belongs to an output. */
export function belongsTo(path: string, output: OutputPlace): boolean {
  const base = output.path.replace(/\/$/, "");
  return path === base || path.startsWith(`${base}/`);
}
