import { assertEquals, assertStringIncludes } from "@std/assert";
import { dirname, fromFileUrl } from "@std/path";
import { countTests, diedInTeardown, formatCounts } from "./run_tests.ts";

const runner = fromFileUrl(new URL("./run_tests.ts", import.meta.url));

/** A workspace of these files on which the runner is started: its exit code and both streams' lines. */
async function run(
  files: Record<string, string>,
  args: string[] = [],
  env: Record<string, string> = {},
): Promise<{ code: number; out: string }> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries({ "deno.json": "{}\n", ...files })) {
      await Deno.mkdir(dirname(`${folder}/${name}`), { recursive: true });
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-config", runner, ...args],
      cwd: folder,
      env: { NO_COLOR: "1", ...env },
    });
    const { code, stdout } = await command.output();
    return { code, out: new TextDecoder().decode(stdout).trimEnd() };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const passing = `Deno.test("passes", () => {});\n`;
const failing = `Deno.test("fails", async (t) => {\n  await t.step("inner", () => {\n    throw 1;\n  });\n});\n`;
const ignored = `Deno.test.ignore("waits", () => {});\n`;

Deno.test("counts tests by outcome, and steps with their test only", () => {
  const report = `<testsuites name="deno test" tests="6" failures="2" errors="0" time="0.065">
    <testsuite name="./a_test.ts" tests="5" disabled="1" errors="0" failures="2">
        <testcase name="ok" classname="./a_test.ts" time="0.000" line="1" col="6">
        </testcase>
        <testcase name="a &gt; b" classname="./a_test.ts" time="0.000" line="1" col="6">
        </testcase>
        <testcase name="fails" classname="./a_test.ts" time="0.001" line="2" col="6">
            <failure message="1 test step failed">1 test step failed.</failure>
        </testcase>
        <testcase name="waits" classname="./a_test.ts" time="0.000" line="3" col="6">
            <skipped/>
        </testcase>
        <testcase name="fails &gt; inner" classname="./a_test.ts" time="0.001" line="2" col="43">
            <failure message="Uncaught Error: x">Error: &lt;testcase name=&quot;x&quot;&gt;</failure>
        </testcase>
    </testsuite>
    <testsuite name="./b_test.ts" tests="1" disabled="0" errors="0" failures="0">
        <testcase name="fails &gt; inner" classname="./b_test.ts" time="0.001" line="2" col="6">
        </testcase>
    </testsuite>
</testsuites>`;
  assertEquals(countTests(report), { passed: 3, failed: 1, skipped: 1 });
  assertEquals(countTests(""), { passed: 0, failed: 0, skipped: 0 });
});

Deno.test("the closing line names skipped tests where there are some", () => {
  assertEquals(formatCounts({ passed: 12, failed: 0, skipped: 0 }), "12 passed, 0 failed");
  assertEquals(formatCounts({ passed: 2, failed: 1, skipped: 3 }), "2 passed, 1 failed, 3 skipped");
});

Deno.test("a run ends with its counts and the exit code of deno test", async () => {
  const { code, out } = await run({ "a_test.ts": passing + failing + ignored }, ["."]);
  assertEquals({ code, last: out.split("\n").at(-1) }, { code: 1, last: "1 passed, 1 failed, 1 skipped" });
});

Deno.test("a file that does not load, a failing example and an empty run all fail", async () => {
  const example = "/**\n * ```ts\n * throw 1;\n * ```\n */\nexport const x = 1;\n";
  const cases: [Record<string, string>, string[], string][] = [
    [{ "a_test.ts": passing, "b_test.ts": `import "./none.ts";\n` }, ["."], "0 passed, 1 failed"],
    [{ "a_test.ts": passing, "b_test.ts": "throw 1;\n" }, ["."], "1 passed, 1 failed"],
    [{ "a_test.ts": passing, "b.ts": example }, ["."], "1 passed, 1 failed"],
    [{ "a_test.ts": passing }, ["--filter=none"], "0 passed, 0 failed, 1 skipped"],
  ];
  for (const [files, args, last] of cases) {
    const { code, out } = await run(files, args);
    assertEquals({ code, last: out.split("\n").at(-1) }, { code: 1, last });
  }
});

Deno.test("without arguments the checks come first and the first that fails ends the run", async () => {
  const { code, out } = await run({ "a_test.ts": passing + "const unused = 1;\n" });
  assertEquals(code, 1);
  assertStringIncludes(out, "> deno lint");
  assertEquals(out.includes("> deno check"), false);
  assertEquals(out.split("\n").at(-1), "0 passed, 1 failed");
});

Deno.test("a driver that dies after a complete report of passed tests is no failure; anything else is", () => {
  const green = { passed: 2, failed: 0, skipped: 0 };
  assertEquals(diedInTeardown("SIGABRT", green), true);
  assertEquals(diedInTeardown("SIGSEGV", { ...green, failed: 1 }), false);
  assertEquals(diedInTeardown("SIGABRT", { ...green, passed: 0 }), false);
  assertEquals(diedInTeardown("SIGTERM", green), false);
  assertEquals(diedInTeardown(null, green), false);
});

Deno.test("a part with its own configuration is tested with it, and counted with the rest", async () => {
  const part = {
    "deno.json": `{ "exclude": ["lib/tools/query", "tests/tools/query"] }\n`,
    "a_test.ts": passing,
    "mod.ts": "",
    ...Object.fromEntries(["lab", ".ci/run", "tests/lab/bare_tree.sh"].map((name) => [name, "#!/bin/sh\n"])),
    "lib/tools/query/deno.json": `{ "imports": { "large": "./main.ts" } }\n`,
    "lib/tools/query/main.ts": `export const large = 1;\n`,
    "tests/tools/query/b_test.ts": `import { large } from "large";\n\n` +
      `Deno.test("is found", () => {\n  if (large !== 1) throw large;\n});\n`,
  };
  const whole = await run(part);
  assertEquals({ code: whole.code, last: whole.out.split("\n").at(-1) }, { code: 0, last: "2 passed, 0 failed" });
  const alone = await run(part, ["tests/tools/query/b_test.ts"]);
  assertEquals({ code: alone.code, last: alone.out.split("\n").at(-1) }, { code: 0, last: "1 passed, 0 failed" });
  const missing = { ...part, "lib/tools/query/main.ts": `export * from "./none.ts";\n` };
  assertEquals((await run(missing, [], { CI: "" })).out.split("\n").at(-1), "1 passed, 0 failed, 1 skipped");
  assertEquals((await run(missing, [], { CI: "1" })).out.split("\n").at(-1), "1 passed, 1 failed");
});

Deno.test("every test runs once: those of folders that are split, of parts and of the rest, and none that is excluded", async () => {
  const { code, out } = await run({
    "deno.json": `{ "exclude": ["results"] }\n`,
    ...Object.fromEntries(["lab", ".ci/run", "tests/lab/bare_tree.sh"].map((name) => [name, "#!/bin/sh\n"])),
    "mod.ts": "",
    "a_test.ts": passing,
    "tests/run/a_test.ts": passing,
    "tests/run/deeper/a_test.ts": passing,
    "tests/experiments/a_test.ts": passing,
    "tests/experiments/b_test.ts": passing,
    "tests/kernels/norm/a_test.ts": passing,
    "tests/kernels/norm/helper.ts": "",
    "tests/theory/deeper/a_test.ts": passing,
    "tests/bench/helper.ts": "",
    "results/a_test.ts": failing,
  });
  assertEquals({ code, last: out.split("\n").at(-1) }, { code: 0, last: "7 passed, 0 failed" });
});

Deno.test("--help says what the command takes", async () => {
  const { code, out } = await run({}, ["--help"]);
  assertEquals(code, 0);
  assertStringIncludes(out, "usage: deno task test");
});
