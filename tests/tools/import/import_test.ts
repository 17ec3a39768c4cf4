/** Tables and a foreign log become runs that the page, SQL and reports read. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { readLog } from "../../../lib/run/log.ts";
import { readManifest } from "../../../lib/run/manifest.ts";
import { Measurements } from "../../../lib/study/measurements.ts";
import { numbersOf } from "../../../lib/tools/import/numbers.ts";
import { inFolder, query, type Said } from "../query/sample.ts";
import project from "../../../deno.json" with { type: "json" };

const root = fromFileUrl(new URL("../../../", import.meta.url));

/** Runs the command in a folder as the task does. */
async function importIn(cwd: string, ...args: string[]): Promise<Said> {
  const [, ...options] = project.tasks.import.command.split(" ").map((part) =>
    part.replace("lib/tools/", `${root}lib/tools/`)
  );
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [options[0], "--no-prompt", ...options.slice(1), ...args],
    cwd,
    env: { NO_COLOR: "1" },
  }).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

function runIn(said: Said): string {
  const folder = /^run: (\S+)/m.exec(said.stdout)?.[1];
  assert(folder, said.stdout + said.stderr);
  return folder;
}

const CSV = `epoch,seed,loss,accuracy,optimizer,comment
1,7,0.5,0.6,adam,x
0,7,1.5,0.1,adam,y
0,3,1.25,0.2,adam,z
1,3,0.25,nan,adam,
`;

Deno.test("a CSV becomes a run: a quantity a column, replicas in order, constant texts as options", () =>
  inFolder(async (folder) => {
    Deno.writeTextFileSync(`${folder}/Losses of today.csv`, CSV);
    const said = await importIn(folder, "Losses of today.csv", "--step=epoch", "--replica=seed");
    assertEquals([said.code, said.stderr], [0, ""]);
    assertEquals(said.stdout.split("\n").slice(0, 2), [
      "left out, as they are no numbers: comment",
      "left out, as they hold no finite number: 1 cells",
    ]);
    assertMatch(said.stdout, /^run: results\/losses_of_today\/\S+-imported \(2 quantities, 2 replicas, 7 numbers\)$/m);
    const run = `${folder}/${runIn(said)}`;
    const measured = await Measurements.from(readLog(`${run}/log.ndjson`));
    assertEquals(measured.curve({ series: "main", quantity: "loss" }, 0), { x: [0, 1], y: [1.25, 0.25] });
    assertEquals(measured.curve({ series: "main", quantity: "accuracy" }, 1), { x: [0, 1], y: [0.1, 0.6] });
    const { seeds, configuration, status, files } = readManifest(run);
    assertEquals([seeds, configuration, status, files[0].path], [
      [3, 7],
      { optimizer: "adam" },
      "complete",
      "log.ndjson",
    ]);
    const { stdout } = await query(folder, [
      "--format=csv",
      "select quantity, count(*) as n from measures group by 1 order by 1",
    ]);
    assertEquals(stdout, "quantity,n\naccuracy,3\nloss,4\n");
  }));

Deno.test("NDJSON and Parquet too; with quantity and value a row is one number", () =>
  inFolder(async (folder) => {
    const rows = [0, 10].flatMap((step) =>
      ["main", "control"].flatMap((series) =>
        [0, 1].map((head) => ({ step, series, replica: 0, quantity: "QK norm", layer: 1, head, value: step + head }))
      )
    );
    Deno.writeTextFileSync(`${folder}/norms.ndjson`, rows.map((row) => JSON.stringify(row)).join("\n"));
    const long = await importIn(folder, "norms.ndjson", "--name=norms");
    const measured = await Measurements.from(readLog(`${folder}/${runIn(long)}/log.ndjson`));
    assertEquals(measured.series, ["main", "control"]);
    assertEquals(measured.places({ series: "control", quantity: "QK norm" }), [{ layer: 1, head: 0 }, {
      layer: 1,
      head: 1,
    }]);
    assertEquals(measured.last({ series: "main", quantity: "QK norm", layer: 1, head: 1 }), [11]);
    const parquet = await query(folder, [
      "--out=results/norms.parquet",
      "select series, step, head, value as norm from measures",
    ]);
    assertEquals(parquet.code, 0, parquet.stderr);
    const wide = await importIn(
      folder,
      "results/norms.parquet",
      "--step=step",
      "--series=series",
      "--replica=head",
      "--name=again",
    );
    const again = await Measurements.from(readLog(`${folder}/${runIn(wide)}/log.ndjson`));
    assertEquals(again.last({ series: "control", quantity: "norm" }), [10, 11]);
  }));

Deno.test("what is no table of numbers over steps is refused in a line, and leaves nothing behind", () =>
  inFolder(async (folder) => {
    const files: Record<string, string> = {
      "a.csv": CSV,
      "half.csv": "step,loss\n0.5,1\n",
      "words.csv": "step,word\n1,a\n",
      "empty.csv": "step,loss\n",
      "a.txt": "step,loss\n1,2\n",
    };
    for (const [name, text] of Object.entries(files)) Deno.writeTextFileSync(`${folder}/${name}`, text);
    const cases: [string[], string][] = [
      [
        ["a.csv"],
        "expected --step to name one of the columns epoch, seed, loss, accuracy, optimizer, comment, found step",
      ],
      [["a.csv", "--step=epoc"], "did you mean epoch?"],
      [["a.csv", "--step=epoch"], "found several; --replica=COLUMN tells replicas apart, --series=COLUMN conditions"],
      [["a.csv", "--step=epoch", "--replica=seed", "--name=../x"], "expected --name to be a lower-case name"],
      [["half.csv"], "expected whole numbers in step, found 0.5 in row 1"],
      [["words.csv"], "expected a column of numbers beside step, found none"],
      [["empty.csv"], "found none"],
      [["a.txt"], "expected a file ending in .csv, .tsv, .ndjson, .jsonl, .parquet, found a.txt"],
      [["none.csv"], "expected a file, found none at none.csv"],
      [[], "expected FILE, as in: ./lab import losses.csv --step=epoch; found none"],
    ];
    for (const [args, message] of cases) {
      const { code, stderr } = await importIn(folder, ...args);
      assertEquals(code, 2, stderr);
      assertStringIncludes(stderr, message);
      assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
    }
    assertEquals([...Deno.readDirSync(folder)].some(({ name }) => name === "results"), false);
  }));

Deno.test("a replica that is text is numbered, and stays told apart", () => {
  const columns = [{ name: "step", kind: "number" }, { name: "who", kind: "text" }, {
    name: "loss",
    kind: "number",
  }] as const;
  const { rows, replicas } = numbersOf({ columns, rows: [[0, "b", 1], [0, "a", 2]] }, { step: "step", replica: "who" });
  assertEquals([replicas, rows.map(({ replica, value }) => [replica, value])], [["a", "b"], [[1, 1], [0, 2]]]);
});

Deno.test("the Python writer's run is running while it lives, then complete, or crashed; SQL reads its rows", () =>
  inFolder(async (folder) => {
    if (!hasPython()) return console.log("skipped: python3 is not installed");
    const code = [
      `import sys; sys.path.insert(0, ${JSON.stringify(`${root}lib/tools/import`)}); sys.dont_write_bytecode = True`,
      "from lab_log import LabLog",
      'log = LabLog(sys.argv[1], "resnet", {"lr": 0.1}, seeds=[1])',
      "for step in range(100): log.measure(step, loss=1 / (1 + step), accuracy=step)",
      'print("written", flush=True)',
      "sys.stdin.readline()",
      'if sys.argv[2] == "end": log.end()',
    ].join("\n");
    const statuses = async () =>
      (await query(folder, ["--format=csv", "select run, status from runs order by run"])).stdout.trim().split("\n")
        .slice(1);
    for (const [name, status] of [["end", "complete"], ["kill", "crashed"]]) {
      const child = new Deno.Command("python3", {
        args: ["-c", code, `results/resnet/${name}`, name],
        cwd: folder,
        stdin: "piped",
        stdout: "piped",
      }).spawn();
      const reader = child.stdout.getReader();
      await reader.read();
      assertEquals((await statuses()).at(-1), `${name},running`);
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode("\n"));
      await writer.close();
      await reader.cancel();
      await child.status;
      assertEquals((await statuses()).at(-1), `${name},${status}`);
    }
    const { stdout } = await query(folder, [
      "--format=csv",
      "select run, quantity, count(*) as n, max(step) as last from measures group by all order by all",
    ]);
    assertEquals(stdout.split("\n").slice(1, 3), ["end,accuracy,100,99", "end,loss,100,99"]);
  }));

Deno.test("the page of the log names every column that measurements have, and the writer is short", () => {
  const page = Deno.readTextFileSync(`${root}lib/tools/import/README.md`);
  for (const name of ["series", "step", "quantity", "replica", "value", "layer", "head", "index", "theory"]) {
    assertStringIncludes(page, `\`${name}\``);
  }
  const code = Deno.readTextFileSync(`${root}lib/tools/import/lab_log.py`).split("\n").filter((line) =>
    line.trim() !== ""
  );
  assert(code.length <= 22, `${code.length} lines`);
});

function hasPython(): boolean {
  try {
    return new Deno.Command("python3", { args: ["--version"] }).outputSync().success;
  } catch {
    return false;
  }
}
