import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  latestCheckpoint,
  listCheckpoints,
  readCheckpoint,
  saveCheckpoint,
  writeSafetensors,
} from "../../lib/checkpoint/mod.ts";
import { readManifest, runExperiment } from "../../lib/run/mod.ts";
import { experiment } from "./fixtures/walk.ts";
import { assertResumes, pause, remains } from "./kills.ts";
import { canMount, onDisk } from "./small_disk.ts";
import { copying, denoArgs, finished, inFolder, runDecay, runWalk, said, stages, walk } from "./subprocess.ts";

/** A run that was ended at step 120 with checkpoints at 50 and 100, in `results/run`. */
async function cut(root: string, args: readonly string[] = []): Promise<string> {
  const { code } = await runWalk(["--out=results/run", "--failAt=120", "--steps=160", "--quiet", ...args], root);
  assertEquals(code, 1);
  const folder = `${root}/results/run`;
  edit(folder, (manifest) => ({ ...manifest, configuration: { ...manifest.configuration as object, failAt: 0 } }));
  for (const { path } of listCheckpoints(folder)) {
    const { metadata, ...state } = readCheckpoint(path);
    const configuration = JSON.stringify({ ...JSON.parse(metadata.configuration), failAt: 0 });
    saveCheckpoint(folder, { ...state, metadata: { ...metadata, configuration } });
  }
  return folder;
}

function edit(folder: string, change: (manifest: Record<string, unknown>) => unknown) {
  const path = `${folder}/manifest.json`;
  Deno.writeTextFileSync(path, JSON.stringify(change(JSON.parse(Deno.readTextFileSync(path)))));
}

/** What an uninterrupted run of the same configuration leaves. */
async function whole(root: string, args: readonly string[] = []): Promise<Record<string, string>> {
  const { code } = await runWalk(["--out=results/whole", "--steps=160", "--quiet", ...args], root);
  assertEquals(code, 0);
  return remains(`${root}/results/whole`);
}

Deno.test("killed at 20 random moments and resumed each time, a run leaves what an uninterrupted one does", () =>
  inFolder(async (root) => {
    const options = ["--steps=500", "--width=2000", "--checkpoint-every=7", "--pauseMs=1"];
    const steps = await assertResumes({ program: walk, root, options, kills: 20, slowest: 200 });
    assert(steps.length >= 15 && steps.at(-1)! > 50, `went on from ${steps.join(", ")}`);
  }));

Deno.test("a transformer in training, killed at 6 random moments, ends with the same log and the same bits", () =>
  inFolder(async (root) => {
    const options = ["--steps=200", "--checkpoint-every=7"];
    const steps = await assertResumes({ program: copying, root, options, kills: 6, slowest: 300 });
    assert(steps.length >= 4 && steps.at(-1)! > 7, `went on from ${steps.join(", ")}`);
  }));

Deno.test("three trainings one after the other, killed at random moments all along, end with the same log, claims and figures", () =>
  inFolder(async (root) => {
    const options = ["--steps=60", "--checkpoint-every=20"];
    const steps = await assertResumes({ program: stages, root, options, kills: 16, slowest: 500 });
    assert(steps.length >= 8 && steps.at(-1)! > 80, `went on from ${steps.join(", ")}`);
  }));

Deno.test("Ctrl-C saves the state, and the run goes on from that step", () =>
  inFolder(async (root) => {
    const args = ["--out=results/run", "--steps=160", "--pauseMs=5", "--checkpoint-every=1000"];
    const child = new Deno.Command(Deno.execPath(), {
      args: denoArgs(args, undefined, walk),
      cwd: root,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const log = `${root}/results/run/log.ndjson`;
    const size = () => {
      try {
        return Deno.statSync(log).size;
      } catch {
        return 0;
      }
    };
    while (size() < 1000) await pause(5);
    child.kill("SIGINT");
    const { code, stderr } = await said(child);
    assertEquals(code, 130);
    assertMatch(stderr, /interrupted: partial log kept in results\/run; continue with --resume=results\/run\n$/);
    const { step } = latestCheckpoint(`${root}/results/run`)!;
    const resumed = await runWalk(["--resume=results/run"], root);
    assertEquals(resumed.code, 0);
    assertStringIncludes(resumed.stderr, `going on from step ${step}\n`);
    const { [`checkpoints/step-${String(step).padStart(8, "0")}.safetensors`]: _, ...left } = remains(
      `${root}/results/run`,
    );
    assertEquals(left, await whole(root, ["--pauseMs=5", "--checkpoint-every=1000"]));
  }));

Deno.test("what a killed process was writing is cleared away: torn line, half files, cut checkpoint", () =>
  inFolder(async (root) => {
    const expected = await whole(root);
    const folder = await cut(root);
    const last = `${folder}/checkpoints/step-00000100.safetensors`;
    Deno.truncateSync(last, Deno.statSync(last).size - 1);
    Deno.writeTextFileSync(`${folder}/log.ndjson`, '{"kind":"train","st', { append: true });
    Deno.mkdirSync(`${folder}/figures`);
    for (const path of ["checkpoints/step-00000150.safetensors", "figures/x.vl.json", "manifest.json"]) {
      Deno.writeTextFileSync(`${folder}/${path}.4711.tmp`, "half");
    }
    Deno.writeTextFileSync(`${folder}/mine.tmp`, "kept");
    edit(folder, (manifest) => ({ ...manifest, status: "running", end: null, reason: null }));
    const { code, stderr } = await runWalk(["--resume=results/run"], root);
    assertEquals(code, 0);
    assertMatch(
      stderr,
      /^passed over results\/run\/checkpoints\/step-00000100\.safetensors: expected \d+ bytes of data/,
    );
    assertStringIncludes(stderr, "\ngoing on from step 50\n");
    assertEquals(remains(folder), { ...expected, "mine.tmp": new TextEncoder().encode("kept").toHex() });
  }));

Deno.test("a checkpoint in which a byte has changed is passed over, with a word", () =>
  inFolder(async (root) => {
    const expected = await whole(root);
    const folder = await cut(root);
    const last = `${folder}/checkpoints/step-00000100.safetensors`;
    const bytes = Deno.readFileSync(last);
    bytes[bytes.length - 3] ^= 4;
    Deno.writeFileSync(last, bytes);
    const { code, stderr } = await runWalk(["--resume=results/run"], root);
    assertEquals(code, 0);
    assertStringIncludes(
      stderr,
      "passed over results/run/checkpoints/step-00000100.safetensors: expected the content that was saved",
    );
    assertStringIncludes(stderr, "\ngoing on from step 50\n");
    assertEquals(remains(folder), expected);
  }));

Deno.test("a run whose code was edited since it began goes on with a word, and remembers both", () =>
  inFolder(async (root) => {
    const folder = await cut(root);
    const { codeHash } = readManifest(folder);
    assertMatch(codeHash!, /^[0-9a-f]{64}$/);
    edit(folder, (manifest) => ({ ...manifest, codeHash: "0".repeat(64) }));
    const { code, stderr } = await runWalk(["--resume=results/run"], root);
    assertEquals(code, 0);
    assertStringIncludes(
      stderr,
      "\nwarning: the code of the library, the kernels or the experiment has changed since the run began\n",
    );
    const resumed = readManifest(folder);
    assertEquals(resumed.codeHash, "0".repeat(64));
    assertEquals(resumed.resumptions.map((each) => each.codeHash), [codeHash]);
  }));

Deno.test("a run without a checkpoint yet begins anew", () =>
  inFolder(async (root) => {
    const folder = await cut(root, ["--checkpoint-every=0"]);
    const { code, stderr } = await runWalk(["--resume=results/run", "--checkpoint-every=50"], root);
    assertEquals(code, 0);
    assertStringIncludes(stderr, "no checkpoint yet: beginning anew\n");
    assertEquals(remains(folder), await whole(root));
  }));

Deno.test("--continue begins a run, goes on with it, and ends well where it is complete", () =>
  inFolder(async (root) => {
    const again = ["--out=results/run", "--steps=160", "--continue"];
    const folder = await cut(root);
    const second = await runWalk(again, root);
    assertEquals(second.code, 0, second.stderr);
    assertStringIncludes(second.stderr, "going on from step 100\n");
    const left = remains(folder);
    assertEquals(left, await whole(root));
    assertEquals(await runWalk(again, root), { code: 0, stdout: "results: results/run\n", stderr: "" });
    assertEquals(remains(folder), left);
    const other = await runWalk([...again, "--momentum=0.5"], root);
    assertEquals([other.code, other.stderr], [
      2,
      "error: expected --momentum=0.9 as in the resumed run, found --momentum=0.5; leave it out\n",
    ]);
    // Killed before its manifest was whole; and a folder of somebody else.
    Deno.removeSync(folder, { recursive: true });
    Deno.mkdirSync(folder);
    for (const name of ["experiment.ts", "manifest.json.77.tmp"]) Deno.writeTextFileSync(`${folder}/${name}`, "{");
    assertEquals((await runWalk([...again, "--quiet"], root)).code, 0);
    assertEquals(remains(folder), left);
    Deno.removeSync(folder, { recursive: true });
    Deno.mkdirSync(folder);
    Deno.writeTextFileSync(`${folder}/notes.tmp`, "");
    assertStringIncludes((await runWalk(again, root)).stderr, "new or empty folder, found one with 1 entry");
  }));

Deno.test("the manifest keeps how the run began, and says when it went on", () =>
  inFolder(async (root) => {
    const folder = await cut(root, [
      "--seed=7",
      "--preset=slow",
      "--pauseMs=0",
      "--momentum=0.5",
      "--checkpoint-keep=3",
    ]);
    const before = readManifest(folder);
    const args = [
      "--resume=results/run",
      "--seed=7",
      "--momentum=5e-1",
      "--preset=slow",
      "--checkpoint-every=20",
      "--quiet",
    ];
    assertEquals((await runWalk(args, root)).code, 0);
    const { resumptions, files, end, elapsedMs, pid, verdicts, configuration, status, reason, ...after } = readManifest(
      folder,
    );
    for (const [key, value] of Object.entries(after)) assertEquals(value, before[key as keyof typeof before], key);
    assertEquals(resumptions.map(({ step }) => step), [100]);
    assert(Date.parse(resumptions[0].time) >= Date.parse(before.end!) && end !== null && elapsedMs !== null);
    assert(pid !== before.pid);
    assertEquals([status, reason, verdicts], ["complete", null, { inconclusive: 1 }]);
    assertEquals(configuration, { ...before.configuration, quiet: true, "checkpoint-every": 20 });
    assertEquals(listCheckpoints(folder).map(({ step }) => step), [120, 140, 160]);
    assertEquals(files.map(({ path }) => path), [
      "log.ndjson",
      "clock.ndjson",
      "experiment.ts",
      "checkpoints/step-00000120.safetensors",
      "checkpoints/step-00000140.safetensors",
      "checkpoints/step-00000160.safetensors",
      "figures/x.vl.json",
      "claims.json",
    ]);
    for (const { path, bytes } of files) assertEquals(Deno.statSync(`${folder}/${path}`).size, bytes);
  }));

Deno.test("options that would make it another run are refused by name", () =>
  inFolder(async (root) => {
    const folder = await cut(root);
    const before = remains(folder);
    const manifest = Deno.readTextFileSync(`${folder}/manifest.json`);
    const as = (option: string, found: string) =>
      `expected ${option} as in the resumed run, found ${found}; leave it out`;
    const refusals: [string[], string][] = [
      [["--momentum=0.5"], as("--momentum=0.9", "--momentum=0.5")],
      [["--steps=1000"], as("--steps=160", "--steps=1000")],
      [["--seed=2"], as("--seed=1", "--seed=2")],
      [["--preset=slow"], as("--preset=default", "--preset=slow")],
      [["--adapter=software"], as("--adapter=high-performance", "--adapter=software")],
      [["--tasks=two"], as("--tasks=one", "--tasks=two")],
      [["--forget"], as("--forget=false", "--forget=true")],
      [["--out=results/other"], "expected --resume without --out, found both; a run goes on where it is"],
      [["--resume=results/other"], "expected --resume once, found it 2 times"],
      [["--checkpoint-every=-1"], 'expected --checkpoint-every to be an integer ≥ 0, found "-1"'],
      [["--checkpoint-keep=0"], 'expected --checkpoint-keep to be an integer ≥ 1 or "all", found "0"'],
    ];
    for (const [args, line] of refusals) {
      const { code, stderr } = await runWalk(["--resume=results/run", ...args], root);
      assertEquals([code, stderr], [2, `error: ${line}\n`]);
    }
    assertEquals([remains(folder), Deno.readTextFileSync(`${folder}/manifest.json`)], [before, manifest]);
  }));

Deno.test("what is no run to go on with is refused by what it is, and stays as it was", () =>
  inFolder(async (root) => {
    const folder = await cut(root);
    Deno.mkdirSync(`${root}/results/empty`);
    Deno.writeTextFileSync(`${root}/results/file`, "");
    await runDecay(["--out=results/decay", "--preset=smoke", "--quiet"], root);
    await runWalk(["--out=results/done", "--preset=short", "--quiet"], root);
    const refuses = async (run: string, line: string) => {
      const { code, stderr } = await runWalk([`--resume=results/${run}`], root);
      assertEquals([code, stderr], [2, `error: ${line}\n`]);
    };
    const no = (run: string, found: string) =>
      refuses(run, `expected --resume=results/${run} to be a run of walk, found ${found}`);
    await no("none", "no manifest.json there");
    await no("empty", "no manifest.json there");
    await no("file", "a file");
    await no("decay", "one of decay");
    await no("done", "a complete one, which has nothing left to do");

    const good = {
      log: Deno.readFileSync(`${folder}/log.ndjson`),
      manifest: Deno.readTextFileSync(`${folder}/manifest.json`),
    };
    const bytes = Number(readCheckpoint(latestCheckpoint(folder)!.path).metadata.logBytes);
    const refusesAfter = async (change: () => void, line: string) => {
      const checkpoints = listCheckpoints(folder).map(({ path }) => [path, Deno.readFileSync(path)] as const);
      change();
      const before = remains(folder);
      await refuses("run", line);
      assertEquals(remains(folder), before);
      Deno.writeFileSync(`${folder}/log.ndjson`, good.log);
      Deno.writeTextFileSync(`${folder}/manifest.json`, good.manifest);
      Deno.mkdirSync(`${folder}/checkpoints`, { recursive: true });
      for (const [path, content] of checkpoints) Deno.writeFileSync(path, content);
    };
    const manifest = (text: string) => () => Deno.writeTextFileSync(`${folder}/manifest.json`, text);
    const wanted = "expected --resume=results/run to be a run of walk, found";
    await refusesAfter(manifest("{"), `${wanted} a manifest.json that is no JSON`);
    await refusesAfter(manifest("null"), `${wanted} a manifest.json that does not describe a run`);
    await refusesAfter(manifest("[]"), `${wanted} a manifest.json that does not describe a run`);
    const changed = (change: Record<string, unknown>) => () =>
      edit(folder, (now) => ({ ...now, configuration: { ...now.configuration as object, ...change } }));
    await refusesAfter(
      changed({ momentum: undefined }),
      "expected a run with the options of this experiment, found no --momentum in its manifest",
    );
    await refusesAfter(
      changed({ other: 1 }),
      "expected a run with the options of this experiment, found --other in its manifest",
    );
    await refusesAfter(changed({ momentum: "x" }), 'expected --momentum to be a number ≥ 0 and ≤ 1, found "x"');

    const log = "results/run/log.ndjson";
    await refusesAfter(
      () => Deno.truncateSync(`${folder}/log.ndjson`, bytes - 1),
      `expected at least ${bytes} bytes in ${log}, as its checkpoint says, found ${bytes - 1}`,
    );
    await refusesAfter(
      () => Deno.writeTextFileSync(`${folder}/log.ndjson`, "x".repeat(bytes + 1)),
      `expected a line of ${log} to end at byte ${bytes}, as its checkpoint says, found none`,
    );

    const inside = "results/run/checkpoints/step-00000100.safetensors";
    const newest = `${root}/${inside}`;
    await refusesAfter(
      () => Deno.removeSync(`${folder}/checkpoints`, { recursive: true }),
      "results/run/checkpoints/step-00000050.safetensors: expected a checkpoint, as the manifest says, found none",
    );
    await refusesAfter(
      () => listCheckpoints(folder).forEach(({ path }) => Deno.writeTextFileSync(path, "<html>")),
      `${inside}: expected a safetensors file, found an HTML or XML page`,
    );
    await refusesAfter(
      () => writeSafetensors(newest, []),
      `${inside}: expected a checkpoint of a run, with step in its metadata, found none`,
    );
    await refusesAfter(
      () => Deno.copyFileSync(`${folder}/checkpoints/step-00000050.safetensors`, newest),
      `${inside}: expected a checkpoint of step 100, as its name says, found "step 50"`,
    );
    const { metadata, ...state } = readCheckpoint(newest);
    const withMetadata = (change: Record<string, string | undefined>) => () => {
      const texts = Object.entries({ ...metadata, ...change }).filter(([, text]) => text !== undefined);
      saveCheckpoint(folder, { ...state, metadata: Object.fromEntries(texts) as Record<string, string> });
    };
    await refusesAfter(
      withMetadata({ experiment: "other" }),
      `${inside}: expected a checkpoint of walk (experiment in its metadata), found "other"`,
    );
    await refusesAfter(
      withMetadata({ experiment: undefined }),
      `${inside}: expected a checkpoint of walk (experiment in its metadata), found none`,
    );
    await refusesAfter(
      withMetadata({ configuration: metadata.configuration.replace("0.9", "0.8") }),
      `${inside}: expected momentum 0.9, as in the manifest of the run, found "0.8"`,
    );
    await refusesAfter(
      withMetadata({ configuration: "{" }),
      `${inside}: expected momentum 0.9, as in the manifest of the run, found none`,
    );
    await refusesAfter(
      withMetadata({ seeds: "[1,3]" }),
      `${inside}: expected seeds [1,2], as in the manifest of the run, found "[1,3]"`,
    );
    await refusesAfter(
      withMetadata({ logBytes: "1e3" }),
      `${inside}: expected the length of the log (logBytes in its metadata), found "1e3"`,
    );
    assertEquals((await runWalk(["--resume=results/run", "--quiet"], root)).code, 0);
  }));

Deno.test("a state of other shapes ends the run with one line", () =>
  inFolder(async (root) => {
    const folder = await cut(root);
    const { path } = latestCheckpoint(folder)!;
    const { tensors, ...state } = readCheckpoint(path);
    const narrow = tensors.map(({ name, data }) => ({ name, shape: [2, 2], data: data.slice(0, 4) }));
    saveCheckpoint(folder, { ...state, tensors: narrow });
    const shapes = await runWalk(["--resume=results/run", "--quiet"], root);
    assertEquals(shapes, {
      code: 2,
      stdout: "",
      stderr: 'error: the checkpoint: expected shape [2,3] of tensor "walkers.x", found [2,2]\n',
    });
    saveCheckpoint(folder, { ...state, tensors });
  }));

Deno.test("a run goes on only on the adapter that it began on", () =>
  inFolder(async (root) => {
    const run = (args: string[]) => finished(Deno.execPath(), denoArgs([...args, "--quiet"], undefined, stages), root);
    assertEquals((await run(["--out=results/run", "--preset=smoke"])).code, 0);
    edit(`${root}/results/run`, (manifest) => ({
      ...manifest,
      status: "interrupted",
      adapter: {
        ...manifest.adapter as object,
        vendor: "none",
        architecture: "",
        description: "a GPU",
        subgroupSize: 7,
      },
    }));
    const { code, stderr } = await run(["--resume=results/run"]);
    assertEquals(code, 2);
    assertMatch(
      stderr,
      /error: expected the adapter that the run began on, none, a GPU \(subgroups of 7\), found .+\n$/,
    );
  }));

Deno.test("a run whose process is still at work is left to it", () =>
  inFolder(async (root) => {
    const child = new Deno.Command(Deno.execPath(), {
      args: denoArgs(["--out=results/run", "--pauseMs=5", "--steps=100000", "--quiet"], undefined, walk),
      cwd: root,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    try {
      const there = () => [...Deno.readDirSync(root)].length > 0 && latestCheckpoint(`${root}/results/run`) !== null;
      while (!there()) await pause(10);
      const { code, stderr } = await runWalk(["--resume=results/run"], root);
      assertEquals(code, 2);
      assertEquals(stderr, "error: expected a run that has ended, found results/run/log.ndjson still being written\n");
      const size = Deno.statSync(`${root}/results/run/log.ndjson`).size;
      while (Deno.statSync(`${root}/results/run/log.ndjson`).size === size) await pause(20);
      assertEquals(readManifest(`${root}/results/run`).pid, child.pid);
    } finally {
      child.kill("SIGKILL");
      await child.output();
    }
  }));

Deno.test("a mistake of the experiment is said: state not asked for, parameter without replicas", () =>
  inFolder(async (root) => {
    const odd = await runWalk(["--out=results/odd", "--odd", "--quiet"], root);
    assertEquals(odd.code, 1);
    assertStringIncludes(
      odd.stderr,
      "error: expected 2 replicas along the first axis of walkers.x, found shape (3, 2)",
    );
    await cut(root, ["--forget"]);
    const { code, stderr } = await runWalk(["--resume=results/run", "--quiet"], root);
    assertEquals(code, 1);
    assertMatch(
      stderr,
      /^error: expected run\(\) to ask checkpoints\.restore\(\) for its state before it logs, found that it did not \(at .+walk\.ts:\d+:\d+\)\n$/,
    );
  }));

Deno.test("an experiment that saves no checkpoints says so", () =>
  inFolder(async (root) => {
    for (const option of ["resume", "checkpoint-every", "checkpoint-keep"]) {
      const { code, stderr } = await runDecay([`--${option}=3`], root);
      assertEquals([code, stderr], [2, `error: expected no --${option}: this experiment saves no checkpoints\n`]);
    }
    let refused = "";
    const out = `${root}/plain`;
    const { resumable: _, ...plain } = experiment;
    const run: typeof plain.run = ({ checkpoints, measure }) => {
      assertEquals([checkpoints.every, checkpoints.due(50), checkpoints.restore()], [0, false, null]);
      try {
        checkpoints.save({ step: 1, tensors: [] });
      } catch (error) {
        refused = (error as Error).message;
      }
      measure({ series: "main", step: 1 }, { x: [1, 1] });
      return Promise.resolve();
    };
    assertEquals((await runExperiment({ ...plain, run }, [`--out=${out}`, "--quiet"])).exitCode, 0);
    assertEquals(refused, "expected an experiment with `resumable` to save checkpoints, found one without");
  }));

Deno.test({
  name: "a disk that fills up at a checkpoint leaves the earlier ones, and the run goes on where there is room",
  ignore: !canMount,
  fn: () =>
    inFolder(async (root) => {
      const args = ["--width=4000", "--steps=160", "--quiet"];
      const { code, stderr } = await onDisk(
        root,
        "size=220k",
        denoArgs(["--out=results/run", ...args], undefined, walk),
      );
      assertEquals(code, 1);
      assertMatch(
        stderr,
        /^error: disk full: expected space for results\/run\/checkpoints\/step-00000150\.safetensors, found none; earlier checkpoints are as they were\n$/,
      );
      const folder = `${root}/kept/run`;
      const { status, reason } = readManifest(folder);
      assertEquals(status, "failed");
      assertStringIncludes(reason!, "disk full");
      assertEquals([...Deno.readDirSync(`${folder}/checkpoints`)].map(({ name }) => name).toSorted(), [
        "step-00000050.safetensors",
        "step-00000100.safetensors",
      ]);
      const resume = denoArgs(["--resume=kept/run", "--quiet"], ["--allow-read", "--allow-write=kept"], walk);
      assertEquals((await finished(Deno.execPath(), resume, root)).code, 0);
      assertEquals(remains(folder), await whole(root, ["--width=4000"]));
    }),
});
