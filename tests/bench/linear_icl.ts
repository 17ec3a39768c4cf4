/**
 * How fast is a training step of the main experiment, compared with PyTorch and jax-js on the same machine?
 *
 * Step     256 fresh prompts of N = 32 tokens in d = 8 dimensions, all entries of both (2d, 2d) matrices, SGD.
 * Fairness everybody draws fresh normal numbers every step; contenders take turns, after a warm-up; medians of rounds.
 * Also     growth with R, d and N; resident memory over 10⁶ steps; time from command to first step.
 *
 * `deno task bench [--python=PATH] [--part=speed,scaling,memory,start] [--rounds=5] [--seconds=1] [--out=results/DIR]`
 */
import { parseArgs } from "@std/cli/parse-args";
import { contenders } from "./contenders.ts";
import { helpIfAsked } from "./help.ts";
import { memorySection } from "./memory.ts";
import { scalingSections } from "./scaling.ts";
import { speedSection } from "./speed.ts";
import { startSection } from "./start.ts";

/** One part of the report: Markdown for people, rows for programs. */
export interface Section<Data = unknown> {
  readonly title: string;
  readonly markdown: string;
  readonly data: Data;
}

/** Length and number of rounds. */
export interface Effort {
  readonly rounds: number;
  readonly seconds: number;
}

const PARTS = ["speed", "scaling", "memory", "start"];

async function* sections(parts: readonly string[], python: string, effort: Effort): AsyncGenerator<Section> {
  if (parts.includes("speed")) {
    for (const tasks of ["commuting", "dense"] as const) {
      yield await speedSection(tasks, contenders(tasks, python), effort);
    }
  }
  if (parts.includes("scaling")) yield* scalingSections(effort);
  if (parts.includes("memory")) yield await memorySection();
  if (parts.includes("start")) yield await startSection(effort.rounds);
}

async function main(): Promise<void> {
  helpIfAsked(import.meta.url);
  const args = parseArgs(Deno.args, {
    string: ["python", "out", "part", "rounds", "seconds"],
    default: { python: "python3", part: PARTS.join(), rounds: "5", seconds: "1" },
    unknown: (argument) => {
      console.error(`error: expected --python, --part, --rounds, --seconds or --out, found ${argument}`);
      Deno.exit(2);
    },
  });
  const parts = String(args.part).split(",");
  const odd = parts.find((part) => !PARTS.includes(part));
  const effort = { rounds: Number(args.rounds), seconds: Number(args.seconds) };
  if (odd !== undefined || !(effort.rounds >= 1) || !(effort.seconds > 0)) {
    console.error(
      `error: expected --part of ${PARTS.join()}, --rounds ≥ 1 and --seconds > 0, found ${Deno.args.join(" ")}`,
    );
    Deno.exit(2);
  }
  const done: Section[] = [];
  for await (const section of sections(parts, String(args.python), effort)) {
    done.push(section);
    console.log(`## ${section.title}\n\n${section.markdown}\n`);
    if (args.out !== undefined) await write(String(args.out), done);
  }
}

/** Rewrites both files, so that a part that fails later takes nothing away. */
async function write(folder: string, done: readonly Section[]): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const markdown = done.map(({ title, markdown }) => `## ${title}\n\n${markdown}\n`).join("\n");
  await Deno.writeTextFile(`${folder}/bench.md`, markdown);
  const data = Object.fromEntries(done.map(({ title, data }) => [title, data]));
  await Deno.writeTextFile(`${folder}/bench.json`, JSON.stringify(data, null, 2) + "\n");
}

if (import.meta.main) await main();
