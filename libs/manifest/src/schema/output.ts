import { z } from "zod";
import { limits } from "../limits.ts";
import { isWithin } from "../relative-path.ts";
import { count, size } from "./quantity.ts";
import { refuse } from "./refusal.ts";
import { labels, location, mediaType, relativePath } from "./text.ts";

/** Folders of the workspace that hold what the run was given. */
export const reservedFolders = ["inputs", "tasks"] as const;

const outputPath = relativePath("File or folder in the workspace that is published.").superRefine((path, ctx) => {
  const reserved = reservedFolders.find((folder) => isWithin(path.toLowerCase(), folder));
  if (reserved === undefined) return;
  refuse(ctx, {
    reason: "PATH_RESERVED",
    message: `output path ${JSON.stringify(path)} is in ${reserved}/, which holds read-only inputs`,
    mend: "choose another folder, such as out/",
  });
});

/** A JSON Schema, in place or as a file beside the manifest. */
const schemaFile = z
  .union([relativePath("File that holds a JSON Schema (2020-12)."), z.record(z.string(), z.unknown())])
  .meta({ description: "JSON Schema that each JSON document must fit; of .jsonl and .ndjson files each line is one." });

const expectation = z
  .strictObject({
    schema: schemaFile.optional(),
    minFiles: count({ ...limits.minFiles, initial: 1 }, "Fewest files.").prefault(1),
    maxBytes: size(limits.outputBytes, "Most bytes in all.").prefault(limits.outputBytes.initial),
    mediaType: mediaType().optional(),
  })
  .meta({ description: "Checked before anything is published." });

export const outputSchema = z
  .strictObject({
    path: outputPath,
    to: location("Folder that the output is published to, below a folder named after the run."),
    expect: expectation.prefault({}),
    merge: z.enum(["concat"]).optional().meta({
      description:
        "How files that several tasks wrote under one path become one: `concat` puts their bytes in item order. Absent: two such files are an error.",
    }),
    labels: labels(),
  })
  .meta({ description: "A place in the workspace that leaves the sandbox. Nothing else does." });

export type Output = z.output<typeof outputSchema>;
