/** The main experiment from its command line to what it leaves. */
import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { claims } from "../../experiments/linear_icl/claims.ts";
import { judgeClaims } from "../../lib/claims/mod.ts";
import type { Spec } from "../../lib/figures/mod.ts";
import { validate } from "../../lib/figures/validate.ts";
import { type LogRow, type Manifest, readLog, readManifest } from "../../lib/run/mod.ts";
import { Measurements } from "../../lib/study/mod.ts";
import { assertResumes } from "../run/kills.ts";
import { canMount, onDisk } from "../run/small_disk.ts";
import { inFolder, rowsOf, type Said } from "../run/subprocess.ts";
import { settingOf } from "./linear_icl/synthetic.ts";
import { denoArgs, ENV, program, runIcl, startIcl } from "./linear_icl_run.ts";

/** Enough to go through every part of a run, not enough to learn anything. */
const TINY = ["--steps=30", "--study-steps=20", "--batch=32", "--study-batch=32", "--quiet"];
const TINY_MAIN = [...TINY, "--studies=main"];

const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted();

/** The manifest tells the truth about every file, and the log holds declared columns of declared types. */
async function checkFolder(folder: string): Promise<{ manifest: Manifest; rows: LogRow[] }> {
  const manifest = readManifest(folder);
  for (const { path, bytes } of manifest.files) assertEquals(Deno.statSync(`${folder}/${path}`).size, bytes, path);
  const rows = await rowsOf(`${folder}/log.ndjson`);
  for (const row of rows) {
    const { kind, ...cells } = row;
    const columns = Object.entries(manifest.columns[kind]);
    const shown = columns.filter(([name, { optional }]) => !optional || name in cells);
    assertEquals(Object.keys(cells), shown.map(([name]) => name), kind);
    for (const [name, { type }] of shown) {
      const value = cells[name];
      if (type === "text") assertEquals(typeof value, "string", name);
      else assert(Number.isFinite(value), `${kind}.${name} = ${value}`);
      if (type === "int") assert(Number.isInteger(value), `${kind}.${name} = ${value}`);
    }
  }
  return { manifest, rows };
}

const kept = (rows: readonly LogRow[], kind: string) => rows.filter((row) => row.kind === kind);

Deno.test("the smoke preset leaves a complete manifest, claims that a trial does not judge, a documented log and valid figures, twice alike", () =>
  inFolder(async (root) => {
    const [first, second] = await Promise.all(["a", "b"].map((name) => runIcl([`--out=results/${name}`], root)));
    assertEquals([first.code, second.code], [0, 0]);
    const { manifest, rows } = await checkFolder(`${root}/results/a`);
    assertEquals([manifest.status, manifest.reason, manifest.preset], ["complete", null, "smoke"]);
    assertEquals([manifest.experiment, manifest.seeds], ["linear_icl", [1, 2, 3, 4]]);
    assertMatch(manifest.question, /^How does a linear transformer learn to regress in context.*\?$/);
    assert(manifest.adapter !== null && manifest.end !== null && manifest.elapsedMs! > 0);

    const ids = claims(settingOf()).map(({ id }) => id);
    assertEquals(kept(rows, "criterion").map(({ id }) => id), ids);
    assertEquals(kept(rows, "claim").map(({ id }) => id), ids);
    const firstNumber = rows.findIndex(({ kind }) => kind !== "criterion");
    assertEquals(rows.slice(0, firstNumber).map(({ kind }) => kind), ids.map(() => "criterion"));
    assertEquals(new Set(kept(rows, "claim").map(({ verdict }) => verdict)), new Set(["trial"]));
    for (const id of ids) assertMatch(first.stdout, new RegExp(`^${id} +trial `, "m"));
    assertEquals(manifest.verdicts, { trial: ids.length });
    const counts = `${ids.length} not judged: verdicts of a trial preset would mean nothing`;
    assert(first.stdout.endsWith(`\nclaims: ${counts}\nresults: results/a\n`), first.stdout.slice(-200));

    // The log alone gives the same claims.
    const measured = await Measurements.from(readLog(`${root}/results/a/log.ndjson`));
    const judged = JSON.parse(Deno.readTextFileSync(`${root}/results/a/claims.json`));
    assertEquals(judgeClaims(claims(settingOf()), measured, true), judged);

    // Every report step of every replica is there, and so is every study.
    const loss = { series: "main", quantity: "loss" };
    assertEquals([measured.replicas(loss), measured.steps(loss).at(-1)], [[0, 1, 2, 3], 400]);
    assert(measured.curves(loss).every(({ x }) => x.length === measured.steps(loss).length));
    const laws = ["commuting tasks", "dense tasks"];
    const fixed = laws.flatMap((law) => [4, 16, 1_000_000].map((N) => `${law}, N = ${N}`));
    const shifts = [0.5, 1, 2].map((factor) => `shift, c = ${factor}`);
    assertEquals(measured.series, ["main", ...fixed, "alignment, exact flow", "alignment", "mirror", ...shifts]);

    const figures = namesIn(`${root}/results/a/figures`);
    const names = [...new Set(figures.map((name) => name.split(".")[0]))];
    for (const name of ["modes", "loss", "conserved", "null_blocks", "fixed_point", "alignment", "covariance_shift"]) {
      assert(names.includes(name), name);
    }
    assertEquals(figures, names.flatMap((name) => [`${name}.svg`, `${name}.vl.json`]).toSorted());
    for (const name of names) {
      const spec: Spec = JSON.parse(Deno.readTextFileSync(`${root}/results/a/figures/${name}.vl.json`));
      await validate(spec);
      const svg = Deno.readTextFileSync(`${root}/results/a/figures/${name}.svg`);
      assertMatch(svg, /^<svg [^]*<path [^]*<\/svg>\s*$/, name);
      assert(svg.includes("<text") && !/NaN|undefined/.test(svg), name);
    }
    assertEquals(
      manifest.files.map(({ path }) => path).toSorted(),
      ["claims.json", "clock.ndjson", "experiment.ts", "log.ndjson", ...figures.map((name) => `figures/${name}`)]
        .toSorted(),
    );

    assertMatch(
      first.stderr,
      /^adapter: .+\n[^]*main: step 400\/400 [^]*\nfixed points, commuting tasks: step 400\/400 [^]*\nfixed points, dense tasks: step 400\/400 [^]*\nalignment: step 400\/400 [^]*\nmirror: step 400\/400 [^]*\ncovariance shift: step 64\/64 .*\n$/,
    );
    assertEquals(namesIn(`${root}/results/b/figures`), figures);
    for (const file of ["log.ndjson", "claims.json", ...figures.map((name) => `figures/${name}`)]) {
      const [a, b] = ["a", "b"].map((run) => Deno.readTextFileSync(`${root}/results/${run}/${file}`));
      assert(a === b, `${file} differs between two runs of the same seed`);
    }
  }));

Deno.test("a replica of an ensemble is bit-identical to the same seed in another ensemble, and no other", () =>
  inFolder(async (root) => {
    for (const sampler of ["statistics", "tokens"]) {
      const out = (name: string) => `--out=results/${sampler}-${name}`;
      const options = [...TINY_MAIN, `--sampler=${sampler}`];
      const [wide, narrow] = await Promise.all([
        runIcl([...options, "--seed=11", "--replicas=5", out("wide")], root),
        runIcl([...options, "--seed=14", "--replicas=2", out("narrow")], root),
      ]);
      assertEquals([wide.code, narrow.code], [0, 0], wide.stderr + narrow.stderr);
      const ofSeed = async (name: string, replica: number) =>
        (await rowsOf(`${root}/results/${sampler}-${name}/log.ndjson`))
          .filter((row) => row.kind === "measure" && row.replica === replica)
          .map((row) => JSON.stringify({ ...row, replica: 0 }));
      for (const replica of [0, 1]) {
        const rows = await ofSeed("narrow", replica);
        assert(rows.length > 100);
        assertEquals(rows, await ofSeed("wide", replica + 3));
        assertNotEquals(rows, await ofSeed("wide", replica));
      }
    }
  }));

const variants: [string, string[]][] = [
  ["dense tasks", ["--tasks=dense", ...TINY]],
  ["one dimension", ["--spectrum=1", ...TINY]],
  ["fewer tokens than dimensions, equal eigenvalues", ["--context=1", "--contexts=1,2", "--spectrum=1,1", ...TINY]],
  ["a pool of tasks, with pictures", ["--pool=3", "--png", ...TINY_MAIN]],
  ["a random start, on the software adapter", ["--init=random", "--adapter=software", ...TINY_MAIN]],
  ["more dimensions than the fused kernel takes", [`--spectrum=${Array(9).fill(1)}`, "--replicas=2", ...TINY_MAIN]],
  ["a start above the plateau, as short as can be", ["--scale=1", "--steps=10", "--replicas=2", ...TINY_MAIN.slice(1)]],
];
Deno.test("other settings run to their end and are judged by the claims that apply", () =>
  inFolder(async (root) => {
    const queue = [...variants.entries()];
    const said: Said[] = [];
    // Two at a time; what they said is judged once none is running.
    const worker = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const [index, [, args]] = next;
        said[index] = await runIcl([...args, `--out=results/${index}`], root);
      }
    };
    await Promise.all([worker(), worker()]);
    for (const [index, [name, args]] of variants.entries()) {
      assertEquals([said[index].code, said[index].stderr], [0, ""], name);
      const { manifest, rows } = await checkFolder(`${root}/results/${index}`);
      assertEquals(manifest.status, "complete", name);
      const ids = claims(settingOf(...args)).map(({ id }) => id);
      assertEquals(kept(rows, "claim").map(({ id }) => id), ids, name);
      if (args.includes("--adapter=software")) assertEquals(manifest.adapter?.software, true);
      const figures = manifest.files.map(({ path }) => path).filter((path) => path.startsWith("figures/"));
      const pictures = figures.filter((path) => path.endsWith(".png"));
      assertEquals(pictures.length, args.includes("--png") ? figures.length / 3 : 0);
      for (const path of pictures) {
        const bytes = Deno.readFileSync(`${root}/results/${index}/${path}`);
        assertEquals([...bytes.slice(0, 4)], [0x89, 0x50, 0x4e, 0x47], path);
      }
    }
  }));

Deno.test("--help lists every option and exits 0; bad input is one line, exits 2 and leaves nothing", () =>
  inFolder(async (root) => {
    const help = await runIcl(["--help"], root);
    assertEquals([help.code, help.stderr], [0, ""]);
    for (const option of Object.keys(settingOf())) assertStringIncludes(help.stdout, `  --${option}`);
    const cases: [string[], string][] = [
      [["--replica=4"], "unknown option --replica; did you mean --replicas?"],
      [["--task=dense"], "unknown option --task; did you mean --tasks?"],
      [["--steps=many"], 'expected --steps to be an integer ≥ 10, found "many"'],
      [["--steps=1.5"], 'expected --steps to be an integer ≥ 10, found "1.5"'],
      [["--batch=-4"], 'expected --batch to be an integer ≥ 1, found "-4"'],
      [["--replicas=1"], 'expected --replicas to be an integer ≥ 2 and ≤ 1024, found "1"'],
      [["--lr=0"], 'expected --lr to be a number > 0, found "0"'],
      [["--tasks=sparse"], 'expected --tasks to be one of commuting|dense, found "sparse"'],
      [["--pool=0"], 'expected --pool to be an integer ≥ 1 or "fresh", found "0"'],
      [
        ["--spectrum=4,0"],
        'expected --spectrum to be a comma-separated list of numbers > 0, found "0" as entry 2 of "4,0"',
      ],
      [
        ["--spectrum=4,NaN"],
        'expected --spectrum to be a comma-separated list of numbers > 0, found "NaN" as entry 2 of "4,NaN"',
      ],
      [
        ["--spectrum=2,-1"],
        'expected --spectrum to be a comma-separated list of numbers > 0, found "-1" as entry 2 of "2,-1"',
      ],
      [
        ["--contexts=2.5"],
        'expected --contexts to be a comma-separated list of distinct integers ≥ 1 and ≤ 16777216, found "2.5" as entry 1 of "2.5"',
      ],
      [
        ["--sampler=tokens", "--context=1e6"],
        "expected --context of at most 4096 with --sampler=tokens, found 1000000; --sampler=statistics has no such limit",
      ],
      [
        ["--out=elsewhere/run"],
        "expected permission to write elsewhere/run, found none; run again with --allow-write=elsewhere/run",
      ],
    ];
    for (const [args, expected] of cases) {
      assertEquals(await runIcl(args, root), { code: 2, stdout: "", stderr: `error: ${expected}\n` });
    }
    assertEquals(namesIn(root), []);
  }));

Deno.test("a folder that is taken or cannot be, or a permission that is missing, is refused by name", () =>
  inFolder(async (root) => {
    Deno.mkdirSync(`${root}/results/taken`, { recursive: true });
    Deno.writeTextFileSync(`${root}/results/taken/notes.txt`, "mine");
    Deno.writeTextFileSync(`${root}/results/file`, "mine");
    const refused = async (out: string, options?: Parameters<typeof runIcl>[2]) => {
      const { code, stdout, stderr } = await runIcl([`--out=${out}`], root, options);
      assertEquals([code, stdout], [2, ""], stderr);
      assertMatch(stderr, /^error: [^\n]+\n$/);
      return stderr.slice("error: ".length, -1);
    };
    assertEquals(
      await refused("results/taken"),
      "expected --out=results/taken to be a new or empty folder, found one with 1 entry; nothing was overwritten",
    );
    assertEquals(
      await refused("results/file"),
      "expected --out=results/file to be a new or empty folder, found a file; nothing was overwritten",
    );
    assertMatch(
      await refused("results/file/run"),
      /^expected a folder that can be written at results\/file\/run, found: /,
    );
    assertEquals(
      await refused("results/run", { permissions: ["--allow-read"] }),
      "expected permission to write results/run, found none; run again with --allow-write=results/run",
    );
    assertMatch(
      await refused("results/run", { permissions: ["--allow-write=results"] }),
      /^expected permission to read .+linear_icl\.ts, found none; run again with --allow-read$/,
    );
    assertEquals([namesIn(`${root}/results`), namesIn(`${root}/results/taken`)], [["file", "taken"], ["notes.txt"]]);
  }));

Deno.test({
  name: "a machine without an adapter is told what to install, and the manifest says that the run failed",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inFolder(async (root) => {
      // Without a Vulkan driver, Deno would take Mesa's OpenGL.
      const env = { VK_DRIVER_FILES: "/nowhere", VK_ICD_FILENAMES: "/nowhere", DENO_WEBGPU_BACKEND: "vulkan" };
      const { code, stdout, stderr } = await runIcl(["--out=results/run"], root, { env });
      assertEquals([code, stdout], [1, ""]);
      assertMatch(
        stderr,
        /^error: GPU: expected a GPU or a software adapter, found none; install a Vulkan driver: [^\n]+\n$/,
      );
      const { manifest, rows } = await checkFolder(`${root}/results/run`);
      assertEquals([manifest.status, manifest.adapter], ["failed", null]);
      assertEquals(`error: ${manifest.reason}\n`, stderr);
      assertEquals(new Set(rows.map(({ kind }) => kind)), new Set(["criterion"]));
    }),
});

Deno.test("a learning rate too large ends with replica and step, exit code 1 and a readable log", () =>
  inFolder(async (root) => {
    const { code, stdout, stderr } = await runIcl(["--lr=10", "--quiet", "--out=results/run"], root);
    assertEquals([code, stdout], [1, ""]);
    assertMatch(
      stderr,
      /^error: replica \d+ diverged at step \d+: expected a finite loss, found none; lower [^\n]+\n$/,
    );
    const { manifest, rows } = await checkFolder(`${root}/results/run`);
    assertEquals([manifest.status, `error: ${manifest.reason}\n`], ["failed", stderr]);
    const lost = Number(/at step (\d+)/.exec(stderr)![1]);
    const logged = kept(rows, "measure").map(({ step }) => Number(step));
    assert(logged.includes(0) && logged.every((step) => step < lost), `${lost}: ${logged}`);
    assertEquals(kept(rows, "claim"), []);
  }));

Deno.test({
  name: "a disk that fills up ends the run with one line, whole rows and a manifest that says why",
  ignore: !canMount,
  fn: () =>
    inFolder(async (root) => {
      const args = denoArgs(["--studies=main", "--quiet", "--replicas=16", "--out=results/run"]);
      const { code, stdout, stderr } = await onDisk(root, "size=256k", args, ENV);
      assertEquals([code, stdout], [1, ""], stderr);
      assertMatch(stderr, /^error: disk full: expected space to write, found none[^\n]*\n$/);
      const { manifest, rows } = await checkFolder(`${root}/kept/run`);
      assertEquals(manifest.status, "failed");
      assertStringIncludes(manifest.reason!, "disk full");
      assert(kept(rows, "measure").length > 0);
      assertMatch(Deno.readTextFileSync(`${root}/kept/run/log.ndjson`), /\} *\n$/);
    }),
});

const interrupted: [string, string[], (stderr: string, log: string) => boolean, RegExp][] = [
  [
    "in the middle of training",
    ["--steps=60000", "--studies=main"],
    (_, log) => log.includes('"kind":"measure"'),
    /\nmain: step [1-9]\d*\/60000 \(\d+ %\) /,
  ],
  [
    "in the middle of the studies",
    ["--steps=100", "--study-steps=20000"],
    (stderr) => stderr.includes("\nfixed points, commuting tasks: step "),
    /\nmain: step 100\/100 [^]*\nfixed points, commuting tasks: step \d+\/20000 /,
  ],
];
for (const [when, args, ready, progress] of interrupted) {
  Deno.test(`Ctrl-C ${when} keeps the log and says interrupted`, () =>
    inFolder(async (root) => {
      const folder = `${root}/results/run`;
      const logged = () => {
        try {
          return Deno.readTextFileSync(`${folder}/log.ndjson`);
        } catch {
          return "";
        }
      };
      const { child, until, end } = startIcl([...args, "--out=results/run"], root);
      await until((stderr) => ready(stderr, logged()));
      await new Promise((resolve) => setTimeout(resolve, 500));
      child.kill("SIGINT");
      const { code, stderr } = await end();
      assertEquals(code, 130, stderr);
      assertMatch(stderr, progress);
      assertMatch(stderr, /\ninterrupted: partial log kept in results\/run; continue with --resume=results\/run\n$/);
      const { manifest, rows } = await checkFolder(folder);
      assertEquals([manifest.status, manifest.reason], ["interrupted", "SIGINT"]);
      assertMatch(logged(), /\} *\n$/);
      assert(kept(rows, "measure").length > 0);
      assertEquals(kept(rows, "claim"), []);
      assertEquals(namesIn(folder), ["checkpoints", "clock.ndjson", "experiment.ts", "log.ndjson", "manifest.json"]);
    }));
}

Deno.test("killed in any of its trainings and resumed, the smoke preset leaves the same log, claims and figures", () =>
  inFolder(async (root) => {
    const options = ["--preset=smoke", "--checkpoint-every=150"];
    const steps = await assertResumes({ program, root, options, kills: 4, slowest: 2500 });
    assert(steps.at(-1)! > 0, `went on from ${steps.join(", ")}`);
  }));
