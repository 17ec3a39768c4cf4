/**
 * `deno task claims`: the replication board.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { closestString } from "@std/text/closest-string";
import { writeAtomically } from "../../io/atomic.ts";
import { reportError, UserError } from "../../io/errors.ts";
import { type BoardEntry, collectBoard, experimentNames } from "./collect.ts";
import { boardMarkdown } from "./markdown.ts";
import { boardPage } from "./page.ts";
import { boardTable } from "./terminal.ts";

const FORMATS = ["terminal", "markdown", "html"] as const;
const HELP = `The replication board: every claim of the newest complete run of each experiment and preset, with source,
criterion, what was predicted, what was measured, and the verdict.

usage: deno task claims [options] [FOLDER]

  FOLDER          where to look for runs; results/gallery for what is kept [results]
  --preset=NAME   only runs with this preset
  --format=WORD   ${FORMATS.join("|")} [terminal]
  --out=FILE      write a file instead of the terminal
  --help          this text

Exit code: 0 whatever the verdicts; 1 if an experiment has no complete run, or its newest run has failed; 2 for bad input.
results/gallery/CLAIMS.md is: deno task claims results/gallery --format=markdown --out=results/gallery/CLAIMS.md`;

/**
 * Runs the command.
 *
 * @param args Its arguments.
 * @returns Its exit code.
 * @throws {UserError} For bad input.
 */
function claims(args: readonly string[]): number {
  const { help, folder, format, preset, out } = parse(args);
  if (help) {
    console.log(HELP);
    return 0;
  }
  const { entries, problems } = collectBoard(folder, {
    experiments: experimentNames(),
    ...(preset === undefined ? {} : { preset }),
  });
  const text = write(format, entries, out !== undefined);
  if (out === undefined) console.log(text.trimEnd());
  else writeAtomically(out, text);
  for (const line of problems) console.error(`missing: ${line}`);
  return problems.length === 0 ? 0 : 1;
}

function write(format: typeof FORMATS[number], entries: readonly BoardEntry[], file: boolean): string {
  if (format === "markdown") return boardMarkdown(entries);
  if (format === "html") return boardPage(entries);
  const terminal = !file && Deno.stdout.isTerminal();
  const style = terminal ? { colour: !Deno.noColor, width: Deno.consoleSize().columns } : {};
  return boardTable(entries, style) + "\n";
}

function parse(args: readonly string[]) {
  const valued = ["preset", "format", "out"];
  const parsed = parseArgs(args, {
    string: valued,
    boolean: ["help"],
    collect: valued,
    alias: { help: "h" },
    unknown: (arg, key) => {
      if (key === undefined) return true;
      const nearest = closestString(arg.replace(/^-+/, "").split("=")[0], [...valued, "help"]);
      throw new UserError(`unknown option ${arg.split("=")[0]}; did you mean --${nearest}?`);
    },
  });
  const [preset, word, out] = valued.map((key) => {
    const texts = (parsed[key] ?? []) as string[];
    if (texts.length > 1) throw new UserError(`expected --${key} once, found it ${texts.length} times`);
    if (texts[0] === "") throw new UserError(`expected a value after --${key}, found none (write --${key}=VALUE)`);
    return texts.at(0);
  });
  const format = FORMATS.find((each) => each === (word ?? "terminal"));
  if (format === undefined) throw new UserError(`expected --format to be one of ${FORMATS.join("|")}, found ${word}`);
  if (parsed._.length > 1) throw new UserError(`expected one folder, found ${parsed._.length}`);
  return { help: parsed.help === true, folder: String(parsed._[0] ?? "results"), format, preset, out };
}

if (import.meta.main) {
  try {
    Deno.exit(claims(Deno.args));
  } catch (error) {
    Deno.exit(reportError(error));
  }
}
