import { manifest } from "@cofferdam/contracts";
import { parseManifest, renderWorkspace } from "@cofferdam/manifest";
import { type ServedService, unary } from "@cofferdam/service";
import { validManifest } from "./submission.ts";

/** Manifests without running them. */
export function servedManifests(team: string): ServedService {
  return {
    definition: manifest.ManifestServiceService,
    implementation: {
      validate: unary(async (request: manifest.ValidateRequest): Promise<manifest.ValidateResponse> => {
        const result = parseManifest(request.manifest, { path: request.manifestPath });
        return { problems: result.ok ? [] : [...result.problems] };
      }),
      render: unary(async (request: manifest.RenderRequest): Promise<manifest.RenderResponse> => ({
        text: renderWorkspace(validManifest(request, team).manifest, { inputs: {} }),
      })),
    },
  };
}
