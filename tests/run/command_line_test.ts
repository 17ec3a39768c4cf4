import { assert, assertEquals, assertThrows } from "@std/assert";
import { parseCommandLine } from "../../lib/run/command_line.ts";
import { UserError } from "../../lib/io/errors.ts";
import { choice, flag, integer, integerOr, integers, number, numbers, text } from "../../lib/run/options.ts";

const options = {
  context: integer(8, { min: 1, help: "tokens per prompt" }),
  lr: number(0.01, { above: 0, max: 1, help: "learning rate" }),
  shift: number(0, { help: "any number" }),
  spectrum: numbers([4, 2, 1, 0.5], { above: 0, help: "eigenvalues" }),
  tasks: choice(["commuting", "dense"], { help: "law of the tasks" }),
  pool: integerOr("fresh", { word: "fresh", min: 1, help: "tasks" }),
  center: flag("centre inputs"),
};
const presets = { smoke: { context: 4, pool: 16 }, paper: { spectrum: [1, 1], tasks: "dense" } } as const;
const parse = (...args: string[]) => parseCommandLine(args, options, presets);

Deno.test("defaults, then the preset, then the command line decide", () => {
  assertEquals(parse().configuration, {
    context: 8,
    lr: 0.01,
    shift: 0,
    spectrum: [4, 2, 1, 0.5],
    tasks: "commuting",
    pool: "fresh",
    center: false,
  });
  const line = parse("--preset=smoke", "--context=1e3", "--spectrum", "3, 2e-1,.5", "--center", "--shift=-2.5");
  assertEquals(line.configuration.context, 1000);
  assertEquals(line.configuration.pool, 16);
  assertEquals(line.configuration.spectrum, [3, 0.2, 0.5]);
  assertEquals(line.configuration.shift, -2.5);
  assert(line.configuration.center);
  assertEquals(line.preset, "smoke");
});

Deno.test("types follow from the literal", () => {
  const { configuration, common } = parse("--pool=64", "--seed=9", "--out=results/x", "--png=true", "-h");
  const pool: number | "fresh" = configuration.pool;
  const tasks: "commuting" | "dense" = configuration.tasks;
  // @ts-expect-error a preset must hold values of the option's type
  parseCommandLine([], options, { wrong: { context: "4" } });
  // @ts-expect-error a preset must hold known options
  assertThrows(() => parseCommandLine(["--preset=wrong"], options, { wrong: { contxt: 4 } }), Error, "found contxt");
  assertEquals([pool, tasks, common.seed, common.png, common.adapter], [64, "commuting", 9, true, "high-performance"]);
});

Deno.test("paths, help and switches are read", () => {
  const line = parse("--out=results/x", "--help");
  assertEquals([line.out, line.help, line.common.quiet], ["results/x", true, false]);
  assertEquals(parse("--quiet=false").common.quiet, false);
});

Deno.test("a text is taken as it is, spaces and equals signs included, but not empty", () => {
  const name = (...args: string[]) => parseCommandLine(args, { name: text("none", { help: "file" }) }, {});
  assertEquals(name().configuration.name, "none");
  assertEquals(name("--name=a b=c").configuration.name, "a b=c");
  assertThrows(() => name("--name="), UserError, "--name");
});

Deno.test("a later preset replaces an earlier one, such as a task's own", () => {
  const { preset, configuration } = parse("--preset=smoke", "--preset=paper", "--lr=0.5");
  assertEquals([preset, configuration], ["paper", parse("--preset=paper", "--lr=0.5").configuration]);
  assertThrows(() => parse("--preset=smoke", "--preset="), UserError, "expected a value after --preset");
});

Deno.test("a flag that a preset sets stays set unless it is switched off", () => {
  const on = { on: { center: true } };
  const centre = (...args: string[]) => parseCommandLine(["--preset=on", ...args], options, on).configuration.center;
  assertEquals([centre(), centre("--center"), centre("--center=false")], [true, true, false]);
});

Deno.test("a switch that is on is switched off by --no-NAME or --NAME=false", () => {
  const of = (...args: string[]) =>
    parseCommandLine(args, { controls: flag("controls", true) }, { off: { controls: false } }).configuration.controls;
  assertEquals([of(), of("--controls"), of("--no-controls"), of("--controls=false")], [true, true, false, false]);
  assertEquals([of("--preset=off"), of("--preset=off", "--controls")], [false, true]);
  const refuses = (args: string[], text: string) => assertThrows(() => of(...args), UserError, text);
  refuses(["--no-controls", "--controls"], "expected --controls once, found it 2 times");
  refuses(["--controls=no"], "expected --controls or --no-controls alone, found --controls=no");
  refuses(["--no-control"], "unknown option --no-control; did you mean --no-controls?");
});

Deno.test("lists of whole numbers: domain of entries, distinct, ascending, number of entries", () => {
  const of = (about: Parameters<typeof integers>[1], value: string) =>
    parseCommandLine([`--list=${value}`], { list: integers([1, 2], about) }, {}).configuration.list;
  const plain = { min: 1, help: "" };
  assertEquals(of(plain, "3, 1,1e2"), [3, 1, 100]);
  const refuses = (about: Parameters<typeof integers>[1], value: string, text: string) =>
    assertThrows(() => of(about, value), UserError, `expected --list to be a comma-separated list ${text}`);
  refuses(plain, "1,0", 'of integers ≥ 1, found "0" as entry 2 of "1,0"');
  refuses(plain, "1,2.5", 'of integers ≥ 1, found "2.5" as entry 2 of "1,2.5"');
  refuses({ ...plain, distinct: true }, "3,1,3", 'of distinct integers ≥ 1, found "3" as entry 3 of "3,1,3"');
  refuses({ ...plain, ascending: true }, "1,3,3", 'of ascending integers ≥ 1, found "3" as entry 3 of "1,3,3"');
  refuses({ ...plain, entries: 2 }, "7", 'of at least 2 integers ≥ 1, found "7"');
});

Deno.test("a resumable experiment has options of its checkpoints, and says which options were given", () => {
  const of = (...args: string[]) => parseCommandLine(args, options, presets, 50);
  assertEquals(of().checkpoints, { "checkpoint-every": 50, "checkpoint-keep": "all" });
  const line = of("--checkpoint-every=0", "--checkpoint-keep", "3", "--resume=results/x", "--quiet=false", "--lr=1");
  assertEquals(line.checkpoints, { "checkpoint-every": 0, "checkpoint-keep": 3 });
  assertEquals(line.resume, "results/x");
  assertEquals(line.given.toSorted(), ["checkpoint-every", "checkpoint-keep", "lr", "quiet", "resume"]);
  assertEquals([parse().checkpoints, parse().given, "resume" in parse()], [null, [], false]);
  assertThrows(() => of("--resume="), UserError, "expected a value after --resume, found none");
  assertThrows(() => of("--resum=x"), UserError, "unknown option --resum; did you mean --resume?");
});

const refusals: [string[], string][] = [
  [["--contxt=4"], "unknown option --contxt; did you mean --context?"],
  [["--sed", "4"], "unknown option --sed; did you mean --seed?"],
  [["-q"], "unknown option -q; did you mean --lr?"],
  [["--no-png"], "unknown option --no-png; did you mean --png?"],
  [["--context=four"], 'expected --context to be an integer ≥ 1, found "four"'],
  [["--context=1.5"], 'expected --context to be an integer ≥ 1, found "1.5"'],
  [["--context=-3"], 'expected --context to be an integer ≥ 1, found "-3"'],
  [["--context=0x10"], 'expected --context to be an integer ≥ 1, found "0x10"'],
  [["--context=1e400"], 'expected --context to be an integer ≥ 1, found "1e400"'],
  [["--context", "-3"], 'expected a negative value to be joined by "=", as in --lr=-3, found -3 alone'],
  [["--lr=0"], 'expected --lr to be a number > 0 and ≤ 1, found "0"'],
  [["--lr=NaN"], 'expected --lr to be a number > 0 and ≤ 1, found "NaN"'],
  [["--shift=Infinity"], 'expected --shift to be a number, found "Infinity"'],
  [
    ["--spectrum=4,0,1"],
    'expected --spectrum to be a comma-separated list of numbers > 0, found "0" as entry 2 of "4,0,1"',
  ],
  [
    ["--spectrum=4,NaN"],
    'expected --spectrum to be a comma-separated list of numbers > 0, found "NaN" as entry 2 of "4,NaN"',
  ],
  [
    ["--spectrum=4,,1"],
    'expected --spectrum to be a comma-separated list of numbers > 0, found "" as entry 2 of "4,,1"',
  ],
  [["--spectrum=-1"], 'expected --spectrum to be a comma-separated list of numbers > 0, found "-1" as entry 1 of "-1"'],
  [["--tasks=Dense"], 'expected --tasks to be one of commuting|dense, found "Dense"'],
  [["--pool=0"], 'expected --pool to be an integer ≥ 1 or "fresh", found "0"'],
  [["--seed=-1"], 'expected --seed to be an integer ≥ 0 and ≤ 4294967295, found "-1"'],
  [["--adapter=cuda"], 'expected --adapter to be one of high-performance|low-power|software, found "cuda"'],
  [["--preset=cpx"], 'expected --preset to be one of default|smoke|paper, found "cpx"'],
  [["--preset=toString"], 'expected --preset to be one of default|smoke|paper, found "toString"'],
  [["--lr="], "expected a value after --lr, found none (write --lr=VALUE)"],
  [["--out"], "expected a value after --out, found none (write --out=VALUE)"],
  [["--out="], "expected a value after --out, found none (write --out=VALUE)"],
  [["--lr=0.1", "--lr", "0.2"], "expected --lr once, found it 2 times"],
  [["--png", "--png"], "expected --png once, found it 2 times"],
  [["--png=yes"], "expected --png alone, found --png=yes"],
  [["--png", "yes"], 'expected options of the form --key=value, found "yes"'],
  [["--out=~/x"], 'expected the folder of --out in full, found ~/x; write "$HOME" in place of ~'],
  [["--continue"], "expected --continue with --out=DIR, which names the run, and without --resume"],
  [["context=4"], 'expected options of the form --key=value, found "context=4"'],
  [["--", "more"], 'expected options of the form --key=value, found "more"'],
];
for (const [args, text] of refusals) {
  Deno.test(`refuses ${args.join(" ")}`, () => {
    assertEquals(assertThrows(() => parse(...args), UserError).message, text);
  });
}

Deno.test("operands are taken as they are written, in their order, where a program takes them", () => {
  const of = (...args: string[]) => parseCommandLine(args, options, presets, null, true);
  const { operands, configuration } = of("a/b.safetensors", "--lr", "0.2", "007", "--png", "c d", "--", "--lr=3");
  assertEquals(operands, ["a/b.safetensors", "007", "c d", "--lr=3"]);
  assertEquals(configuration.lr, 0.2);
  assertEquals(of().operands, []);
  assertEquals(parse("--lr=0.2").operands, []);
  assertThrows(() => of("--stpes=3"), UserError, "unknown option --stpes");
});

Deno.test("an experiment cannot take a common option's name, and its presets obey the domains", () => {
  const seed = { seed: integer(1, { help: "" }) };
  assertThrows(() => parseCommandLine([], seed, {}), Error, "expected option names of its own, found --seed");
  for (const name of ["resume", "checkpoint-every", "checkpoint-keep"]) {
    const own = { [name]: integer(1, { help: "" }) };
    assertThrows(() => parseCommandLine([], own, {}), Error, `expected option names of its own, found --${name}`);
  }
  assertThrows(
    () => parseCommandLine(["--preset=bad"], options, { bad: { context: 0 } }),
    UserError,
    'expected --context to be an integer ≥ 1, found "0"',
  );
});
