/**
 * Loaded by every process of a shop (`--import`): on SIGUSR2 one falls sick, as `SICKNESS` says. `loop`: it does nothing
 * else any more, for longer than anybody looks. `leak`: it keeps 20 MB more each second.
 */
const leakEveryMs = 50;
const leakedObjects = 10_000;
const loopMs = 60_000;

const kept: object[] = [];

process.on("SIGUSR2", () => {
  if (process.env.SICKNESS === "leak") {
    setInterval(() => {
      for (let n = 0; n < leakedObjects; n++) kept.push({ n, text: `kept for good ${n}` });
    }, leakEveryMs);
    return;
  }
  const end = performance.now() + loopMs;
  while (performance.now() < end);
});
