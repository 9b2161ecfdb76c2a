import { type Finding, probeHost } from "@cofferdam/host-probe";
import { errorReport } from "../report-error.ts";
import { readRecord, tryLock } from "./control-plane-lock.ts";
import { type Home, openHome } from "./home.ts";
import { runtimeDirOf } from "./runtime-dir.ts";

/** Looks at everything that a run needs: of this machine, and of this installation. Starts nothing that stays. */
export async function examine(env: NodeJS.ProcessEnv, checkout: string): Promise<Finding[]> {
  try {
    const home = openHome(env, checkout);
    const host = await probeHost({ env, checkout: { root: checkout, cache: home.cache }, stateDir: home.root });
    return [...host, ok("home", home.root), ok("sockets", runtimeDirOf(home, env)), model(env), controlPlane(home)];
  } catch (error) {
    const { message, mend } = errorReport(error);
    return [...(await probeHost({ env })), { name: "home", status: "missing", detail: message, mend }];
  }
}

const ok = (name: string, detail: string): Finding => ({ name, status: "ok", detail });

function model(env: NodeJS.ProcessEnv): Finding {
  const base = env["OPENAI_BASE_URL"] || "the provider's own URL";
  if (env["OPENAI_API_KEY"]) return ok("model", `OPENAI_API_KEY is set, asked at ${base}`);
  return {
    name: "model",
    status: "warn",
    detail: "no OPENAI_API_KEY: scripts that manifests name stand in for a model, and every report says so",
    mend: "set OPENAI_API_KEY (and OPENAI_BASE_URL for another server than the provider's)",
  };
}

function controlPlane(home: Home): Finding {
  const name = "control-plane";
  const lock = tryLock(home);
  if (lock !== undefined) {
    lock.release();
    return ok(name, "none runs on this home; commands start their own");
  }
  const record = readRecord(home);
  if (record === undefined) return ok(name, "another process is starting or ending one");
  return ok(name, `process ${record.pid} since ${record.startedAt}, at ${record.gateway}`);
}
