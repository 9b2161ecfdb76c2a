import type { Server, ServiceDefinition, UntypedHandleCall, UntypedServiceImplementation } from "@grpc/grpc-js";

export interface LazyMethod {
  readonly name: string;
  /** `/package.Service/Method` */
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

type Loaded = Readonly<Record<string, { definition: ServiceDefinition[string]; handler: UntypedHandleCall }>>;

/**
 * Adds methods whose library is loaded at their first call. Health and reflection are asked for rarely, and their
 * libraries parse descriptors with protobufjs, which costs 100 to 400 ms for each server at its start.
 *
 * `addTo` does what the library does: it adds its services to the server that it is given.
 */
export function addLazyMethods(
  server: Server,
  methods: readonly LazyMethod[],
  addTo: (recorder: Server) => void,
): void {
  let loaded: Loaded | undefined;
  const part = (path: string) => {
    loaded ??= recorded(addTo);
    const method = loaded[path];
    if (method === undefined) throw new TypeError(`the library has no method ${path}`);
    return method;
  };
  const definition: Record<string, ServiceDefinition[string]> = {};
  const implementation: UntypedServiceImplementation = {};
  for (const { name, path, requestStream, responseStream } of methods) {
    definition[name] = {
      path,
      requestStream,
      responseStream,
      requestSerialize: (value: unknown) => part(path).definition.requestSerialize(value),
      requestDeserialize: (bytes: Buffer) => part(path).definition.requestDeserialize(bytes),
      responseSerialize: (value: unknown) => part(path).definition.responseSerialize(value),
      responseDeserialize: (bytes: Buffer) => part(path).definition.responseDeserialize(bytes),
    };
    implementation[name] = (...call: readonly unknown[]) => {
      Reflect.apply(part(path).handler, undefined, call);
    };
  }
  server.addService(definition, implementation);
}

/** What a library would add to a server. */
function recorded(addTo: (recorder: Server) => void): Loaded {
  const parts: Record<string, Loaded[string]> = {};
  const recorder: Pick<Server, "addService"> = {
    addService: (definition, implementation) => {
      for (const [name, method] of Object.entries(definition)) {
        const handler = implementation[name] ?? implementation[name.charAt(0).toLowerCase() + name.slice(1)];
        if (handler !== undefined) parts[method.path] = { definition: method, handler };
      }
    },
  };
  addTo(recorder as Server);
  return parts;
}
