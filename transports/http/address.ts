/** Host and port of an address such as `http://127.0.0.1:4000` or `http://[::1]:0`. */
export interface Address {
  /** Without the brackets of IPv6. */
  readonly host: string;
  readonly port: number;
}

/** After this time without an answer to its connection attempt a host counts as absent. */
export const connectTimeoutMs = 2_000;

const pattern = /^http:\/\/(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})\/?$/;

/** Reads `http://host:port`; anything else throws an Error that says what is expected. The port must be written out. */
export function parseAddress(address: string): Address {
  const [, host, digits] = pattern.exec(address) ?? [];
  const port = Number(digits);
  if (host === undefined || !(port <= 65_535)) {
    throw new Error(`"${address}" is no HTTP address; write http://host:port, for instance http://127.0.0.1:4000`);
  }
  return { host: host.replace(/^\[|\]$/g, ""), port };
}

/** The address as text again. */
export const formatAddress = ({ host, port }: Address): string =>
  `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
