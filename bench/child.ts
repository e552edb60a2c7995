import { Session } from "node:inspector/promises";
import module from "node:module";
import { isDeepStrictEqual } from "node:util";
import type { Contender, Surroundings } from "./contender.js";
import { entries } from "./contenders.js";
import { drive, type Load } from "./load.js";
import { selfTimeOf } from "./profile.js";
import { answer, type Question, sizes } from "./work.js";

// Many processes load much the same code: what one has compiled, the next takes from a cache.
module.enableCompileCache();

/** One end of one contender, in a process of its own; does what the run asks for. */
const contender: Contender = await entries.find(({ name }) => name === process.argv[2])!.load();
let ask: (question: Question) => Promise<unknown>;
const profiled = new Session();

async function sameAnswers(): Promise<void> {
  for (const reviews of Object.values(sizes)) {
    const question = { id: "p_keyboard", reviews, paceMs: 0 };
    const given: unknown = JSON.parse(JSON.stringify(await ask(question)));
    if (!isDeepStrictEqual(given, await answer(question))) throw new Error("it does not give the answer of the others");
  }
}

const tasks = {
  async serve({ surroundings }: { surroundings: Surroundings }) {
    const { address } = await contender.serve!(surroundings);
    return address;
  },
  async connect({ address, surroundings }: { address: string; surroundings: Surroundings }) {
    const { call } = await contender.connect(address, surroundings);
    ask = call;
    await sameAnswers();
  },
  drive: (load: Load) => drive(ask, load),
  async cpu() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  async beginProfile() {
    profiled.connect();
    await profiled.post("Profiler.enable");
    await profiled.post("Profiler.setSamplingInterval", { interval: 250 });
    await profiled.post("Profiler.start");
  },
  async endProfile() {
    const { profile } = await profiled.post("Profiler.stop");
    return selfTimeOf(profile);
  },
};
export type Tasks = typeof tasks;

process.on("message", ({ id, task, input }: { id: number; task: keyof Tasks; input: never }) => {
  tasks[task](input).then(
    (result) => process.send!({ id, result }),
    (error: Error) => process.send!({ id, error: error.stack }),
  );
});
// The run is over, or gone.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
