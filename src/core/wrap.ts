import type { Call, Handler, Layer, LookingLayer, Reply, Stack, WrappingLayer } from "./call.js";
import { inSequence } from "./in-sequence.js";

type Service = (call: Call) => Promise<unknown>;

/** Layers that look, around something; at most one of them has a limit. */
interface Fused {
  readonly layers: readonly LookingLayer[];
  readonly end: Service;
  /** Whether `end` resolves to replies; else to outputs. */
  readonly replies: boolean;
}

/** Where a handler keeps what it was made of, so that whoever stands around it can be fused with it. */
const madeOf: unique symbol = Symbol("made of");

const partsOf = (handler: Handler & { [madeOf]?: Fused }): Fused =>
  handler[madeOf] ?? { layers: [], end: handler, replies: true };

/** Puts a stack around a handler. Done once per procedure, never per call. */
export const wrap = (stack: Stack, end: Handler): Handler => handlerOf(fuse(stack, partsOf(end)));

/** Puts a stack around a service's method, which resolves to the output. */
export const wrapService = (stack: Stack, service: Service): Handler =>
  handlerOf(fuse(stack, { layers: [], end: service, replies: false }));

/** Puts a caller's stack around where its calls go; resolves to the output. */
export const wrapClient = (stack: Stack, edge: Handler): Service => join(fuse(stack, partsOf(edge)), false);

const isWrapping = (layer: Layer): layer is WrappingLayer => "interceptor" in layer;

function fuse(stack: Stack, end: Fused): Fused {
  return stack.reduceRight<Fused>((inner, layer) => {
    if (isWrapping(layer)) return partsOf(layer.interceptor(handlerOf(inner)));
    const limited = layer.limit !== undefined && inner.layers.some(({ limit }) => limit !== undefined);
    const { layers, ...rest } = limited ? { layers: [], end: handlerOf(inner), replies: true } : inner;
    return { ...rest, layers: [layer, ...layers] };
  }, end);
}

function handlerOf(fused: Fused): Handler {
  if (fused.layers.length === 0 && fused.replies) return fused.end as Handler;
  return Object.assign(join(fused, true) as Handler, { [madeOf]: fused });
}

/** One function of all the layers. */
function join({ layers, end, replies }: Fused, replying: boolean): Service {
  const fails = layers.map((layer) => layer.fail);
  const limitPlace = layers.findIndex((layer) => layer.limit !== undefined);
  const inside = limitPlace + 1;
  const outermost = 0;
  const innermost = layers.length;

  /** What the layers from below `from` out to `to` make of an error. */
  const failFrom = (from: number, to: number, error: unknown, call: Call): unknown => {
    let current = error;
    for (let i = from - 1; i >= to; i--) {
      const fail = fails[i];
      if (fail !== undefined) current = fail(current, call);
    }
    return current;
  };
  const entering = [...layers.keys()].filter((place) => layers[place]!.enter !== undefined);
  const enterAll = inSequence<Call, Call>(
    entering.map((place) => layers[place]!.enter!),
    (step, error, current) => failFrom(entering[step]!, outermost, error, current),
  );
  /** What the layers from below `from` out to `to` make of an output. */
  const leaving = (from: number, to: number) => {
    const places = [...layers.keys()].slice(to, from).filter((place) => layers[place]!.leave !== undefined);
    const inOrder = places.toReversed();
    return inSequence<unknown, Call>(
      inOrder.map((place) => layers[place]!.leave!),
      (step, error, _output, call) => failFrom(inOrder[step]!, to, error, call),
    );
  };
  const outputOf = (result: unknown): unknown => (replies ? (result as Reply).output : result);
  const resultOf = (output: unknown): unknown => (replying ? { output } : output);

  if (limitPlace === -1) {
    const leaveAll = leaving(innermost, outermost);
    return (call) => {
      let entered: Call;
      try {
        entered = enterAll(call, call);
      } catch (error) {
        return Promise.reject(error);
      }
      return end(entered).then(
        (result) => resultOf(leaveAll(outputOf(result), entered)),
        (error: unknown) => {
          throw failFrom(innermost, outermost, error, entered);
        },
      );
    };
  }

  const { watch, unwatch } = layers[limitPlace]!.limit!;
  const leaveInside = leaving(innermost, inside);
  const leaveOutside = leaving(inside, outermost);
  return (call) =>
    new Promise((resolve, reject) => {
      let waiting = true;
      const entered = enterAll(call, call);
      const giveUp = (error: unknown) => {
        if (!waiting) return;
        waiting = false;
        reject(failFrom(inside, outermost, error, entered));
      };
      const settled = (result: unknown) => {
        let output: unknown;
        try {
          output = leaveInside(outputOf(result), entered);
        } catch (error) {
          unwatch(entered, giveUp);
          return giveUp(error);
        }
        unwatch(entered, giveUp);
        if (!waiting) return;
        waiting = false;
        try {
          resolve(resultOf(leaveOutside(output, entered)));
        } catch (error) {
          reject(error);
        }
      };
      const thrown = (error: unknown) => {
        const inner = failFrom(innermost, inside, error, entered);
        unwatch(entered, giveUp);
        giveUp(inner);
      };
      watch(entered, giveUp);
      try {
        end(entered).then(settled, thrown);
      } catch (error) {
        thrown(error);
      }
    });
}
