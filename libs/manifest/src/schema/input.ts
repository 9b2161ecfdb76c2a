import { z } from "zod";
import { limits } from "../limits.ts";
import { checkPattern } from "../pattern.ts";
import { checkRelativePath } from "../relative-path.ts";
import { count, size } from "./quantity.ts";
import { refuse } from "./refusal.ts";
import { labels, location, mediaType } from "./text.ts";

export const digestText = z
  .string()
  .meta({ description: "sha256: and 64 lowercase hexadecimal digits.", pattern: "^sha256:[0-9a-f]{64}$" })
  .superRefine((text, ctx) => {
    if (/^sha256:[0-9a-f]{64}$/.test(text)) return;
    refuse(ctx, {
      reason: "INVALID_VALUE",
      message: "the digest is not sha256: and 64 lowercase hexadecimal digits",
      mend: "copy it from `cofferdam show` or sha256sum",
    });
  });

const pattern = z.string().superRefine((text, ctx) => {
  const fault = checkPattern(text);
  if (fault !== undefined) refuse(ctx, fault);
});

const patterns = (description: string) => z.array(pattern).max(limits.patterns.max).meta({ description });

const inputLimits = z
  .strictObject({
    files: count(limits.inputFiles, "Most files.").prefault(limits.inputFiles.initial),
    bytes: size(limits.inputBytes, "Most bytes in all.").prefault(limits.inputBytes.initial),
    fileBytes: size(limits.inputFileBytes, "Most bytes in one file.").prefault(limits.inputFileBytes.initial),
  })
  .meta({ description: "Checked on the listing, before a byte is read." });

const expectation = z
  .strictObject({
    mediaTypes: z
      .array(mediaType())
      .min(1)
      .max(32)
      .optional()
      .meta({ description: "What each file must be, by its content." }),
    utf8: z.boolean().prefault(false).meta({ description: "Whether each file must be valid UTF-8." }),
    minFiles: count({ ...limits.minFiles, initial: 1 }, "Fewest files.").prefault(1),
  })
  .meta({ description: "Checked before the agent sees anything." });

const pin = z
  .strictObject({
    digest: digestText.optional().meta({ description: "Digest of the input's tree." }),
    digests: z
      .record(z.string(), digestText)
      .optional()
      .meta({ description: "Digest of each selected file, by its path in the input." }),
  })
  .meta({ description: "The run is refused when the bytes differ from these." })
  .superRefine((value, ctx) => {
    const paths = Object.keys(value.digests ?? {});
    if (value.digest === undefined && paths.length === 0) {
      refuse(ctx, {
        reason: "MISSING_FIELD",
        message: "pin names no digest",
        mend: "add digest or digests, or drop pin",
      });
    }
    for (const path of paths) {
      const fault = checkRelativePath(path);
      if (fault !== undefined) refuse(ctx, fault, ["digests", path]);
    }
  });

export const inputSchema = z
  .strictObject({
    from: location("Folder or file that the input is read from."),
    include: patterns("Paths to select, as glob patterns relative to `from`. Nothing else is ever visible.")
      .min(1)
      .prefault(["**"]),
    exclude: patterns("Paths to leave out of what `include` selects.").prefault([]),
    limits: inputLimits.prefault({}),
    expect: expectation.prefault({}),
    pin: pin.optional(),
    labels: labels(),
  })
  .meta({ description: "A read-only set of files, pinned when the run is submitted." });

export type Input = z.output<typeof inputSchema>;
