import type { Answered } from "../core/meter.js";
import type { ChildMessage, Line, SupervisorMessage } from "../discovery/supervisor-registry.js";
import { handedSocket } from "./process-line.js";
import { toldToStopBy } from "./told-to-stop.js";

/** Thrown where a process is told to stop before it has owned anything. */
export class NeverItsTurn extends Error {
  override name = "NeverItsTurn";
}

/** What a supervisor says to a process that it has started. */
export interface Supervised {
  /** Resolves when it is told to stop, with the milliseconds for which somebody else takes new connections already. */
  readonly stopped: Promise<number>;
  /** The gateway's socket, where the supervisor keeps it. */
  readonly socket: Promise<object> | undefined;
  /** Where another process still does this one's work: says that everything is loaded, and resolves when that one leaves. */
  readonly turn: (() => Promise<void>) | undefined;
  /** Answers how much this process has answered, until it is told to stop. */
  answer(traffic: () => Answered): void;
}

/** Listens to a supervisor. Its environment says what else will come over the line. */
export function listenTo(line: Line<ChildMessage, SupervisorMessage>): Supervised {
  const stopped = toldToStopBy(line);
  const socket = process.env.PANGAEA_SOCKET === "handed" ? handedSocket() : undefined;
  const answer = (traffic: () => Answered) => {
    const stopListening = line.onMessage((message) => {
      if (message.type !== "traffic") return;
      line.send({ type: "traffic", question: message.question, counts: traffic() });
    });
    void stopped.then(stopListening);
  };
  if (process.env.PANGAEA_TURN !== "wait") return { stopped, socket, turn: undefined, answer };
  const going = new Promise<true>((resolve) => {
    const stopListening = line.onMessage(({ type }) => {
      if (type !== "go") return;
      stopListening();
      resolve(true);
    });
    void stopped.then(stopListening);
  });
  const turn = async () => {
    line.send({ type: "prepared" });
    if (!(await Promise.race([going, stopped.then(() => false)]))) throw new NeverItsTurn();
  };
  return { stopped, socket, turn, answer };
}
