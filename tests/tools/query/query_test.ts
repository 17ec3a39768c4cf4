/** The command from its arguments to what it prints and writes, with the permissions of its task. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { float, int, standardColumns, text } from "../../../lib/run/columns.ts";
import { openLog } from "../../../lib/run/open_log.ts";
import { inFolder, query, queryCommand, writeRun, writeSample } from "./sample.ts";

Deno.test("tables hold the rows of all runs, with experiment, run and preset, differing columns united by name", () =>
  inFolder(async (folder) => {
    writeSample(folder);
    const { code, stdout, stderr } = await query(folder, [
      "--format=csv",
      "select experiment, preset, count(*) as rows, count(width) as widths, count(replica) as replicas from train group by all order by 1",
    ]);
    assertEquals([code, stderr], [0, ""]);
    assertEquals(stdout, "experiment,preset,rows,widths,replicas\ndepths,cpu,248,0,248\nwidths,smoke,1,1,0\n");
    const tables = await query(folder, ["--format=csv", "show tables"]);
    assertEquals(tables.stdout, "name\nclaims\ncriteria\nmeasures\nprobe\nrivals\nruns\nsweeps\ntheories\ntrain\n");
    for (const name of tables.stdout.trim().split("\n").slice(1)) {
      const columns = await query(folder, ["--format=csv", `select column_name from (describe ${name}) limit 3`]);
      assertEquals(columns.stdout, "column_name\nexperiment\nrun\npreset\n", name);
    }
  }));

Deno.test("runs are the manifests: times, seeds as a list, configuration as JSON, verdicts counted", () =>
  inFolder(async (folder) => {
    writeSample(folder);
    const sql = `select run, status, start, "end", elapsedMs, seeds, adapter, software, configuration, reproduced,
      notReproduced, configuration->>'layers' as layers from runs where experiment = 'depths' order by start limit 1`;
    const { code, stdout } = await query(folder, ["--format=json", sql]);
    assertEquals(code, 0);
    assertEquals(JSON.parse(stdout), [{
      run: "2026-11-22T09-31-18Z-cpu-seed1",
      status: "complete",
      start: "2026-11-22T09:31:18.977Z",
      end: "2026-11-22T09:31:18.977Z",
      elapsedMs: 60000,
      seeds: [1, 2, 3, 4],
      adapter: "llvmpipe",
      software: true,
      configuration: { layers: 1 },
      reproduced: 1,
      notReproduced: 0,
      layers: "1",
    }]);
  }));

Deno.test("a run that was killed is crashed, one that is being written is running", () =>
  inFolder(async (folder) => {
    const running = { status: "running", end: null, elapsedMs: null } as const;
    for (const name of ["killed", "alive"]) {
      const run = `${folder}/results/decay/${name}`;
      writeRun(run, running, {}, []);
      for (const file of ["log.ndjson", "manifest.json"]) Deno.utimeSync(`${run}/${file}`, 0, 0);
    }
    using _log = openLog(`${folder}/results/decay/alive/log.ndjson`);
    const { stdout } = await query(folder, ["--format=csv", "select run, status, reason from runs order by run"]);
    assertEquals(stdout, "run,status,reason\nalive,running,\nkilled,crashed,its process ended without saying so\n");
  }));

Deno.test("no folder, an empty one and one without logs are no errors: the usual tables are there and empty", () =>
  inFolder(async (folder) => {
    for (const state of ["no results", "empty results", "a run without a log"]) {
      if (state === "empty results") Deno.mkdirSync(`${folder}/results`);
      if (state === "a run without a log") {
        writeRun(`${folder}/results/a/b`, {}, {}, []);
        Deno.removeSync(`${folder}/results/a/b/log.ndjson`);
      }
      const sql = "select count(*) as n from measures, theories, claims, criteria, rivals where measures.value > 0";
      const { code, stdout, stderr } = await query(folder, ["--format=ndjson", sql]);
      assertEquals({ code, stdout, stderr }, { code: 0, stdout: '{"n":0}\n', stderr: "" }, state);
    }
    const missing = await query(folder, ["select 1", "nowhere"]);
    assertEquals([missing.code, missing.stderr], [2, "error: expected a folder, found none at nowhere\n"]);
  }));

Deno.test("a broken line inside a log is left out with a warning that names file and line; a torn last one without", () =>
  inFolder(async (folder) => {
    writeSample(folder);
    const log = "results/widths/2026-11-23T09-30-18Z-smoke-seed1/log.ndjson";
    const lines = Deno.readTextFileSync(`${folder}/${log}`).split("\n");
    const broken = [lines[0], '{"kind":"tr', "[1]", '"kind"', "", lines[1], lines[2]].join("\n");
    Deno.writeTextFileSync(`${folder}/${log}`, broken);
    const { code, stdout, stderr } = await query(folder, ["--format=csv", "select step from train where width = 8"]);
    assertEquals([code, stdout], [0, "step\n1\n"]);
    assertEquals(
      stderr,
      `warning: expected a JSON row in line 2 of ${log}, found none (and 2 others there); left out\n`,
    );
  }));

Deno.test("what is no log or no manifest is left out with a warning, and links are not followed", () =>
  inFolder(async (folder) => {
    writeSample(folder);
    const run = (name: string) => `${folder}/results/odd/${name}`;
    const columns = { train: { step: int("", "") } };
    const row = { kind: "train", step: 7 } as const;
    for (const name of ["link", "star*", "ours"]) writeRun(run(name), { experiment: "odd" }, columns, [row]);
    Deno.removeSync(`${run("link")}/log.ndjson`);
    Deno.writeTextFileSync(`${folder}/secret`, '{"kind":"train","step":999}\n');
    Deno.symlinkSync(`${folder}/secret`, `${run("link")}/log.ndjson`);
    Deno.symlinkSync(run("ours"), run("linked"));
    for (const [name, text] of [["json", "{"], ["list", "[]"], ["other", '{"experiment":"x"}']]) {
      Deno.mkdirSync(run(name));
      Deno.writeTextFileSync(`${run(name)}/manifest.json`, text);
    }
    const { code, stdout, stderr } = await query(folder, [
      "--format=csv",
      "select run, step from train where experiment = 'odd'",
    ]);
    assertEquals([code, stdout], [0, "run,step\nours,7\n"]);
    const warnings = stderr.trimEnd().split("\n");
    assertEquals(warnings.length, 5, stderr);
    assert(warnings.every((line) => /^warning: expected .* found.*; left out$/.test(line)), stderr);
  }));

Deno.test("a log whose line is longer than any row names itself, and the others are read", () =>
  inFolder(async (folder) => {
    writeSample(folder);
    writeRun(`${folder}/results/long/run`, { experiment: "long" }, { train: { step: int("", "") } }, []);
    using file = Deno.openSync(`${folder}/results/long/run/log.ndjson`, { write: true });
    file.truncateSync(2 ** 31);
    const { code, stdout, stderr } = await query(folder, ["--format=csv", "select count(*) as n from train"]);
    assertEquals([code, stdout], [0, "n\n249\n"]);
    assertMatch(stderr, /^warning: expected rows in results\/long\/run\/log\.ndjson, found: .*; left out\n$/);
  }));

Deno.test("names that SQL or the tables have themselves, and types that differ between runs, are told apart", () =>
  inFolder(async (folder) => {
    const odd = { runs: { run: text(""), 'a "b"': int("", "") }, Train: { select: int("", "") } };
    writeRun(`${folder}/results/one/same`, { experiment: "it's" }, odd, [
      { kind: "runs", run: "x", 'a "b"': 3 },
      { kind: "Train", select: 4 },
    ]);
    writeRun(`${folder}/more/same`, { experiment: "it's" }, { train: { select: float("", "") } }, [
      { kind: "train", select: 0.5 },
    ]);
    writeRun(`${folder}/more/text`, { experiment: "it's" }, { train: { select: text("") } }, [
      { kind: "train", select: "word" },
    ]);
    const ask = async (sql: string) => (await query(folder, ["--format=ndjson", sql, "more", "more"])).stdout;
    assertEquals(await ask(`select log_run, "a ""b""" as ab from runs_log`), '{"log_run":"x","ab":3}\n');
    assertEquals(
      await ask(`select run, "select" as s from train order by s`),
      '{"run":"more/same","s":"0.5"}\n{"run":"results/one/same","s":"4"}\n{"run":"text","s":"word"}\n',
    );
  }));

Deno.test("formats: NULL, quotes, whole numbers beyond 2⁵³, what is not finite, nested values, repeated names", () =>
  inFolder(async (folder) => {
    const sql =
      `select null as n, 'a,"b"' as t, '' as e, 9007199254740993 as big, 2::hugeint as small, 'nan'::double as nan,
      [1, 2] as list, {'k': 1.5::double} as s, '{"a": [1]}'::json as j, date '2026-01-02' as d, 1 as x, 2 as x`;
    const json = await query(folder, ["--format=json", sql]);
    assertEquals(JSON.parse(json.stdout), [{
      n: null,
      t: 'a,"b"',
      e: "",
      big: "9007199254740993",
      small: 2,
      nan: null,
      list: [1, 2],
      s: { k: 1.5 },
      j: { a: [1] },
      d: "2026-01-02",
      x: 1,
      x_2: 2,
    }]);
    const lines = await query(folder, ["--format=ndjson", sql]);
    assertEquals([JSON.parse(lines.stdout)], JSON.parse(json.stdout));
    const csv = await query(folder, ["--format=csv", sql]);
    assertEquals(
      csv.stdout.split("\n")[1],
      `,"a,""b""","",9007199254740993,2,NaN,"[1,2]","{""k"":1.5}",${'"{""a"": [1]}"'},2026-01-02,1,2`,
    );
    assertEquals((await query(folder, ["--format=json", "select 1 where false"])).stdout, "[]\n");
    assertEquals((await query(folder, ["--format=ndjson", "select 1 where false"])).stdout, "");
    const table = await query(folder, ["select 'a' || chr(27) || '[31m' as t, 0.123456789::double as x"]);
    assertEquals(table.stdout, "t              x\na [31m  0.123457\n");
  }));

Deno.test("many rows are all given, and whoever reads only the first of them is not told of an error", () =>
  inFolder(async (folder) => {
    const { stdout } = await query(folder, ["--format=ndjson", "select range as i from range(100000)"]);
    assertEquals(stdout.split("\n").length, 100_001);
    assertEquals(stdout.split("\n")[99_999], '{"i":99999}');
    const sql = "select range as i from range(1000000)";
    const { stdout: first, stderr } = await new Deno.Command("sh", {
      args: ["-c", `${queryCommand()} --format=csv "${sql}" | head -n 2`],
      cwd: folder,
    }).output();
    assertEquals([first, stderr].map((bytes) => new TextDecoder().decode(bytes)), ["i\n0\n", ""]);
  }));

Deno.test("--out writes the file whole, by its ending or --format, and over another one only if told so", () =>
  inFolder(async (folder) => {
    writeSample(folder);
    const sql = "from train order by run, step, replica";
    const csv = await query(folder, ["--out=results/train.csv", sql]);
    assertEquals([csv.code, csv.stdout, csv.stderr], [0, "", "written: results/train.csv\n"]);
    const rows = Deno.readTextFileSync(`${folder}/results/train.csv`);
    assertEquals(rows.split("\n").length, 251);

    const parquet = await query(folder, ["--out=results/it's.parquet", `${sql}; -- the end`]);
    assertEquals([parquet.code, parquet.stderr], [0, "written: results/it's.parquet\n"]);
    const bytes = Deno.readFileSync(`${folder}/results/it's.parquet`);
    assertEquals(new TextDecoder().decode(bytes.slice(0, 4)), "PAR1");

    const again = await query(folder, ["--out=results/train.csv", "select 1"]);
    assertEquals([again.code, again.stderr], [
      2,
      "error: expected --out=results/train.csv to be new, found results/train.csv; --replace writes over it\n",
    ]);
    assertEquals(Deno.readTextFileSync(`${folder}/results/train.csv`), rows);
    assertEquals((await query(folder, ["--out=results/train.csv", "--replace", "select 1 as x"])).code, 0);
    assertEquals(Deno.readTextFileSync(`${folder}/results/train.csv`), "x\n1\n");

    const refusals: [string[], string][] = [
      [["--out=elsewhere.csv", "select 1"], "expected permission to write elsewhere.csv"],
      [["--out=elsewhere.parquet", "select 1"], "expected permission to write elsewhere.parquet"],
      [["--plot=x=x,y=x", "--out=elsewhere", "select 1 as x"], "expected permission to write elsewhere"],
      [["--out=results/none/x.csv", "select 1"], "expected a folder for --out=results/none/x.csv"],
      [["--out=results", "--format=csv", "select 1"], "expected --out to name a file, found the folder results"],
      [["--out=results/bad.parquet", "select nothing"], "DuckDB: Binder Error"],
      [
        ["--out=results/bad.csv", "select 1 / (range - 2), error('late') from range(3)"],
        "DuckDB: Invalid Input Error: late",
      ],
    ];
    for (const [args, message] of refusals) {
      const { code, stderr } = await query(folder, args);
      assert(code !== 0, args[0]);
      assertStringIncludes(stderr, `error: ${message}`);
      assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
    }
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["results"]);
    assertEquals([...Deno.readDirSync(`${folder}/results`)].map(({ name }) => name).sort(), [
      "depths",
      "it's.parquet",
      "train.csv",
      "widths",
    ]);
  }));

Deno.test("bad input is one line and exits 2; --help lists the options and exits 0", () =>
  inFolder(async (folder) => {
    const cases: [string[], string][] = [
      [[], 'expected SQL [FOLDER…], as in: ./lab query "select * from runs"; found none'],
      [[" "], 'expected a statement, as in: ./lab query "select * from runs"; found none'],
      [["--formt=csv", "select 1"], "unknown option --formt; did you mean --format?"],
      [["--format=xml", "select 1"], 'expected --format to be one of table|json|csv|ndjson|parquet, found "xml"'],
      [
        ["select * from trian"],
        "expected one of the tables claims, criteria, measures, rivals, runs, sweeps, theories, found trian",
      ],
      [["--format=csv", "--format=csv", "select 1"], "expected --format once, found it 2 times"],
      [["--out=", "select 1"], "expected a value after --out, found none (write --out=VALUE)"],
      [["--format=parquet", "select 1"], "expected --out=FILE with --format=parquet, found none"],
      [["--plot=x=a,y=b", "select 1"], "expected --out=FILE with --plot, found none"],
      [["--plot=x=a,y=b", "--format=csv", "select 1"], "expected --plot without --format, found both"],
      [["select 1; select 2"], "expected one statement, found 2"],
      [[";"], "expected one statement, found none"],
      [["selct 1"], 'DuckDB: Parser Error: syntax error at or near "selct"; LINE 1: selct 1'],
      [
        ["pivot runs on status using count(*)"],
        "expected one statement, found 2; a pivot is one statement where its values are named: on x in (1, 2)",
      ],
    ];
    for (const [args, message] of cases) {
      const { code, stdout, stderr } = await query(folder, args);
      assertEquals({ code, stdout, stderr }, { code: 2, stdout: "", stderr: `error: ${message}\n` });
    }
    const help = await query(folder, ["--help"]);
    assertEquals([help.code, help.stderr], [0, ""]);
    for (const option of ["--format", "--out", "--plot", "--replace"]) assertStringIncludes(help.stdout, option);
  }));

Deno.test("a statement may come from standard input", () =>
  inFolder(async (folder) => {
    const { code, stdout } = await query(folder, ["--format=csv", "-"], "select 1 as one\n");
    assertEquals([code, stdout], [0, "one\n1\n"]);
  }));

Deno.test("a plan is printed as it is drawn", () =>
  inFolder(async (folder) => {
    const { code, stdout } = await query(folder, ["explain select 1"]);
    assertEquals(code, 0);
    assertStringIncludes(stdout, "│         PROJECTION        │\n");
  }));

Deno.test("the claims' columns of a log are those of the table", () =>
  inFolder(async (folder) => {
    writeSample(folder);
    const { stdout } = await query(folder, ["--format=csv", "select column_name from (describe claims)"]);
    assertEquals(
      stdout.trim().split("\n").slice(1),
      ["experiment", "run", "preset", ...Object.keys(standardColumns.claim)],
    );
  }));

Deno.test("measures, theories, claims and rivals are tables; what a row leaves out is NULL", () =>
  inFolder(async (folder) => {
    writeSample(folder);
    const ask = async (sql: string) => (await query(folder, ["--format=ndjson", sql])).stdout.split("\n").slice(0, -1);
    assertEquals(
      await ask(
        "select quantity, count(*) as n, count(layer) as layers, count(index) as indices from measures group by all order by 1",
      ),
      ['{"quantity":"loss","n":248,"layers":0,"indices":0}', '{"quantity":"product","n":496,"layers":0,"indices":496}'],
    );
    assertEquals(await ask("select distinct theory, series, step, value from theories order by step"), [
      '{"theory":"flow","series":"main","step":0,"value":1}',
      '{"theory":"flow","series":"main","step":300,"value":0.25}',
    ]);
    assertEquals(await ask("select predicted, measured, replicas, replicasToSettle, verdict from claims limit 1"), [
      '{"predicted":null,"measured":100,"replicas":4,"replicasToSettle":null,"verdict":"reproduced"}',
    ]);
    assertEquals(await ask("select distinct id, rival, error from rivals"), [
      '{"id":"delay","rival":"flow","error":0.25}',
    ]);
  }));

Deno.test("a value that is none of its column's type is NULL, and a warning says which", () =>
  inFolder(async (folder) => {
    const columns = {
      odd: { step: int("", ""), loss: float("", ""), name: text(""), right: { type: "bool", unit: "", meaning: "" } },
    } as const;
    const log = "results/odd/run/log.ndjson";
    writeRun(`${folder}/results/odd/run`, { experiment: "odd" }, columns, []);
    const rows = [
      { step: 1, loss: 2, name: "a", right: true },
      { step: true, loss: true, name: 3, right: 1 },
      { step: 900003.6, loss: "1", name: null, right: "true" },
      { step: "5", name: { a: 1 } },
      { step: 1e300, loss: [1] },
    ];
    const lines = [...rows.map((row) => JSON.stringify({ kind: "odd", ...row })), '{"kind":"odd","step":3.0,"loss":4}'];
    Deno.writeTextFileSync(`${folder}/${log}`, lines.join("\n") + "\n");
    const { code, stdout, stderr } = await query(folder, ["--format=csv", 'select step, loss, name, "right" from odd']);
    assertEquals([code, stdout], [0, "step,loss,name,right\n1,2,a,true\n,,,\n,,,\n,,,\n,,,\n3,4,,\n"]);
    assertEquals(stderr.trimEnd().split("\n"), [
      `warning: expected whole numbers as step of odd rows, found true in ${log} (and 3 others); NULL there`,
      `warning: expected numbers as loss of odd rows, found true in ${log} (and 2 others); NULL there`,
      `warning: expected text as name of odd rows, found 3 in ${log} (and 1 others); NULL there`,
      `warning: expected true or false as right of odd rows, found 1 in ${log} (and 1 others); NULL there`,
    ]);
  }));
