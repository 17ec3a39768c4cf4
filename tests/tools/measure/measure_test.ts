import { assert, assertAlmostEquals, assertEquals, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import project from "../../../deno.json" with { type: "json" };
import { exportReplica, openSafetensors, saveCheckpoint, writeSafetensors } from "../../../lib/checkpoint/mod.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { effectiveRank } from "../../../lib/metrics/spectrum.ts";
import { rowSpaceAngles, subspaceDistance } from "../../../lib/metrics/subspace.ts";
import { matmulReference } from "../../../lib/linalg/reference_solve.ts";
import { svdReference } from "../../../lib/linalg/reference.ts";
import { measureCheckpoints } from "../../../lib/tools/measure/measure.ts";
import { ParameterSet } from "../../../lib/models/parameters.ts";
import { transformer } from "../../../lib/models/transformer.ts";
import { type LogRow, readManifest, runExperiment } from "../../../lib/run/mod.ts";
import { fileOf, inFolder } from "../../checkpoint/files.ts";
import { experiment } from "../../run/fixtures/copying.ts";
import { finished } from "../../run/subprocess.ts";
import { gaussian } from "../../linalg/matrices.ts";
import { measure, values } from "./run_measure.ts";

const GPT2 = fromFileUrl(import.meta.resolve("./fixtures/gpt2"));

/** Compares rows with what gpt2.py has found by LAPACK in float64. */
function assertAsLapack(rows: readonly LogRow[], folder: string): void {
  const expected: Record<string, number | string | null>[] = JSON.parse(
    Deno.readTextFileSync(`${folder}/expected.json`),
  );
  assertEquals(expected.length, 7 * 2 * (2 * 2 + 2));
  for (const { step, series, layer, head, ...measures } of expected) {
    for (const [name, value] of Object.entries(measures)) {
      const marginal = name === "marginal-rank-1";
      const place = { step: step!, series: series!, layer: layer!, ...(head !== undefined && { head: head! }) };
      const where = { ...place, ...(marginal && { index: 1 }) };
      const found = values(rows, { ...where, quantity: marginal ? "marginal-rank" : name });
      assertEquals(found.length, value === null ? 0 : 1, `${name} ${series} ${layer} ${head} ${step}`);
      if (value !== null) assertAlmostEquals(found[0], Number(value), 2e-5 * Math.max(1, Number(value)), name);
    }
  }
}

const python = Deno.env.get("ICL_LAB_PYTHON") ?? "python3";
const canTrain = await new Deno.Command(python, { args: ["-c", "import numpy, torch, safetensors"], stderr: "null" })
  .output().then(({ success }) => success, () => false);
if (!canTrain) console.error("skipped: training in PyTorch; ICL_LAB_PYTHON names a Python with torch and safetensors");

Deno.test({
  name: "measure: a model that PyTorch trains now gives what LAPACK finds in float64",
  ignore: !canTrain,
  fn: () =>
    inFolder(async (folder) => {
      const script = fromFileUrl(import.meta.resolve("./fixtures/gpt2.py"));
      const run = `${folder}/run`;
      const { success, stderr } = await new Deno.Command(python, { args: [script, run, "150", "25"] }).output();
      assertEquals(success, true, new TextDecoder().decode(stderr));
      const { exitCode, rows, said } = await measure(folder, run);
      assertEquals(exitCode, 0, said);
      assertAsLapack(rows, run);
    }),
});

Deno.test("measure: checkpoints of a GPT-2-like model from PyTorch give what LAPACK finds in float64", () =>
  inFolder(async (folder) => {
    const { exitCode, rows, out, said } = await measure(folder, GPT2);
    assertEquals(exitCode, 0, said);
    assertAsLapack(rows, GPT2);
    const norms = values(rows, { quantity: "parameter-norm" });
    using last = openSafetensors(`${GPT2}/step-00300.safetensors`);
    let squares = 0;
    for (const name of last.tensors.keys()) for (const value of last.read(name)) squares += value * value;
    assertEquals(norms.length, 7);
    assertAlmostEquals(norms[6], Math.sqrt(squares), 1e-9);

    // The same run folder as an experiment, and the change points with their criteria.
    const manifest = readManifest(out);
    assertEquals([manifest.status, manifest.experiment, manifest.configuration.operands], ["complete", "measure", [
      GPT2,
    ]]);
    const files = manifest.files.map(({ path }) => path);
    for (const name of ["effective_rank", "subspace_distance", "spectrum", "marginal_rank", "parameter_norm_all"]) {
      for (const ending of ["vl.json", "svg"]) assert(files.includes(`figures/${name}.${ending}`), name);
    }
    const changes: LogRow[] = JSON.parse(Deno.readTextFileSync(`${out}/change_points.json`));
    assertEquals(changes.length, rows.filter(({ kind }) => kind === "change").length);
    const drops = changes.filter(({ quantity, change }) => quantity === "subspace-distance" && change === "drop");
    assertEquals(drops.length >= 8, true);
    for (const { criterion, low, median, high, after, before } of drops) {
      assertStringIncludes(String(criterion), "middle between first and last value");
      assertEquals([low, high], [median, median]);
      // Checkpoints tell no more than the stretch between two of them.
      assert(Number(after) <= Number(median) && Number(median) <= Number(before), `${after} ${median} ${before}`);
    }
    assertMatch(said, /subspace-distance +layer 1 QK head 1 +drop +between \d+ and \d+ +1 of 1/);
  }));

Deno.test("measure: sharded, in half precision and in double, the step in the folder's name: the same within its digits", () =>
  inFolder(async (folder) => {
    const { rows: exact } = await measure(`${folder}`, GPT2, "--measures=effective-rank", "--matrices=none");
    Deno.removeSync(`${folder}/out`, { recursive: true });
    for (const step of [0, 50, 100, 150, 200, 250, 300]) {
      using source = openSafetensors(`${GPT2}/step-${String(step).padStart(5, "0")}.safetensors`);
      const inside = `${folder}/run/checkpoint-${step}`;
      Deno.mkdirSync(inside, { recursive: true });
      const weightMap: Record<string, string> = {};
      const shards: { name: string; shape: readonly number[]; data: Float16Array | Float64Array }[][] = [[], []];
      [...source.tensors].forEach(([name, { shape }], index) => {
        const data = source.read(name);
        shards[index % 2].push({
          name,
          shape,
          data: index % 3 === 0 ? Float16Array.from(data) : Float64Array.from(data),
        });
        weightMap[name] = `model-0000${index % 2 + 1}-of-00002.safetensors`;
      });
      shards.forEach((tensors, index) =>
        writeSafetensors(`${inside}/model-0000${index + 1}-of-00002.safetensors`, tensors)
      );
      Deno.writeTextFileSync(`${inside}/model.safetensors.index.json`, JSON.stringify({ weight_map: weightMap }));
    }
    Deno.copyFileSync(`${GPT2}/config.json`, `${folder}/run/config.json`);
    const { exitCode, rows, said } = await measure(
      folder,
      `${folder}/run`,
      "--measures=effective-rank",
      "--matrices=none",
    );
    assertEquals(exitCode, 0, said);
    const [found, wanted] = [rows, exact].map((all) => values(all, { quantity: "effective-rank" }));
    assertEquals(found.length, 7 * 8);
    found.forEach((value, index) => assertAlmostEquals(value, wanted[index], 2e-3));
  }));

Deno.test("measure: a run of an experiment is measured as it is: its checkpoints say how many heads there are", () =>
  inFolder(async (folder) => {
    const args = ["--quiet", "--steps=4", "--checkpoint-every=2", "--checkpoint-keep=all", `--out=${folder}/run`];
    assertEquals((await runExperiment(experiment, args)).exitCode, 0);
    const { exitCode, rows, said } = await measure(folder, `${folder}/run`, "--measures=effective-rank");
    assertEquals(exitCode, 0, said);
    const circuits = rows.filter(({ kind, quantity, head }) =>
      kind === "measure" && String(quantity) === "effective-rank" && head !== undefined
    );
    // Steps 2 and 4, two seeds, two heads, QK and OV.
    assertEquals(circuits.length, 16);
    assertEquals(new Set(circuits.map(({ head }) => head)), new Set([0, 1]));
  }));

Deno.test("measure: checkpoints of any transformer of this project tell their heads, of which each is measured", () =>
  inFolder(async (folder) => {
    await openGpu();
    const sizes = { input: { vocabulary: 5 }, outputs: 5, length: 4, layers: 2, width: 12, mlp: 0 } as const;
    for (const [heads, predict] of [[3, "every"], [2, "last"], [1, "last"]] as const) {
      using parameters = ParameterSet.create(transformer({ ...sizes, heads, predict }).parameters, [1, 2]);
      const tensors = await parameters.read();
      const moment = tensors.map((tensor) => ({ ...tensor, name: `optimizer.first.${tensor.name}` }));
      const run = `${folder}/${predict}-${heads}`;
      const { path } = saveCheckpoint(run, { step: 1, replicas: 2, tensors: [...tensors, ...moment], metadata: {} });
      const { exitCode, rows, said, out } = await measure(folder, run, "--measures=effective-rank", "--matrices=none");
      assertEquals(exitCode, 0, said);
      assertEquals(values(rows, { series: "QK", quantity: "effective-rank" }).length, 2 * 2 * heads);
      Deno.removeSync(out, { recursive: true });
      exportReplica(path, 1, `${run}.safetensors`);
      assertEquals((await measure(folder, `${run}.safetensors`, "--measures=stable-rank")).exitCode, 0);
      Deno.removeSync(out, { recursive: true });
    }
  }));

Deno.test("measure: replicas of this project's checkpoints, and of folders, give bands", () =>
  inFolder(async (folder) => {
    const [C, H, R] = [6, 2, 3];
    const names = ["query", "key", "value", "output"];
    for (const run of ["a", "b"]) {
      for (const step of [0, 10, 20]) {
        const tensors = names.map((name, index) => ({
          name: `blocks.0.attention.${name}`,
          shape: [R, C, C],
          data: gaussian(R * C * C, index + (run === "a" ? 0 : 10)).map((value, i) => value + step * Math.sin(i) / 20),
        }));
        const moment = { name: "optimizer.first", shape: [4], data: new Float32Array(4) };
        saveCheckpoint(`${folder}/${run}`, {
          step,
          replicas: R,
          tensors: [...tensors, moment],
          metadata: { heads: String(H) },
        });
      }
    }
    const { exitCode, rows, said } = await measure(
      folder,
      `${folder}/a`,
      `${folder}/b`,
      "--measures=effective-rank,subspace-distance,principal-angles",
    );
    assertEquals(exitCode, 0, said);
    assertEquals(new Set(rows.filter(({ kind }) => kind === "measure").map(({ replica }) => replica)).size, 2 * R);
    // Against the plain functions: head 1 of replica 2 of the second run, with a rank of C / H.
    const D = C / H;
    const circuit = (step: number) => {
      using source = openSafetensors(`${folder}/b/checkpoints/step-${String(step).padStart(8, "0")}.safetensors`);
      const columns = (name: string) => {
        const data = source.read(`blocks.0.attention.${name}`).subarray(2 * C * C);
        return Float64Array.from({ length: C * D }, (_, i) => data[Math.floor(i / D) * C + D + i % D]);
      };
      const [q, k] = [columns("query"), columns("key")];
      const transposed = Float64Array.from({ length: D * C }, (_, i) => k[i % C * D + Math.floor(i / C)]);
      return matmulReference(q, transposed, C, D, C);
    };
    const where = { series: "QK", head: 1, replica: 5, step: 10 };
    const [rank] = values(rows, { ...where, quantity: "effective-rank" });
    assertAlmostEquals(rank, effectiveRank(svdReference(circuit(10), C, C).s.slice(0, D)), 1e-5);
    const [distance] = values(rows, { ...where, quantity: "subspace-distance" });
    assertAlmostEquals(distance, subspaceDistance(circuit(10), circuit(20), { M: C, N: C, rank: D }), 1e-5);
    const angles = rowSpaceAngles(circuit(10), circuit(20), { M: C, N: C, rank: D });
    const ends = [0, 1].map((index) => values(rows, { ...where, quantity: "principal-angles", index })[0]);
    assertAlmostEquals(ends[0], angles[0], 1e-4);
    assertAlmostEquals(ends[1], angles[D - 1], 1e-4);
    const change = rows.find(({ kind, change, quantity }) =>
      kind === "change" && change === "drop" && quantity === "subspace-distance"
    );
    assertEquals(change?.replicas, 2 * R);
    assertLess(Number(change?.low), Number(change?.high));
  }));

Deno.test("measure: a weight that never changes stays at its part outside of its own leading directions, as the figure says", () =>
  inFolder(async (folder) => {
    const diagonal = (s: readonly number[]) =>
      Float32Array.from({ length: s.length ** 2 }, (_, i) => i % (s.length + 1) === 0 ? s[i / (s.length + 1)] : 0);
    // Effective ranks of 1.8 and 2.6, so that two directions and three are kept.
    const spectra = { cut: [5, 1, 0.1, 0.1], whole: [4, 2, 1] };
    const tensors = Object.entries(spectra).map(([name, s]) => ({
      name,
      shape: [s.length, s.length],
      data: diagonal(s),
    }));
    Deno.mkdirSync(`${folder}/run`);
    for (const step of [0, 1, 2]) writeSafetensors(`${folder}/run/step-${step}.safetensors`, tensors);
    const { exitCode, rows, said, out } = await measure(folder, `${folder}/run`, "--measures=subspace-distance");
    assertEquals(exitCode, 0, said);
    const floor = Math.sqrt(0.02 / 26.02);
    for (const [series, expected] of [["cut", floor], ["whole", 0]] as const) {
      const found = values(rows, { series, quantity: "subspace-distance" });
      assertEquals(found.length, 3);
      for (const value of found) assertAlmostEquals(value, expected, 1e-4);
    }
    const svg = Deno.readTextFileSync(`${out}/figures/subspace_distance_weights.svg`);
    assertStringIncludes(svg, "where M(∞) has more than k directions the curve ends above 0");
  }));

Deno.test("measure: the manifest keeps patterns as text", () =>
  inFolder(async (folder) => {
    writeSafetensors(`${folder}/w-1.safetensors`, [{ name: "mlp.w", shape: [2, 2], data: gaussian(4, 1) }]);
    const configurationOf = async (...args: string[]) => {
      const { out, exitCode, said } = await measure(folder, `${folder}/w-1.safetensors`, ...args);
      assertEquals(exitCode, 0, said);
      const { configuration } = readManifest(out);
      Deno.removeSync(out, { recursive: true });
      return JSON.parse(JSON.stringify(configuration));
    };
    const { circuits, matrices, "step-pattern": step } = await configurationOf(
      String.raw`--matrices=mlp\.\w`,
      String.raw`--step-pattern=w-(\d)`,
    );
    assertEquals([matrices, step], [String.raw`mlp\.\w`, String.raw`w-(\d)`]);
    assertEquals(circuits.text, "auto");
    assertEquals(circuits.layouts[0], {
      id: "icl-lab",
      of: "checkpoints of this project",
      query: String.raw`\.?attention\.query$`,
      key: String.raw`\.?attention\.key$`,
      value: String.raw`\.?attention\.value$`,
      output: String.raw`\.?attention\.output$`,
      axes: "in-out",
    });
    assertEquals(JSON.stringify(circuits).includes("{}"), false);
    assertEquals((await configurationOf("--circuits=none")).circuits, { text: "none", layouts: [] });
  }));

Deno.test("measure: weights that are not finite are named and skipped, and the run fails unless that is allowed", () =>
  inFolder(async (folder) => {
    for (const step of [1, 2, 3]) {
      const data = gaussian(12, step);
      if (step === 2) data[5] = NaN;
      const tensors = [{ name: "weight", shape: [3, 4], data }, {
        name: "other",
        shape: [3, 4],
        data: gaussian(12, 9 + step),
      }];
      writeSafetensors(`${folder}/run.${step}.safetensors`, tensors);
    }
    const paths = [3, 1, 2].map((step) => `${folder}/run.${step}.safetensors`);
    const { exitCode, rows, said, out } = await measure(folder, ...paths);
    assertEquals(exitCode, 1);
    assertStringIncludes(
      said,
      `warning: skipped "weight" of ${folder}/run.2.safetensors: 1 entries are NaN or infinite`,
    );
    assertStringIncludes(said, 'expected finite weights, found NaN or infinity in "weight"');
    assertEquals(readManifest(out).status, "failed");
    const steps = (series: string) =>
      rows.filter((row) => row.series === series && row.quantity === "effective-rank" && row.kind === "measure").map((
        { step },
      ) => step);
    assertEquals([steps("weight"), steps("other")], [[1, 3], [1, 2, 3]]);
    Deno.removeSync(out, { recursive: true });
    assertEquals((await measure(folder, ...paths, "--allow-nan")).exitCode, 0);
  }));

Deno.test("measure: bad input is refused in one line, before anything is written", () =>
  inFolder(async (folder) => {
    const write = (path: string, shape = [2, 2], metadata = {}) =>
      writeSafetensors(`${folder}/${path}`, [{ name: "w", shape, data: gaussian(shape[0] * shape[1], 1) }], metadata);
    for (const name of ["none", "twice", "shapes"]) Deno.mkdirSync(`${folder}/${name}`);
    write("none/first.safetensors");
    write("none/second.safetensors");
    write("twice/a.safetensors", [2, 2], { step: "7" });
    write("twice/step-7.safetensors");
    write("good.safetensors");
    write("shapes/step-1.safetensors", [2, 3]);
    write("shapes/step-2.safetensors");
    const bytes = Deno.readFileSync(`${folder}/good.safetensors`);
    Deno.writeFileSync(`${folder}/short.safetensors`, bytes.subarray(0, bytes.length - 3));
    const huge = new Uint8Array(16);
    new DataView(huge.buffer).setBigUint64(0, 2n ** 40n, true);
    Deno.writeFileSync(`${folder}/huge.safetensors`, huge);
    Deno.writeTextFileSync(`${folder}/text.safetensors`, "not what it says, at all");
    Deno.mkdirSync(`${folder}/empty`);
    const refused: [string[], RegExp][] = [
      [[], /expected checkpoints: safetensors files or folders, found none/],
      [[`${folder}/absent`], /absent: expected a safetensors file or a folder, found none/],
      [[`${folder}/empty`], /empty: expected safetensors files, or folders with one each, found none/],
      [
        [`${folder}/short.safetensors`],
        /short.safetensors: expected 16 bytes of data behind the header, as it says, found 13/,
      ],
      [
        [`${folder}/huge.safetensors`],
        /huge.safetensors: expected a safetensors file, found one whose header claims 1099511627776 bytes/,
      ],
      [[`${folder}/text.safetensors`], /text.safetensors: expected a safetensors file/],
      [
        [`${folder}/none`],
        /expected steps to order checkpoints by, .*none\/first.safetensors and 1 more; --step-pattern/,
      ],
      [[`${folder}/twice`], /expected checkpoints with steps of their own, found step 7 in/],
      [
        [`${folder}/good.safetensors`, "--matrices=attn"],
        /expected a matrix that matches --matrices=attn, found w F32 \[2,2\]/,
      ],
      [
        [`${folder}/good.safetensors`, "--circuits=llama"],
        /expected attention as --circuits=llama names it, found w F32/,
      ],
      [[`${folder}/good.safetensors`, "--measures=efective-rank"], /found "efective-rank" \(nearest: effective-rank\)/],
      [[`${folder}/good.safetensors`, "--matrices=("], /which is no regular expression/],
      [[`${folder}/good.safetensors`, "--wrong=1"], /unknown option --wrong/],
    ];
    for (const [args, message] of refused) {
      const { exitCode, said } = await measure(folder, ...args);
      assertEquals(exitCode, 2, `${args}: ${said}`);
      assertMatch(said, message);
      assertEquals(said.split("\n").length, 1, said);
      assertEquals([...Deno.readDirSync(folder)].some(({ name }) => name === "out"), false);
    }
    const { exitCode, said } = await measure(folder, `${folder}/shapes`);
    assertEquals(exitCode, 2);
    assertMatch(said, /step-1.safetensors: expected tensor "w" of shape \[2,2\], as in the last step, found \[2,3\]/);
  }));

Deno.test("measure: steps from metadata, names, and a pattern; one checkpoint alone needs none", () =>
  inFolder(async (folder) => {
    const tensors = [{ name: "w", shape: [2, 2], data: gaussian(4, 1) }];
    const steps = async (...args: string[]) => {
      const { rows, said, exitCode, out } = await measure(folder, ...args, "--measures=effective-rank");
      assertEquals(exitCode, 0, said);
      Deno.removeSync(out, { recursive: true });
      return rows.filter(({ kind, quantity }) => kind === "measure" && quantity === "effective-rank").map(({ step }) =>
        step
      );
    };
    writeSafetensors(`${folder}/model-a.safetensors`, tensors, { step: "30" });
    writeSafetensors(`${folder}/gpt2-ckpt_0004.safetensors`, tensors);
    writeSafetensors(`${folder}/epoch=5-x9.safetensors`, tensors);
    const three = ["model-a", "gpt2-ckpt_0004", "epoch=5-x9"].map((name) => `${folder}/${name}.safetensors`);
    assertEquals(await steps(...three), [4, 5, 30]);
    assertEquals(
      await steps(...three.slice(1), String.raw`--step-pattern=(\d)\D*\d*$`),
      [2, 5],
    );
    writeSafetensors(`${folder}/model.safetensors`, tensors);
    assertEquals(await steps(`${folder}/model.safetensors`), [0]);
  }));

Deno.test("measure: BF16", () =>
  inFolder(async (folder) => {
    const bytes = fileOf('{"w":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]}}', 12);
    // 2 on the diagonal: 0x4000.
    for (const entry of [0, 4]) bytes[bytes.length - 12 + 2 * entry + 1] = 0x40;
    Deno.writeFileSync(`${folder}/w.safetensors`, bytes);
    const { exitCode, rows, said } = await measure(folder, `${folder}/w.safetensors`);
    assertEquals(exitCode, 0, said);
    assertAlmostEquals(values(rows, { quantity: "effective-rank" })[0], 2, 1e-5);
    assertAlmostEquals(values(rows, { quantity: "nuclear-norm" })[0], 4, 1e-5);
  }));

Deno.test("measure: the task of deno.json has the permissions it needs, and no others", () =>
  inFolder(async (folder) => {
    const command = project.tasks.measure.command.split(" ");
    const permissions = ["--allow-read", "--allow-write=results"];
    assertEquals(command.slice(0, 6), ["deno", "run", "--no-remote", "--unstable-worker-options", ...permissions]);
    const program = fromFileUrl(import.meta.resolve("../../../lib/tools/measure/main.ts"));
    const args = ["run", "--no-prompt", ...command.slice(2, 6), program, GPT2, "--measures=effective-rank", "--png"];
    const { code, stdout, stderr } = await finished(Deno.execPath(), args, folder);
    assertEquals(code, 0, stderr);
    assertMatch(stdout, /results: results\/measure\/\S+-default-seed1\n$/);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["results"]);
  }));

Deno.test("measure --help names operands, options and measures", async () => {
  const said: string[] = [];
  const log = console.log;
  console.log = (line: string) => void said.push(line);
  try {
    assertEquals((await runExperiment(measureCheckpoints, ["--help"])).exitCode, 0);
  } finally {
    console.log = log;
  }
  for (
    const text of ["CHECKPOINTS…", "--measures=", "subspace-distance", "--circuits=", "transformer-lens", "--allow-nan"]
  ) {
    assertStringIncludes(said.join("\n"), text);
  }
});
