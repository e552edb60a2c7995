import { freePort } from "pangaea/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { operatorProject } from "./operator-project.js";
import { becomesReady, type Cli, eventually, runCli, startCli } from "./run-cli.js";

const project = operatorProject();
afterAll(project.remove);

describe.each([
  { layout: "the monolith", args: ["start"] },
  { layout: "a split", args: ["split"] },
])("an operator of $layout", ({ args }) => {
  let system: Cli;
  let env: Record<string, string>;
  beforeAll(async () => {
    const dataDir = `${project.path}/data-${args[0]}`;
    env = { PORT: String(await freePort()), ADMIN_PORT: String(await freePort()), DATA_DIR: dataDir };
    system = startCli(args, { cwd: project.path, env });
    await becomesReady(system, `http://127.0.0.1:${env.PORT}`);
  });
  afterAll(async () => {
    system.child.kill("SIGTERM");
    await system.exited;
  });

  const pangaea = (...words: string[]) => runCli(words, { cwd: project.path, env });
  const done = async (...words: string[]) => {
    const ended = await pangaea(...words);
    expect(ended, words.join(" ")).toMatchObject({ code: 0, stderr: "" });
    return ended.stdout;
  };
  const rows = async (...words: string[]) => JSON.parse(await done(...words, "--json")) as Record<string, unknown>[];
  const shown = async (saga: string) =>
    JSON.parse(await done("sagas", "show", saga, "--json")) as { phase: string; history: object[] };
  const becomes = (saga: string, phase: string) =>
    eventually(
      async () => (await shown(saga)).phase === phase,
      () => `${saga} ${phase}: ${system.stdout()}`,
    );
  const begin = async (id: string) => {
    await done("call", "desk.begin", JSON.stringify({ id }));
    await becomes(`trade/${id}`, "parked");
  };

  it("finds parked sagas, ends one, and takes another up again once what was broken is mended", async () => {
    await begin("one");
    await begin("two");
    const listed = await rows("sagas", "list", "--module", "desk");
    expect(listed).toMatchObject(
      ["one", "two"].map((id) => ({ module: "desk", name: "trade", id, phase: "parked", step: "take" })),
    );
    expect(await done("sagas", "list")).toMatch(
      /^desk +trade\/one +1 +parked +take +1 +\S+Z +failed_precondition STUCK: The door is stuck\.$/m,
    );

    expect(await done("sagas", "abort", "trade/one", "--why", "given back by hand")).toMatch(
      /^abort +\S+Z by \S+@\S+: given back by hand$/m,
    );
    expect(await shown("trade/one")).toMatchObject({ phase: "aborted" });

    await done("call", "vault.mend", '{"id": ""}');
    await done("sagas", "retry", "trade/two");
    await becomes("trade/two", "compensated");
    expect((await shown("trade/two")).history).toMatchObject([{ act: "retry", why: "" }]);
    expect(await rows("sagas", "list")).toEqual([]);
    expect(await rows("sagas", "list", "--all")).toHaveLength(2);
  });

  it("finds dead letters, replays them once what was broken is mended, and discards what is not wanted", async () => {
    for (const id of ["red", "blue"]) await done("call", "vault.take", JSON.stringify({ id }));
    const letters = () => rows("events", "dead", "--module", "desk");
    const wanted = ["red", "blue"];
    const dead = await eventually(
      async () => {
        const found = (await letters()).filter(({ key }) => wanted.includes(key as string));
        return found.length === 2 ? found : undefined;
      },
      () => system.stdout(),
    );
    expect(dead[0]).toMatchObject({ module: "desk", event: "vault.opened", attempts: 5 });
    expect(await done("events", "dead")).toContain("out of ink");
    const red = String(dead.find(({ key }) => key === "red")!.number);
    const blue = String(dead.find(({ key }) => key === "blue")!.number);

    const again = await pangaea("events", "replay", red, "--module", "desk");
    expect(again).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(`^0 events handled.\n${red} failed again: out of ink\n`),
    });
    expect(await done("events", "discard", blue, "--module", "desk", "--why", "a test")).toBe(
      `Dead letter ${blue} of desk is discarded.\n`,
    );
    await done("call", "desk.mend", '{"id": ""}');
    expect(await done("events", "replay", red, "--module", "desk")).toBe("1 event handled.\n");
    await done("events", "replay", "--module", "desk");
    expect(await letters()).toEqual([]);
  });

  it("is told what is not there, or cannot be done", async () => {
    const refused = [
      [["sagas", "show", "trade/nobody"], "not_found SAGA_NOT_FOUND: No saga trade/nobody was started.\n"],
      [["sagas", "retry", "trade/two"], "OPERATION_REFUSED: Saga trade/two has ended (compensated).\n"],
      [["events", "discard", "999", "--module", "desk", "--why", "x"], "not_found DEAD_LETTER_NOT_FOUND: "],
    ] as const;
    for (const [words, says] of refused) {
      expect(await pangaea(...words)).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining(says) });
    }
    const wrong = [
      [["sagas", "show", "trade"], 'error: "trade" is no saga; write name/id'],
      [["sagas", "show", "barter/1"], 'error: no module has a saga "barter"; say whose it is with --module.'],
      [["sagas", "list", "--module", "dask"], 'error: there is no module "dask" with data. Did you mean desk?'],
      [["sagas", "abort", "trade/one"], "required option '--why <text>' not specified"],
      [["events", "replay", "soon", "--module", "desk"], "Give a whole number above 0."],
    ] as const;
    for (const [words, says] of wrong) {
      expect(await pangaea(...words)).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(says) });
    }
    const nobody = await pangaea("sagas", "list", "--url", `http://127.0.0.1:${await freePort()}`);
    expect(nobody).toMatchObject({ code: 1, stderr: expect.stringMatching(/^Nothing listens at /) });
  });

  it("is the only one: the gateway's port knows nothing of it", async () => {
    for (const service of ["process-operations", "process-all", "process-edge", "process-back"]) {
      const answer = await fetch(`http://127.0.0.1:${env.PORT}/${service}.v1/sagas`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: '{"module": "desk", "limit": 10, "ended": true}',
      });
      expect(answer.status).toBe(404);
    }
  });
});
