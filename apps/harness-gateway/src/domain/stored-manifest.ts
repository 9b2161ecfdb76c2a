import { canonicalManifest, type Manifest, readCanonicalManifest } from "@cofferdam/manifest";

/** The manifest as accepted, with the text of every file it names: all that a worker needs of it, on any machine. */
export const encodeManifest = (manifest: Manifest): Uint8Array => Buffer.from(canonicalManifest(manifest));

export const decodeManifest = (bytes: Uint8Array): Manifest =>
  readCanonicalManifest(Buffer.from(bytes).toString("utf8"));

/** Text of instructions in a stored manifest, where every file has been read in. */
export function textOf(source: Manifest["spec"]["agent"]["instructions"] | undefined): string {
  if (source === undefined) return "";
  if ("text" in source) return source.text;
  throw new TypeError(`the stored manifest still names the file ${source.path}`);
}
