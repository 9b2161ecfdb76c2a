import { createHash } from "node:crypto";
import type { ContentFile, Output } from "@cofferdam/manifest";
import { belongsTo } from "./outputs.ts";

/** What one task left, in the order of the tasks. */
export interface TaskFiles {
  readonly taskId: string;
  readonly files: readonly ContentFile[];
}

/** Two tasks wrote one path, and the manifest does not say how the two become one. */
export class OutputConflict extends Error {
  override readonly name = "OutputConflict";
}

/** Files of an output, merged over the tasks that wrote it, sorted by path. Paths are relative to the workspace. */
export function mergeOutput(name: string, output: Output, tasks: readonly TaskFiles[]): ContentFile[] {
  const byPath = new Map<string, { taskId: string; file: ContentFile }[]>();
  for (const { taskId, files } of tasks) {
    for (const file of files) {
      if (!belongsTo(file.path, output)) continue;
      byPath.set(file.path, [...(byPath.get(file.path) ?? []), { taskId, file }]);
    }
  }
  return [...byPath]
    .toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([path, parts]) => {
      const [first, second] = parts;
      if (first !== undefined && second === undefined) return first.file;
      if (output.merge === "concat")
        return concatenation(
          path,
          parts.map(({ file }) => file),
        );
      const writers = parts
        .slice(0, 5)
        .map(({ taskId }) => taskId)
        .join(", ");
      throw new OutputConflict(
        `output ${name}: ${path} was written by several tasks (${writers}); set spec.outputs.${name}.merge, write one file per task, or add spec.agent.join`,
      );
    });
}

function concatenation(path: string, parts: readonly ContentFile[]): ContentFile {
  return {
    path,
    sizeBytes: parts.reduce((sum, part) => sum + part.sizeBytes, 0),
    async *read() {
      for (const part of parts) yield* part.read();
    },
  };
}

/** Path of a file below the place that its output is published to: `out/report/a.csv` of `out/report` is `report/a.csv`. */
export function publishedPath(path: string, output: Pick<Output, "path">): string {
  const folder = output.path.replace(/\/$/, "").split("/").slice(0, -1).join("/");
  return folder === "" ? path : path.slice(folder.length + 1);
}

export async function digestOfFile(file: ContentFile): Promise<`sha256:${string}`> {
  const hash = createHash("sha256");
  for await (const chunk of file.read()) hash.update(chunk);
  return `sha256:${hash.digest("hex")}`;
}
