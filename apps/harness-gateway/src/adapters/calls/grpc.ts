import { harness } from "@cofferdam/contracts";
import { serverStream, type ServedService, unary } from "@cofferdam/service";
import type { CallService } from "./call-service.ts";

export function servedCalls(calls: CallService): ServedService {
  return {
    definition: harness.HarnessServiceService,
    implementation: {
      call: serverStream((request: harness.CallRequest) => calls.call(request)),
      fence: unary(async ({ team, log, epoch }: harness.FenceRequest): Promise<harness.FenceResponse> => {
        calls.fence(team, log, epoch);
        return {};
      }),
    },
  };
}
