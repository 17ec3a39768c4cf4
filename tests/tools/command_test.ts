/** The command line that all tools share. */
import { assertEquals, assertThrows } from "@std/assert";
import { UserError } from "../../lib/io/errors.ts";
import { choice, flag, integer } from "../../lib/run/options.ts";
import { commandHelp, defineCommand, optional, optionalText, readCommand } from "../../lib/tools/command.ts";

const command = defineCommand({
  name: "ask",
  about: "Asks.",
  options: {
    format: choice(["table", "csv"], { help: "how it answers" }),
    port: optional(integer(8000, { min: 0, max: 9, help: "where" })),
    out: optionalText("FILE", "what to write"),
    replace: flag("write over it"),
    colour: flag("colour", true),
  },
  operands: { name: "SQL [FOLDER…]", help: "a statement, and folders", example: '"select 1"', least: 1, most: 3 },
  notes: "More.",
});

Deno.test("help is made from options and operands", () => {
  assertEquals(commandHelp(command).split("\n"), [
    "Asks.",
    "",
    "usage: ./lab ask [options] SQL [FOLDER…]",
    "",
    "  SQL [FOLDER…]  a statement, and folders",
    "  --format=WORD  how it answers; one of table|csv [table]",
    "  --port=N       where; an integer ≥ 0 and ≤ 9",
    "  --out=FILE     what to write",
    "  --replace      write over it",
    "  --no-colour    without colour",
    "  --help         this text",
    "",
    "More.",
  ]);
  const bare = defineCommand({ name: "bare", about: "Does.", options: {}, operands: { name: "X", help: "x" } });
  assertEquals(commandHelp(bare).split("\n")[2], "usage: ./lab bare [X]");
});

Deno.test("options have their types and defaults; operands come in their order", () => {
  const asked = readCommand(command, ["a", "--format", "csv", "--port=7", "-", "--no-colour", "--out=x y"])!;
  const format: "table" | "csv" = asked.options.format;
  const port: number | undefined = asked.options.port;
  assertEquals([format, port, asked.options.out, asked.options.replace, asked.options.colour], [
    "csv",
    7,
    "x y",
    false,
    false,
  ]);
  assertEquals(asked.operands, ["a", "-"]);
  assertEquals(readCommand(command, ["a"])!.options, {
    format: "table",
    port: undefined,
    out: undefined,
    replace: false,
    colour: true,
  });
  assertEquals([readCommand(command, ["--help"]), readCommand(command, ["-h", "a"])], [null, null]);
});

Deno.test("what is wrong is said in one line, with the nearest option, the argument, or an example", () => {
  const refuses = (args: string[], line: string) =>
    assertEquals(assertThrows(() => readCommand(command, args), UserError).message, line);
  refuses([], 'expected SQL [FOLDER…], as in: ./lab ask "select 1"; found none');
  refuses(["a", "b", "c", "d"], 'expected SQL [FOLDER…], as in: ./lab ask "select 1"; found a b c d');
  refuses(["a", "--fromat=csv"], "unknown option --fromat; did you mean --format?");
  refuses(["a", "--format=pdf"], 'expected --format to be one of table|csv, found "pdf"');
  refuses(["a", "--port=10"], 'expected --port to be an integer ≥ 0 and ≤ 9, found "10"');
  refuses(["a", "--out="], "expected a value after --out, found none (write --out=VALUE)");
  refuses(["a", "--out=x", "--out=y"], "expected --out once, found it 2 times");
  const none = defineCommand({ name: "none", about: "Does.", options: {} });
  assertEquals(
    assertThrows(() => readCommand(none, ["a"]), UserError).message,
    "expected no arguments but options, found a",
  );
});
