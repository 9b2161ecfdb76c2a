import type { Finding } from "@cofferdam/host-probe";
import { ExitCode } from "@cofferdam/service/exit-code";
import { examine } from "../local/examine.ts";
import { jsonText } from "../render/json-text.ts";
import type { Paint } from "../render/paint.ts";
import { padEnd } from "../render/text.ts";
import type { CommandContext } from "./context.ts";

/** `cofferdam doctor` */
export async function diagnose(context: CommandContext): Promise<ExitCode> {
  const { terminal, json, env, checkout } = context;
  const findings = await examine(env, checkout);
  if (json) terminal.write(jsonText({ findings }));
  else terminal.lines(findings.flatMap((finding) => findingLines(finding, terminal.paint)));
  return findings.some(({ status }) => status === "missing") ? ExitCode.ENVIRONMENT : ExitCode.OK;
}

const NAME_WIDTH = 16;

export function findingLines({ name, status, detail, mend }: Finding, paint: Paint): string[] {
  const mark = { ok: paint.good("✓"), warn: paint.warn("!"), missing: paint.bad("✗") }[status];
  const indent = " ".repeat(NAME_WIDTH + 3);
  const mends = mend === undefined ? [] : `mend: ${mend}`.split("\n").map((line) => indent + line);
  return [`${mark} ${padEnd(name, NAME_WIDTH)} ${detail}`, ...mends];
}
