/** The side of a benchmark's worker in the protocol of contender.ts. */
import { TextLineStream } from "@std/streams/text-line-stream";
import { currentGpu, type Gpu } from "../../lib/gpu/device.ts";
import type { Program } from "../../lib/gpu/program.ts";

/** How a worker works, and what it tells of itself. */
export interface Work {
  /** Does `count` units of work and waits for them; the seconds that took. */
  readonly time: (count: number) => Promise<number>;
  /** Steps in a unit: one of every replica. */
  readonly steps?: number;
  /** Seconds that a first guess of the speed should take: waiting alone costs 11 ms, whatever the work. */
  readonly warmUp?: number;
  /** Facts told on being ready. */
  readonly about: Readonly<Record<string, unknown>>;
  /** Facts told after a round. */
  readonly after?: () => Readonly<Record<string, unknown>>;
}

/**
 * Warms up, says that it is ready, and works for about as many seconds as each line of the standard input says.
 *
 * @param work The work.
 */
export async function answerRounds({ time, steps = 1, warmUp = 0.05, about, after }: Work): Promise<void> {
  let [count, seconds] = [1, await time(1)];
  while (seconds < warmUp) seconds = await time(count *= 2);
  let rate = count / seconds;
  console.log(JSON.stringify({ ready: true, ...about }));
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  for await (const line of lines) {
    count = Math.max(1, Math.round(rate * Number(line)));
    seconds = await time(count);
    rate = count / seconds;
    console.log(JSON.stringify({ steps: count * steps, seconds, ...after?.() }));
  }
}

/**
 * The work of replaying a program.
 *
 * @param program The program.
 * @param gpu What runs it; that of another checkout, if its program is.
 * @returns How long replays take.
 */
export function replaying(program: Program<unknown>, gpu: Pick<Gpu, "finish"> = currentGpu()): Work["time"] {
  return async (count) => {
    const start = performance.now();
    program.replay(count);
    await gpu.finish();
    return (performance.now() - start) / 1000;
  };
}
