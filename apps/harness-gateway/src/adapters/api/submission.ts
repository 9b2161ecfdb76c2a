import { randomUUID } from "node:crypto";
import { type events, run } from "@cofferdam/contracts";
import { inlineFiles, type Manifest, parseManifest, type ParseResult } from "@cofferdam/manifest";
import { type Doorbells, type LogKey, type RunLog, type Team } from "@cofferdam/run-log";
import { RpcError } from "@cofferdam/service";
import type { BlobStore } from "@cofferdam/storage";
import { encodeManifest } from "../../domain/stored-manifest.ts";
import { runIdOf } from "../../domain/run-id.ts";
import { pointInputs } from "../../domain/point-inputs.ts";
import { planRun } from "../../domain/run-plan.ts";
import type { ModelConfig } from "../../domain/model-config.ts";
import { manifestInvalid } from "./invalid.ts";
import type { InputPinner } from "./pin-inputs.ts";

export interface SubmissionDeps {
  readonly team: Team;
  readonly log: RunLog;
  readonly doorbells: Doorbells;
  readonly blobs: BlobStore;
  readonly inputs: InputPinner;
  readonly model: ModelConfig | undefined;
  /** Who calls, as the connection proves it. */
  readonly principal: string;
  readonly localFiles: "allow" | "deny";
}

/**
 * Accepts a run: validates everything, pins the inputs, then creates the log with one conditional append. Before that
 * append there is no run and nothing to undo but unreferenced content; after it the run will end.
 */
export async function submitRun(deps: SubmissionDeps, request: run.StartRunRequest): Promise<run.StartRunResponse> {
  const base = localFolder(deps, request.baseLocation);
  const written = validManifest(request, deps.team);
  const pointed = pointInputs(written.manifest, request.inputLocations);
  if (!pointed.ok) throw manifestInvalid(written.locate(pointed.problems));
  const inlined = await inlineFiles(pointed.manifest, base);
  if (!inlined.ok) throw manifestInvalid(written.locate(inlined.problems));
  const { manifest } = inlined;
  const model = modelOf(deps.model, manifest, base);
  const key = request.idempotencyKey === "" ? randomUUID() : request.idempotencyKey;
  const logKey: LogKey = { team: deps.team, run: runIdOf(deps.team, key) };
  const record = await deps.blobs.put(encodeManifest(manifest), "application/json");
  const before = await deps.log.read(logKey);
  const asked: Asked = { manifest: record.digest, base, model };
  if (before.submitted !== undefined) return repeated(before.submitted, asked, logKey);
  const pinned = await deps.inputs.pin(manifest, base);
  if (!pinned.ok) throw manifestInvalid(written.locate(pinned.problems));
  const { inputs } = pinned;
  const fanOut = inputs.find(({ name }) => name === manifest.spec.compute.parallel?.over);
  const submitted: events.RunSubmitted = {
    team: deps.team,
    principal: deps.principal,
    manifest: record,
    manifestName: manifest.metadata.name,
    idempotencyKey: key,
    inputs,
    plan: planRun(manifest, fanOut?.files ?? 0),
    task: undefined,
    model,
    baseLocation: base,
  };
  const { created, state } = await deps.log.create(logKey, submitted);
  if (!created && state.submitted !== undefined) return repeated(state.submitted, asked, logKey);
  await deps.doorbells.ring("plan", logKey);
  return { runId: logKey.run, created };
}

/** What makes two requests the same one. The same text beside other files is another run. */
interface Asked {
  readonly manifest: string;
  readonly base: string;
  readonly model: string;
}

function repeated(before: events.RunSubmitted, asked: Asked, { run: runId }: LogKey): run.StartRunResponse {
  const { manifest, baseLocation, model } = before;
  if (manifest?.digest === asked.manifest && baseLocation === asked.base && model === asked.model)
    return { runId, created: false };
  throw new RpcError({
    status: "ALREADY_EXISTS",
    reason: "IDEMPOTENCY_KEY_REUSED",
    message: `the idempotency key ${JSON.stringify(before.idempotencyKey)} started run ${runId} with another manifest, in another folder or with another model`,
    mend: "use a new key for a new run",
    metadata: { run: runId },
  });
}

type Written = Extract<ParseResult, { ok: true }>;

export function validManifest(request: Pick<run.StartRunRequest, "manifest" | "manifestPath">, team: string): Written {
  const result = parseManifest(request.manifest, { path: request.manifestPath });
  if (!result.ok) throw manifestInvalid(result.problems);
  const named = result.manifest.metadata.team;
  if (named === undefined || named === team) return result;
  throw new RpcError({
    status: "PERMISSION_DENIED",
    reason: "WRONG_TEAM",
    message: `metadata.team is ${named}, but this control plane serves team ${team}`,
    mend: "submit the manifest to its team's control plane, or drop metadata.team",
  });
}

function localFolder({ localFiles }: SubmissionDeps, base: string): string {
  if (localFiles === "allow") return base === "" ? "/" : base;
  throw new RpcError({
    status: "PERMISSION_DENIED",
    reason: "LOCAL_FILES_DENIED",
    message: "this gateway reads no local files, and the manifest names files beside it",
    mend: "submit through a gateway that runs where the files are (COFFERDAM_LOCAL_FILES=allow)",
  });
}

/** The name under which the model is asked and recorded. A scripted one says so, in every place where it is shown. */
function modelOf(config: ModelConfig | undefined, { spec }: Manifest, base: string): string {
  if (config?.kind === "openai") return spec.agent.model;
  if (config?.kind === "tape") return `scripted:tape/${spec.agent.model}`;
  if (config?.kind === "scripted" && spec.agent.script !== undefined) return `scripted:${base}/${spec.agent.script}`;
  throw new RpcError({
    status: "FAILED_PRECONDITION",
    reason: "MODEL_KEY_MISSING",
    message: `no key for model ${spec.agent.model} is configured, and the manifest names no script to stand in for it`,
    mend: "set OPENAI_API_KEY (and OPENAI_BASE_URL for another server), or add spec.agent.script",
  });
}
