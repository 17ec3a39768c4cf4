/**
 * Where an experiment's time goes: `./lab profile NAME [options]` runs it and prints a table of its kernels.
 *
 * Every program is measured in six of its first replays, one dispatch at a time; the rest of the run is as usual. On a
 * software driver, launching alone costs a kernel some 10 to 60 µs.
 *
 * @module
 */
import { currentGpu, openGpu } from "../gpu/device.ts";
import { type ProgramTime, startProfiling, stopProfiling } from "../gpu/profiler.ts";
import { reportError, UserError } from "../io/errors.ts";
import { runExperiment } from "../run/main.ts";
import { experimentNames, loadExperiment } from "./experiments.ts";

/**
 * A table of kernels: time, share, launches, GFLOP/s where kernels say what they compute, and GB/s; above it the memory that
 * the program planned, and the launches and bytes of a replay. A fused kernel is named by its parts, as in `matmul + add`.
 *
 * Operations and bytes are those that the formula needs; a kernel that reads its operands more than once moves more.
 *
 * @param programs What was measured.
 * @returns Lines of text, one table for each program.
 *
 * @example
 * ```ts
 * import { profileTable } from "./profile.ts";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const kernel = { program: "train", kernel: "matmul", launches: 3, elapsedMs: 2, flops: 5e7, bytes: 1e6 };
 * const work = { launches: 3, bytes: 2 ** 20, unfused: { launches: 5, bytes: 2 ** 21 } };
 * const table = profileTable([
 *   { program: "train", replays: 100, elapsedMs: 2.5, plannedBytes: 2 ** 21, work, kernels: [kernel] },
 * ]);
 * assertStringIncludes(table, "train: 2.500 ms a replay, 80.0 % of it in kernels, 100 replays, 2.0 MiB planned");
 * assertStringIncludes(table, "3 launches that move 1.0 MiB (5 and 2.0 MiB without fusion)");
 * assertStringIncludes(table, "matmul         3  2.000  80.0 %     25.0   0.5");
 * ```
 */
export function profileTable(programs: readonly ProgramTime[]): string {
  return programs.map(({ program, replays, elapsedMs, plannedBytes, work, kernels }) => {
    const inside = kernels.reduce((sum, kernel) => sum + kernel.elapsedMs, 0);
    const share = (ms: number) => `${(100 * ms / elapsedMs).toFixed(1)} %`;
    const rows = kernels.map(({ kernel, launches, elapsedMs: ms, flops, bytes }) => [
      kernel,
      String(launches),
      ms.toFixed(3),
      share(ms),
      flops === null ? "–" : (flops / ms / 1e6).toFixed(1),
      (bytes / ms / 1e6).toFixed(1),
    ]);
    const head = ["kernel", "launches", "ms", "share", "GFLOP/s", "GB/s"];
    const widths = head.map((title, column) =>
      Math.max(...[head, ...rows].map((row) => row[column].length), title.length)
    );
    const line = (row: readonly string[]) =>
      row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])).join("  ");
    const title = `${program}: ${elapsedMs.toFixed(3)} ms a replay, ${
      share(inside)
    } of it in kernels, ${replays} replays, ${(plannedBytes / 2 ** 20).toFixed(1)} MiB planned`;
    const { launches, bytes, unfused } = work;
    const mebibytes = (count: number) => `${(count / 2 ** 20).toFixed(1)} MiB`;
    const moved = `${launches} launches that move ${mebibytes(bytes)} (${unfused.launches} and ${
      mebibytes(unfused.bytes)
    } without fusion)`;
    return [title, moved, line(head), ...rows.map(line)].join("\n");
  }).join("\n\n");
}

/** Programs that take at least this share of the time are shown. */
const SHOWN = 0.01;

/** Programs of one label and the same launches, which an experiment records again and again, as one: means over replays. */
export function joinPrograms(programs: readonly ProgramTime[]): ProgramTime[] {
  const key = ({ program, kernels }: ProgramTime) =>
    JSON.stringify([program, kernels.map(({ kernel, launches }) => [kernel, launches]).toSorted()]);
  return [...Map.groupBy(programs, key).values()].map((same) => {
    const replays = same.reduce((sum, program) => sum + program.replays, 0);
    const mean = (of: (program: ProgramTime) => number) =>
      same.reduce((sum, program) => sum + program.replays * of(program), 0) / replays;
    const kernels = same[0].kernels.map((kernel) => ({
      ...kernel,
      elapsedMs: mean(({ kernels }) => kernels.find((other) => other.kernel === kernel.kernel)!.elapsedMs),
    }));
    return {
      ...same[0],
      replays,
      elapsedMs: mean(({ elapsedMs }) => elapsedMs),
      plannedBytes: Math.max(...same.map(({ plannedBytes }) => plannedBytes)),
      kernels: kernels.toSorted((a, b) => b.elapsedMs - a.elapsedMs),
    };
  });
}

/** The programs that matter, the one that takes longest first, and a line on the others. */
function report(programs: readonly ProgramTime[]): string {
  const total = ({ replays, elapsedMs }: ProgramTime) => replays * elapsedMs;
  const all = programs.reduce((sum, program) => sum + total(program), 0);
  const shown = programs.filter((program) => total(program) >= SHOWN * all).toSorted((a, b) => total(b) - total(a));
  const rest = programs.length - shown.length;
  return profileTable(shown) + (rest === 0 ? "" : `\n\n${rest} other programs took less than 1 % of the time each`);
}

/** The share of a run's time that its programs' kernels take. */
function shareInside(programs: readonly ProgramTime[], elapsedMs: number): string {
  const inside = programs.reduce(
    (sum, { replays, kernels }) => sum + replays * kernels.reduce((own, kernel) => own + kernel.elapsedMs, 0),
    0,
  );
  return `inside kernels: ${(inside / 1000).toFixed(1)} of ${(elapsedMs / 1000).toFixed(1)} s, ${
    (100 * inside / elapsedMs).toFixed(0)
  } %`;
}

const HELP = `Runs an experiment and prints where its time goes, kernel by kernel.

usage: ./lab profile NAME [options of the experiment]`;

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === "--help" || name === "-h") {
    const names = experimentNames().join(", ");
    if (name === undefined) throw new UserError(`expected one of ${names}, found nothing`);
    console.log(`${HELP}\n\n  NAME   one of ${names}, or a file; profile NAME --help tells its options`);
    return 0;
  }
  const experiment = await loadExperiment(name);
  await openGpu();
  const profiler = startProfiling(currentGpu());
  const start = performance.now();
  const { exitCode } = await runExperiment(experiment, args, { signals: true });
  const elapsedMs = performance.now() - start;
  stopProfiling();
  const programs = await profiler.programs();
  if (programs.length > 0) console.log(`\n${report(joinPrograms(programs))}\n\n${shareInside(programs, elapsedMs)}`);
  return exitCode;
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    Deno.exit(reportError(error));
  }
}
