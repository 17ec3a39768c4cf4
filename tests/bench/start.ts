/** Time from the command to the first training step of the main experiment. */
import { TextLineStream } from "@std/streams/text-line-stream";
import type { Section } from "./linear_icl.ts";
import { median, table } from "./measure.ts";

const experiment = new URL("../../experiments/linear_icl.ts", import.meta.url).pathname;

/** The shortest run that the experiment accepts; its steps take milliseconds. */
const STEPS = 10;

/** Seconds until such a run says that it has trained. */
async function secondsToFirstStep(folder: string, cache: string): Promise<number> {
  const began = performance.now();
  const permissions = ["--allow-read", `--allow-write=${folder}`];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", ...permissions, experiment, "--preset=smoke", `--steps=${STEPS}`, `--out=${folder}/run`],
    env: { MESA_SHADER_CACHE_DIR: cache },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let seconds = NaN;
  const watch = async (stream: ReadableStream<Uint8Array>) => {
    for await (const line of stream.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())) {
      if (line.includes(`step ${STEPS}/${STEPS}`) && Number.isNaN(seconds)) {
        seconds = (performance.now() - began) / 1000;
      }
    }
  };
  await Promise.all([watch(child.stdout), watch(child.stderr)]);
  await child.status;
  if (Number.isNaN(seconds)) throw new Error(`expected ${experiment} to report step ${STEPS}, found no such line`);
  return seconds;
}

/**
 * Starts the smoke preset with an empty shader cache, then again with what that left.
 *
 * @param repeats Number of warm starts; cold ones are at most three.
 */
export async function startSection(repeats: number): Promise<Section> {
  await Deno.mkdir("results", { recursive: true });
  const folder = await Deno.makeTempDir({ dir: "results", prefix: "bench-" });
  try {
    const [cold, warm]: number[][] = [[], []];
    for (let k = 0; k < Math.min(3, repeats); k++) {
      cold.push(await secondsToFirstStep(`${folder}/cold-${k}`, `${folder}/cache-${k}`));
    }
    for (let k = 0; k < repeats; k++) warm.push(await secondsToFirstStep(`${folder}/warm-${k}`, `${folder}/cache-0`));
    const row = (name: string, seconds: readonly number[]) => [
      name,
      median(seconds).toFixed(2),
      `${Math.min(...seconds).toFixed(2)} – ${Math.max(...seconds).toFixed(2)}`,
    ];
    return {
      title: "From command to first training step (smoke preset)",
      markdown: table(["shader cache", "s", "starts"], [row("empty", cold), row("filled", warm)]),
      data: { cold, warm },
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
