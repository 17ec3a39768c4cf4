/**
 * How long do the kernels take that are bound by memory, and how much less than those of another checkout?
 *
 * Sizes    rows and columns of a decoder's activations; forwards, and gradients with what they need of the way forwards.
 * Fairness both checkouts take turns, after a warm-up; medians of rounds; operands stay where they are.
 *
 * `deno run -A tests/bench/elementwise.ts [--before=FOLDER] [--rounds=5] [--seconds=0.2] [--only=TEXT] [--sizes=4096x64,…]`
 *
 * FOLDER is another checkout of this repository, such as a worktree of an earlier commit. Operations that it lacks are
 * timed here only.
 */
import { parseArgs } from "@std/cli/parse-args";
import { toFileUrl } from "@std/path";
import type { Contender } from "./contender.ts";
import { type ElementwiseConfig, OPERATIONS } from "./elementwise_worker.ts";
import { helpIfAsked } from "./help.ts";
import { formatRate, measureInTurn, median, table } from "./measure.ts";

/** Different tokens of the embedding. */
const VOCABULARY = 114;

const here = new URL("../../", import.meta.url).href;
const worker = new URL("elementwise_worker.ts", import.meta.url).pathname;

function contender(name: string, config: ElementwiseConfig): Contender {
  return { name, command: [Deno.execPath(), "run", "--allow-read", worker, JSON.stringify(config)] };
}

function sizesOf(text: string): { M: number; C: number }[] {
  return text.split(",").map((size) => {
    const [M, C] = size.split("x").map(Number);
    return { M, C };
  });
}

async function main(): Promise<void> {
  helpIfAsked(import.meta.url);
  const args = parseArgs(Deno.args, {
    string: ["before", "rounds", "seconds", "only", "sizes"],
    default: { before: "", rounds: "5", seconds: "0.2", only: "", sizes: "4096x64,4096x256,11520x128" },
    unknown: (argument) => {
      console.error(`error: expected --before, --rounds, --seconds, --only or --sizes, found ${argument}`);
      Deno.exit(2);
    },
  });
  const [rounds, seconds] = [Number(args.rounds), Number(args.seconds)];
  const operations = Object.keys(OPERATIONS).filter((name) => name.includes(String(args.only)));
  const sizes = sizesOf(String(args.sizes));
  const whole = sizes.every(({ M, C }) => [M, C].every((size) => Number.isInteger(size) && size >= 1));
  if (!(rounds >= 1) || !(seconds > 0) || operations.length === 0 || !whole) {
    console.error(
      `error: expected --rounds ≥ 1, --seconds > 0, --sizes such as 4096x64 and --only part of ${
        Object.keys(OPERATIONS).join(", ")
      }, found ${Deno.args.join(" ")}`,
    );
    Deno.exit(2);
  }
  const before = args.before ? `${toFileUrl(await Deno.realPath(String(args.before))).href}/` : null;
  const rows: string[][] = [];
  for (const operation of operations) {
    for (const backward of [false, true]) {
      const cells: string[] = [];
      for (const { M, C } of sizes) {
        const config = { operation, M, C, V: VOCABULARY, backward };
        const now = contender("now", { ...config, root: here });
        const then = before === null ? [] : [contender("before", { ...config, root: before })];
        const [mine, other] = await measureInTurn([now, ...then], rounds, seconds);
        if (mine.skipped) throw new Error(`${operation}: ${mine.skipped}`);
        const { dispatches } = mine.about as { dispatches: string[] };
        if (dispatches.length === 0) {
          cells.push("–");
          continue;
        }
        const micros = 1e6 / median(mine.rates);
        const ratio = other && !other.skipped ? ` (${(median(mine.rates) / median(other.rates)).toFixed(2)}×)` : "";
        cells.push(`${formatRate(micros)}${ratio}`);
      }
      rows.push([`${operation}${backward ? ", gradient" : ""}`, ...cells]);
    }
  }
  const speedup = before === null ? "" : "; in brackets: how many times faster than before";
  console.log(`Microseconds, median of ${rounds} rounds${speedup}\n`);
  console.log(table(["operation", ...sizes.map(({ M, C }) => `${M}×${C}`)], rows));
}

if (import.meta.main) await main();
