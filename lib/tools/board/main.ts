/**
 * `./lab claims`: the replication board.
 *
 * @module
 */
import { UserError } from "../../io/errors.ts";
import { writeAtomically } from "../../io/atomic.ts";
import { choice } from "../../run/options.ts";
import { type Asked, defineCommand, optionalText, runCommand } from "../command.ts";
import { experimentNames } from "../experiments.ts";
import { type BoardEntry, collectBoard } from "./collect.ts";
import { boardMarkdown } from "./markdown.ts";
import { boardPage } from "./page.ts";
import { boardTable } from "./terminal.ts";

const FORMATS = ["terminal", "markdown", "html"] as const;

const command = defineCommand({
  name: "claims",
  about:
    `The replication board: every claim of the newest complete run of each experiment and preset, with source, criterion, what
was predicted, what was measured, and the verdict.`,
  options: {
    preset: optionalText("NAME", "only runs with this preset"),
    format: choice(FORMATS, { help: "how it is written" }),
    out: optionalText("FILE", "write a file instead of the terminal"),
  },
  operands: {
    name: "FOLDER",
    help: "where to look for runs, results unless given; results/gallery for what is kept",
    most: 1,
  },
  notes:
    `Exit code: 0 whatever the verdicts; 1 if an experiment has no complete run, or its newest run has failed; 2 for bad input.
results/gallery/CLAIMS.md is: ./lab claims results/gallery --format=markdown --out=results/gallery/CLAIMS.md`,
});

function claims(
  { options: { preset, format, out }, operands: [named] }: Asked<typeof command.options>,
): number {
  if (named !== undefined && !isFolder(named)) throw new UserError(`expected a folder of runs, found none at ${named}`);
  const folder = named ?? "results";
  const asked = { experiments: experimentNames(), ...(preset === undefined ? {} : { preset }) };
  const { entries, problems } = collectBoard(folder, asked);
  const text = write(format, entries, out !== undefined);
  if (out === undefined) console.log(text.trimEnd());
  else writeAtomically(out, text);
  for (const line of problems) console.error(`missing: ${line}`);
  return problems.length === 0 ? 0 : 1;
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}

function write(format: typeof FORMATS[number], entries: readonly BoardEntry[], file: boolean): string {
  if (format === "markdown") return boardMarkdown(entries);
  if (format === "html") return boardPage(entries);
  const terminal = !file && Deno.stdout.isTerminal();
  const style = terminal ? { colour: !Deno.noColor, width: Deno.consoleSize().columns } : {};
  return boardTable(entries, style) + "\n";
}

if (import.meta.main) await runCommand(command, claims);
