import { inject, injectable } from "inversify";
import {
  type CallContext,
  clientOf,
  type ClientOf,
  defineContract,
  defineModule,
  errorOf,
  event,
  Events,
  fail,
  fallback,
  idempotent,
  type Input,
  mutation,
  read,
  type ServiceOf,
  sleep,
  Clock,
  type Tx,
  when,
  Work,
} from "pangaea";
import { z } from "zod";

const Text = z.object({ text: z.string() });
const Nested = z.object({ tags: z.array(z.string()), inner: z.object({ count: z.int() }).default({ count: 0 }) });

/** A service whose every procedure shows one thing of what a call promises. */
export const probe = defineContract("probe", 2, {
  accepts: 1,
  procedures: {
    shout: read({ input: z.object({ text: z.string().min(1), times: z.int().default(1) }), output: Text }),
    keep: idempotent({ input: Nested, output: Nested }),
    kept: read({ input: z.object({}), output: z.object({ last: Nested.nullable(), calls: z.int() }) }),
    number: read({
      input: z.object({ value: z.number().optional() }),
      output: z.object({ negative: z.boolean(), present: z.boolean() }),
    }),
    break: read({
      input: z.object({ how: z.enum(["throw", "undeclared", "declared", "output", "text"]) }),
      output: Text,
    }),
    fragile: read({ input: z.object({ how: z.enum(["throw", "declared", "hang", "spoilt", "text"]) }), output: Text }),
    remaining: read({ input: z.object({}), output: z.object({ remainingMs: z.number() }), deadlineMs: 60_000 }),
    hang: read({ input: z.object({ id: z.string() }), output: z.object({}), deadlineMs: 60_000 }),
    aborted: read({ input: z.object({ id: z.string() }), output: z.object({ aborted: z.boolean() }) }),
    context: read({
      input: z.object({}),
      output: z.object({
        headers: z.record(z.string(), z.string()),
        key: z.string().nullable(),
        principal: z.string().nullable(),
      }),
    }),
    heard: read({ input: z.object({}), output: z.object({ whispers: z.array(z.string()) }) }),
  },
  errors: { REFUSED: { code: "failed_precondition", status: 409, details: z.object({ why: z.string() }) } },
});

/** A service that calls `probe`, so that there is a second hop. */
export const front = defineContract("front", 1, {
  procedures: {
    relay: read({
      input: z.object({ to: z.enum(["remaining", "context", "hang"]), id: z.string().default("") }),
      output: z.object({ own: z.json(), nested: z.json() }),
      deadlineMs: 30_000,
    }),
    pass: read({ input: z.object({ how: z.enum(["declared", "undeclared", "throw"]) }), output: Text }),
    passUndeclared: read({ input: z.object({}), output: Text }),
    lean: read({
      input: z.object({
        how: z.enum(["throw", "declared", "hang", "spoilt", "text"]),
        waitMs: z.int().default(10_000),
      }),
      output: Text,
      deadlineMs: 30_000,
    }),
    callInCommit: mutation({ input: z.object({}), output: Text }),
    count: mutation({ input: z.object({ by: z.int() }), output: z.object({ total: z.int() }) }),
    whisper: mutation({ input: Text, output: z.object({}) }),
  },
  events: {
    whispered: event({ payload: Text, key: (payload) => payload.text, delivery: "best-effort" }),
  },
  errors: { REFUSED: probe.errors.REFUSED, STILL: { code: "aborted" } },
});

@injectable()
class ProbeService implements ServiceOf<typeof probe> {
  #last: z.infer<typeof Nested> | null = null;
  #calls = 0;
  readonly #aborted = new Set<string>();
  readonly #whispers: string[] = [];

  constructor(@inject(Clock) private readonly clock: Clock) {}

  async shout({ text, times }: Input<typeof probe, "shout">) {
    this.#calls++;
    return { text: text.toUpperCase().repeat(times) };
  }

  /** Changes what it was given, and gives out what it holds: neither may be noticed by the caller. */
  async keep(input: Input<typeof probe, "keep">) {
    input.tags.push("changed by the callee");
    input.inner.count++;
    this.#last = input;
    return this.#last;
  }

  async kept() {
    return { last: this.#last, calls: this.#calls };
  }

  async number({ value }: Input<typeof probe, "number">) {
    return { negative: Object.is(value, -0), present: value !== undefined };
  }

  async break({ how }: Input<typeof probe, "break">): Promise<{ text: string }> {
    if (how === "declared") throw fail(probe.errors.REFUSED, { why: "because" });
    if (how === "undeclared")
      throw errorOf("not_found", "secret: no such row in table kept", { reason: "NO_ROW", domain: "sql" });
    if (how === "output") return { text: 7 as unknown as string };
    if (how === "text") return { text: "fine", extra: "stripped" } as { text: string };
    throw new Error("secret: connection string");
  }

  async fragile({ how }: Input<typeof probe, "fragile">, ctx: CallContext): Promise<{ text: string }> {
    if (how === "text") return { text: "whole" };
    if (how === "declared") throw fail(probe.errors.REFUSED, { why: "because" });
    if (how === "hang") await sleep(this.clock, 60_000, ctx.signal);
    throw new Error("broken");
  }

  async remaining(_input: unknown, ctx: CallContext) {
    return { remainingMs: ctx.remainingMs() };
  }

  async hang({ id }: Input<typeof probe, "hang">, ctx: CallContext) {
    await sleep(this.clock, 60_000, ctx.signal);
    if (ctx.signal.aborted) this.#aborted.add(id);
    return {};
  }

  async aborted({ id }: Input<typeof probe, "aborted">) {
    return { aborted: this.#aborted.has(id) };
  }

  async context(_input: unknown, ctx: CallContext) {
    return { headers: { ...ctx.headers }, key: ctx.idempotencyKey ?? null, principal: ctx.principal?.id ?? null };
  }

  async heard() {
    return { whispers: this.#whispers };
  }

  async hear(text: string): Promise<void> {
    this.#whispers.push(text);
  }
}

@injectable()
class FrontService implements ServiceOf<typeof front> {
  #total = 0;

  constructor(
    @inject(clientOf(probe)) private readonly neighbour: ClientOf<typeof probe>,
    @inject(Work) private readonly work: Work,
    @inject(Events) private readonly events: Events,
  ) {}

  async relay({ to, id }: Input<typeof front, "relay">, ctx: CallContext) {
    const own = { headers: { ...ctx.headers }, key: ctx.idempotencyKey ?? null, remainingMs: ctx.remainingMs() };
    const nested = to === "hang" ? await this.neighbour.hang({ id }, ctx) : await this.neighbour[to]({}, ctx);
    return { own, nested };
  }

  async pass({ how }: Input<typeof front, "pass">, ctx: CallContext) {
    return this.neighbour.break({ how }, ctx);
  }

  async lean({ how, waitMs }: Input<typeof front, "lean">, ctx: CallContext) {
    return this.neighbour.fragile({ how }, ctx, { deadlineMs: waitMs });
  }

  async passUndeclared(_input: unknown, ctx: CallContext): Promise<{ text: string }> {
    await this.neighbour.shout({ text: "" }, ctx);
    return { text: "not reached" };
  }

  async callInCommit(_input: unknown, ctx: CallContext) {
    return this.work
      .commit(ctx, async (_tx: Tx) => this.neighbour.shout({ text: "inside" }, ctx))
      .catch((error: unknown) => ({
        text: (error as { code?: string }).code ?? "no error",
      }));
  }

  async count({ by }: Input<typeof front, "count">, ctx: CallContext) {
    return this.work.commit(ctx, async () => ({ total: (this.#total += by) }));
  }

  async whisper({ text }: Input<typeof front, "whisper">) {
    this.events.publish(front.events.whispered, { text });
    return {};
  }
}

export const probeModule = defineModule({
  contract: probe,
  service: ProbeService,
  on: [when(front.events.whispered, ProbeService, (service, { text }) => service.hear(text))],
});

export const frontModule = defineModule({
  contract: front,
  service: FrontService,
  requires: [probe],
  fallbacks: [
    fallback(probe, "fragile", ({ how }, { code }) => ({
      text: how === "spoilt" ? (7 as never) : `not whole: ${code}`,
    })),
  ],
  migrations: [],
});
