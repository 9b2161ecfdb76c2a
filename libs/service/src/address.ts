/**
 * Where a gRPC server listens: `unix:/path/to/socket` (mode 0600) or `127.0.0.1:port` (0 chooses a free one).
 * Plain text is allowed on loopback and Unix sockets only.
 */
export type Address = string & { readonly __brand: "Address" };

const loopback = /^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\]):\d{1,5}$/;

export function Address(text: string): Address {
  if (text.startsWith("unix:")) {
    // sun_path holds 108 bytes, the last of them NUL (unix(7)).
    if (Buffer.byteLength(text) - 5 > 107) throw new TypeError(`socket path of ${text} is longer than 107 bytes`);
    return text as Address;
  }
  if (!loopback.test(text)) {
    throw new TypeError(`address ${JSON.stringify(text)} must be unix:<path> or <loopback address>:<port>`);
  }
  const port = Number(text.slice(text.lastIndexOf(":") + 1));
  if (port > 65_535) throw new TypeError(`port ${port} of ${JSON.stringify(text)} is above 65535`);
  return text as Address;
}

export const socketPath = (address: Address): string | undefined =>
  address.startsWith("unix:") ? address.slice(5) : undefined;

export const bindTarget = (address: Address): string => address;
