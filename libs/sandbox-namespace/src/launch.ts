import { descriptors } from "./arguments.ts";

/**
 * Runs as process 1 of the sandbox, under its seccomp filter like all that follows; bubblewrap's own process 1 would
 * not be. Arguments: workdir, size of the largest file in KiB, number of variables, most processes (0: as many
 * as the control group allows), variables, program and arguments. Only then does anything run that the caller chose:
 *
 * - inherited descriptors are closed: Node passes on what its own parent had left open;
 * - the caller's environment is not ours: LD_PRELOAD or BASH_ENV must not act on this shell;
 * - its input becomes a pipe, of which /dev/stdin can be opened again; what comes is a socket of Node's;
 * - when the command ends so does process 1, and with it everything that the command left behind. Its exit code goes
 *   through a descriptor that only process 1 has: without it process 1 did not end by itself. Being a socket it cannot
 *   be opened through /proc by what runs inside.
 */
export const launcher = `
for descriptor in /proc/self/fd/*; do
  descriptor=\${descriptor##*/}
  if [ "$descriptor" -gt 2 ] && [ "$descriptor" -ne ${descriptors.result} ]; then exec {descriptor}>&-; fi
done
umask 022
ulimit -c 0
ulimit -f "$2"
ulimit -n 4096 2> /dev/null
if [ "$4" -gt 0 ]; then ulimit -u "$4"; fi
cd -- "$1" || { printf '126\\n' >&${descriptors.result}; exit; }
count=$3
shift 4
variables=("\${@:1:count}")
shift "$count"
exec 9>&2 2> /dev/null
exec < <(exec cat <&0 9>&- ${descriptors.result}>&-)
(exec env -i -- "\${variables[@]}" "$@" 2>&9 9>&- ${descriptors.result}>&-)
printf '%d\\n' "$?" >&${descriptors.result}
`;

/** What rlimits bound. */
export interface ProcessBounds {
  readonly fileBytes: number;
  /** Set where no control group counts processes. */
  readonly processes?: number;
}

/** Command line of process 1. */
export function launchCommand(
  workdir: string,
  bounds: ProcessBounds,
  environment: Readonly<Record<string, string>>,
  argv: readonly string[],
): readonly string[] {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const fileKib = String(Math.ceil(bounds.fileBytes / 1024));
  const shell = ["/bin/bash", "--norc", "--noprofile", "-c", launcher, "sandbox"];
  return [...shell, workdir, fileKib, String(variables.length), String(bounds.processes ?? 0), ...variables, ...argv];
}
