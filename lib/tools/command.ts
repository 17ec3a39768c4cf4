/**
 * One command line for all tools: typed options and operands, with the help and the errors that experiments have.
 *
 * @module
 */
import { reportError, UserError } from "../io/errors.ts";
import { readValue, splitArguments } from "../run/command_line.ts";
import { helpTable, optionRows } from "../run/help.ts";
import type { Configuration, Option, Options } from "../run/option.ts";
import { text } from "../run/options.ts";

/** Arguments of a tool that belong to no option. */
export interface Operands {
  /** Their name, as in `RUN…`. */
  readonly name: string;
  /** One line on them. */
  readonly help: string;
  /** Such operands as a shell reads them, for the error where they are missing; the name unless given. */
  readonly example?: string;
  /** Fewest that are taken; default 0. */
  readonly least?: number;
  /** Most that are taken; default any number. */
  readonly most?: number;
}

/** Definition of a tool. */
export interface Command<O extends Options> {
  /** Name of its task, as in `./lab NAME`. */
  readonly name: string;
  /** Its purpose: a line, and perhaps further paragraphs. */
  readonly about: string;
  /** Its options; `--help` is there besides. */
  readonly options: O;
  /** Its operands; none unless given. */
  readonly operands?: Operands;
  /** Text below the options in its help. */
  readonly notes?: string;
}

/** Defines a tool; the types of its options follow from the literal. */
export function defineCommand<O extends Options>(command: Command<O>): Command<O> {
  return command;
}

/** Options and operands of a call. */
export interface Asked<O extends Options> {
  /** Values of the options. */
  readonly options: Configuration<O>;
  /** Operands in their order. */
  readonly operands: readonly string[];
}

/**
 * An option without a default.
 *
 * @param option Its domain and help.
 * @returns An option whose value is undefined unless given.
 */
export function optional<T>(option: Option<T>): Option<T | undefined> {
  return { ...option, fallback: undefined, show: (value) => value === undefined ? "" : option.show(value) };
}

/**
 * A text without a default, such as the name of a file.
 *
 * @param placeholder What stands for it in the help, as `FILE`.
 * @param help One line of help.
 * @returns An option whose value is undefined unless given.
 */
export function optionalText(placeholder: string, help: string): Option<string | undefined> {
  return optional({ ...text(placeholder, { help }), placeholder });
}

/**
 * Help of a tool.
 *
 * @param command Its definition.
 * @returns Text ending without a newline.
 */
export function commandHelp<O extends Options>({ name, about, options, operands, notes }: Command<O>): string {
  const rows = [
    ...(operands === undefined ? [] : [[operands.name, operands.help] as const]),
    ...optionRows(options),
    ["--help", "this text"] as const,
  ];
  const hasOptions = Object.keys(options).length > 0;
  const usage = ["usage: ./lab", name, ...(hasOptions ? ["[options]"] : []), ...(operands ? [shown(operands)] : [])];
  return [about, "", usage.join(" "), "", ...helpTable(rows), ...(notes === undefined ? [] : ["", notes])].join("\n");
}

const shown = ({ name, least = 0 }: Operands) => least === 0 ? `[${name}]` : name;

/**
 * Reads the command line of a tool.
 *
 * @param command Its definition.
 * @param args Its arguments.
 * @returns What was asked for; null for help.
 * @throws {UserError} For an unknown option (naming the nearest one), a value outside its domain, an option given twice,
 *   or too few or too many operands.
 *
 * @example
 * ```ts
 * import { readCommand } from "./command.ts";
 * import { assertEquals } from "@std/assert";
 * import { choice } from "../run/options.ts";
 *
 * const options = { format: choice(["table", "csv"], { help: "of the answer" }) };
 * const command = { name: "query", about: "Asks logs.", options, operands: { name: "SQL", help: "what to ask", least: 1 } };
 * assertEquals(readCommand(command, ["select 1", "--format=csv"]), { options: { format: "csv" }, operands: ["select 1"] });
 * ```
 */
export function readCommand<O extends Options>(command: Command<O>, args: readonly string[]): Asked<O> | null {
  const { name, options } = command;
  const { given, operands } = splitArguments(args, options, { valued: [], takesOperands: true });
  if (given.help === "true") return null;
  const values = Object.entries(options).map(([key, option]) => {
    const text = given[key];
    return [key, text === undefined ? option.fallback : readValue(key, option, text)];
  });
  const { name: wanted = "", example = wanted, least = 0, most = Infinity } = command.operands ?? { most: 0 };
  if (operands.length < least || operands.length > most) {
    const found = operands.length === 0 ? "none" : operands.join(" ");
    throw new UserError(
      most === 0
        ? `expected no arguments but options, found ${found}`
        : `expected ${wanted}, as in: ./lab ${name} ${example}; found ${found}`,
    );
  }
  return { options: Object.fromEntries(values) as Configuration<O>, operands };
}

/**
 * The last line of a tool's file: `if (import.meta.main) await runCommand(command, main);`. Ends the process.
 *
 * @param command The tool.
 * @param main Does what was asked for; returns the exit code, 0 unless it says otherwise.
 */
export async function runCommand<O extends Options>(
  command: Command<O>,
  main: (asked: Asked<O>) => number | void | Promise<number | void>,
): Promise<never> {
  try {
    const asked = readCommand(command, Deno.args);
    if (asked === null) {
      console.log(commandHelp(command));
      Deno.exit(0);
    }
    Deno.exit(await main(asked) ?? 0);
  } catch (error) {
    // Who reads only the first lines closes the pipe: nothing is wrong.
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(0);
    Deno.exit(reportError(error));
  }
}
