import { resolve } from "node:path";
import { ExitCode } from "@cofferdam/service/exit-code";
import { CliError } from "./cli-error.ts";

/** Reads `name=place` arguments: a folder or file of this machine, relative to where the command was given, or a `file:` URL. */
export function parseInputPlaces(places: readonly string[]): Record<string, string> {
  const locations: Record<string, string> = {};
  for (const text of places) {
    const [, name, place] = /^([^=]+)=(.+)$/.exec(text) ?? [];
    if (name === undefined || place === undefined) {
      throw new CliError({
        code: "USAGE",
        message: `--input ${JSON.stringify(text)} is not name=place`,
        mend: "write the input's name, = and a folder or file, e.g. --input records=./records",
        exitCode: ExitCode.USAGE,
      });
    }
    locations[name] = /^[a-z][a-z0-9+.-]*:/i.test(place) ? place : `file://${resolve(place)}`;
  }
  return locations;
}
