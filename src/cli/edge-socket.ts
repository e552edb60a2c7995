import { lookup } from "node:dns/promises";
import net from "node:net";
import { getSystemErrorName } from "node:util";
import { ConfigurationError } from "../runtime/settings.js";

/** What node's own cluster module opens sockets with; not documented, so it may be missing one day. */
type CreateServerHandle = (host: string, port: number, family: 4 | 6, fd: number, flags: number) => Handle | number;
interface Handle {
  getsockname(out: { port?: number }): number;
}

/**
 * A socket that is bound to a gateway's address and that nobody accepts connections on here: each process that it is handed
 * to does, and while there is none, connections wait in the system's queue instead of being refused. Undefined where this
 * node cannot make one; then a gateway opens its own. Throws a `ConfigurationError` where the address is in use.
 */
export async function openEdgeSocket(host: string, port: number): Promise<object | undefined> {
  const create = (net as unknown as { _createServerHandle?: CreateServerHandle })._createServerHandle;
  const found = await lookup(host).catch(() => undefined);
  if (create === undefined || found === undefined) return undefined;
  const handle = create(found.address, port, found.family === 6 ? 6 : 4, -1, 0);
  const status = typeof handle === "number" ? handle : handle.getsockname({});
  if (status === 0) return handle as Handle;
  const name = getSystemErrorName(status);
  const why =
    name === "EADDRINUSE"
      ? "is in use: stop what listens there, or set PORT"
      : `cannot be listened on (${name}): set HOST and PORT`;
  throw new ConfigurationError(`The gateway's address ${host}:${port} ${why}.`);
}
