export declare function fetchTarball(options: {
  /** `name@version` */
  readonly spec: string;
  /** `sha512-<base64>` */
  readonly integrity: string;
  readonly scratchDir: string;
  readonly onRetry?: (attempt: number, of: number) => void;
}): Promise<Buffer>;
export declare function checkIntegrity(bytes: Uint8Array, integrity: string, spec: string): void;
export declare function readTarball(bytes: Uint8Array): Generator<[path: string, bytes: Buffer]>;
