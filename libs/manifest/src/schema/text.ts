import { z } from "zod";
import { type FileLocation, parseLocation } from "../location.ts";
import { checkRelativePath, normalizeRelativePath } from "../relative-path.ts";
import { checkableMediaTypes } from "../media-type.ts";
import { limits } from "../limits.ts";
import { refuse } from "./refusal.ts";

const dnsLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** RFC 1123 label: it becomes a path segment, a subject token and a host name. */
export const isName = (text: string): boolean => dnsLabel.test(text);

export const nameMend = "write 1 to 63 lowercase letters, digits and inner dashes";

export const name = (description: string) =>
  z
    .string()
    .meta({
      description: `${description} Lowercase letters, digits and inner dashes, at most 63.`,
      pattern: dnsLabel.source,
    })
    .superRefine((text, ctx) => {
      if (isName(text)) return;
      refuse(ctx, { reason: "INVALID_NAME", message: `${JSON.stringify(text)} is not a name`, mend: nameMend });
    });

/** At most 40 characters, since it is a token of run-log subjects too. */
export const teamName = () =>
  name("Team that the manifest belongs to.").superRefine((text, ctx) => {
    if (text.length <= 40) return;
    refuse(ctx, { reason: "INVALID_NAME", message: "the team's name is longer than 40", mend: "shorten it" });
  });

/** Path of a file beside the manifest. */
export const relativePath = (description: string) =>
  z
    .string()
    .meta({ description: `${description} Relative, with forward slashes, never leaving its root.` })
    .transform((text, ctx) => {
      const fault = checkRelativePath(text);
      if (fault !== undefined) refuse(ctx, fault);
      return normalizeRelativePath(text);
    });

export const location = (description: string) =>
  z
    .string()
    .meta({ description: `${description} \`file:<path below the manifest's folder>\` or \`file:///<absolute path>\`.` })
    .transform((text, ctx): FileLocation => {
      const parsed = parseLocation(text);
      if (parsed.ok) return parsed.location;
      refuse(ctx, parsed.fault);
      return z.NEVER;
    });

const label = /^[a-z0-9](?:[a-z0-9._/-]{0,61}[a-z0-9])?$/;

export const labels = () =>
  z
    .array(
      z.string().superRefine((text, ctx) => {
        if (label.test(text)) return;
        refuse(ctx, { reason: "INVALID_NAME", message: `${JSON.stringify(text)} is not a label`, mend: nameMend });
      }),
    )
    .max(limits.labels.max)
    .meta({ description: "What policy knows about the data, such as phi or confidential. Results inherit them." })
    .transform((list) => [...new Set(list)].sort())
    .prefault([]);

const mediaTypeShape = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/;

export const mediaType = () =>
  z
    .string()
    .meta({ description: "IANA media type, without parameters.", examples: ["application/xml", "text/csv"] })
    .superRefine((text, ctx) => {
      if (mediaTypeShape.test(text)) {
        if (checkableMediaTypes.includes(text)) return;
        return refuse(ctx, {
          reason: "UNSUPPORTED",
          message: `content cannot be checked against ${text} yet`,
          mend: `use one of: ${checkableMediaTypes.join(", ")}`,
        });
      }
      refuse(ctx, {
        reason: "INVALID_VALUE",
        message: `${JSON.stringify(text)} is not a media type`,
        mend: "write type/subtype in lowercase, such as text/csv",
      });
    });
