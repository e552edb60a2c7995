import type { ChildProcess, SendHandle } from "node:child_process";
import type { ChildMessage, Line, SupervisorMessage } from "../discovery/supervisor-registry.js";
import type { Child } from "../runtime/supervisor.js";

/** Comes with the socket of the gateway, which the supervisor keeps. */
const socketMessage = "gateway-socket";

/** The line to the supervisor; undefined where this process was not started by one. */
export function parentLine(): Line<ChildMessage, SupervisorMessage> | undefined {
  if (process.send === undefined) return undefined;
  return {
    send(message) {
      if (process.connected) process.send!(message, undefined, undefined, () => {});
    },
    onMessage(listener) {
      process.on("message", listener);
      return () => process.off("message", listener);
    },
  };
}

/** The gateway's socket, when the supervisor has handed it over. Ask before anybody listens to the line. */
export const handedSocket = (): Promise<object> =>
  new Promise((resolve) => {
    const listener = (message: { type: string }, handle: unknown) => {
      if (message.type !== socketMessage) return;
      process.off("message", listener);
      resolve(handle as object);
    };
    process.on("message", listener);
  });

/** Gives a child a socket that this process keeps as well. */
export const handSocket = (child: ChildProcess, socket: object): void =>
  void child.send({ type: socketMessage }, socket as SendHandle, () => {});

/** A spawned process as the supervisor wants it. */
export const childOf = (child: ChildProcess): Child => ({
  pid: child.pid ?? 0,
  exited: new Promise((resolve) => {
    child.once("exit", (code) => resolve(code));
    child.once("error", () => resolve(1));
  }),
  send(message) {
    if (child.connected) child.send(message, () => {});
  },
  onMessage(listener) {
    child.on("message", listener);
    return () => child.off("message", listener);
  },
  kill: () => void child.kill("SIGKILL"),
});
