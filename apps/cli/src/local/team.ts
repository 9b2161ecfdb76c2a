import { Team } from "@cofferdam/run-log";
import { ExitCode } from "@cofferdam/service/exit-code";
import { CliError } from "../cli-error.ts";

/**
 * The team that a control plane serves, as it was named in the environment.
 *
 * @throws {CliError} USAGE
 */
export function teamOf(text: string): Team {
  try {
    return Team(text);
  } catch (cause) {
    throw new CliError({
      code: "USAGE",
      message: `COFFERDAM_TEAM ${JSON.stringify(text)} is no name of a team`,
      mend: "use 1 to 40 lowercase letters, digits or inner dashes",
      exitCode: ExitCode.USAGE,
      cause,
    });
  }
}
