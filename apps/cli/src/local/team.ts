import { Team } from "@cofferdam/run-log";
import { ExitCode } from "@cofferdam/service/exit-code";
import { CliError } from "../cli-error.ts";

/**
 * The team that a control plane serves: COFFERDAM_TEAM, or `local`.
 *
 * @throws {CliError} USAGE
 */
export function teamOf(env: NodeJS.ProcessEnv): Team {
  const text = env["COFFERDAM_TEAM"] || "local";
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
