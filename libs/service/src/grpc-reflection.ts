import { createRequire } from "node:module";
import type { Server } from "@grpc/grpc-js";
import { descriptorSet } from "@cofferdam/contracts";
import { addLazyMethods } from "./grpc-lazy-service.ts";

const require = createRequire(import.meta.url);

/** Serves grpc.reflection.v1 (and v1alpha, which older tools ask) for the services named. */
export function addReflection(server: Server, services: readonly string[]): void {
  for (const version of ["v1", "v1alpha"]) {
    const method = {
      name: "info",
      path: `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
      requestStream: true,
      responseStream: true,
    };
    addLazyMethods(server, [method], (recorder) => {
      // @grpc/reflection is CommonJS and is used through the small part of it named here.
      const { ReflectionService } = require("@grpc/reflection");
      const { loadFileDescriptorSetFromBuffer } = require("@grpc/proto-loader");
      const definition = loadFileDescriptorSetFromBuffer(Buffer.from(descriptorSet));
      new ReflectionService(definition, { services: [...services] }).addToServer(recorder);
    });
  }
}
