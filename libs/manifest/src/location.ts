import { isAbsolute, posix, resolve } from "node:path";
import { checkRelativePath, normalizeRelativePath, type PathFault } from "./relative-path.ts";

/** A place outside the sandbox, read or written on the trusted side. */
export interface FileLocation {
  readonly scheme: "file";
  /** Absolute, or relative to the folder of the manifest; no trailing slash. Empty for that folder itself. */
  readonly path: string;
  readonly absolute: boolean;
}

export type ParsedLocation =
  | { readonly ok: true; readonly location: FileLocation }
  | { readonly ok: false; readonly fault: PathFault };

/** Schemes that are planned and refused today. */
const remote = ["s3:", "gs:", "az:", "r2:", "git+https:", "git+ssh:", "https:", "http:", "box:"];

const refuse = (reason: PathFault["reason"], message: string, mend: string): ParsedLocation => ({
  ok: false,
  fault: { reason, message, mend },
});

/**
 * Reads `file:<path relative to the manifest>` or `file:///<absolute path>`. A relative location stays in the
 * manifest's own folder, so that the folder can be moved; any other place must be written out in full, so that nobody
 * reaches it by accident.
 */
export function parseLocation(text: string): ParsedLocation {
  const shown = JSON.stringify(text);
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(text)?.[0].toLowerCase();
  if (scheme !== undefined && remote.includes(scheme)) {
    return refuse(
      "UNSUPPORTED",
      `locations of scheme ${scheme} are not supported yet`,
      "copy the data to a folder and name it with file:",
    );
  }
  if (scheme !== "file:") {
    return refuse("INVALID_LOCATION", `${shown} is not a location`, `write file: and a path, such as file:./data/`);
  }
  const rest = text.slice("file:".length);
  if (!rest.startsWith("/")) {
    const fault = checkRelativePath(rest, { allowRoot: true });
    if (fault === undefined) {
      return { ok: true, location: { scheme: "file", path: normalizeRelativePath(rest), absolute: false } };
    }
    return fault.reason === "PATH_ESCAPES"
      ? refuse(fault.reason, fault.message, "keep it below the manifest's folder, or write an absolute file:///path")
      : { ok: false, fault };
  }
  if (rest.startsWith("//") && !rest.startsWith("///")) {
    return refuse("INVALID_LOCATION", `${shown} names a host`, "write file:///path for a place on this machine");
  }
  const path = rest.replace(/^\/+/, "");
  const fault = checkRelativePath(path === "" ? "." : path, { allowRoot: true });
  if (fault !== undefined) return { ok: false, fault };
  return { ok: true, location: { scheme: "file", path: `/${path.replace(/\/+$/, "")}`, absolute: true } };
}

/** The one spelling of a location: `file:a/b`, `file:.` or `file:///a/b`. */
export function formatLocation(location: FileLocation): string {
  if (location.absolute) return `file://${location.path}`;
  return `file:${location.path === "" ? "." : location.path}`;
}

/** Absolute path of a location, for a manifest that stands in `baseDir` (absolute). Lexical: follows no link. */
export function locationPath(location: FileLocation, baseDir: string): string {
  if (!isAbsolute(baseDir)) throw new TypeError(`base folder ${JSON.stringify(baseDir)} must be absolute`);
  return location.absolute ? posix.normalize(location.path) : resolve(baseDir, location.path);
}
