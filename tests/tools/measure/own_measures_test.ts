/** Measures of one's own, activations, and models beside each other. */
import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { writeSafetensors } from "../../../lib/checkpoint/mod.ts";
import { readLog } from "../../../lib/run/mod.ts";
import project from "../../../deno.json" with { type: "json" };
import { normals } from "../../../lib/random/random.ts";
import { finished, inFolder } from "../../run/subprocess.ts";
import { measure, values } from "./run_measure.ts";

const root = fromFileUrl(new URL("../../../", import.meta.url));

/** A checkpoint with one plain weight (rows, columns). */
function checkpoint(path: string, shape: [number, number], data: ArrayLike<number>, name = "layers.0.w.weight") {
  writeSafetensors(path, [{ name, shape, data: Float32Array.from(data) }], {});
}

Deno.test("measure --plugin: spectrum or matrix in, number out, and null beside; a plugin may write nothing", () =>
  inFolder(async (folder) => {
    Deno.mkdirSync(`${folder}/run`);
    checkpoint(`${folder}/run/step-0.safetensors`, [2, 2], [1, 0, 0, 1]);
    checkpoint(`${folder}/run/step-10.safetensors`, [2, 2], [3, 0, 0, 1]);
    Deno.writeTextFileSync(
      `${folder}/mine.ts`,
      `export const measures = {
        "top share": { ofSpectrum: (s: Float32Array) => s[0] / s.reduce((a, b) => a + b, 0) },
        "trace": { ofMatrix: ({ data, columns }: { data: Float32Array; columns: number }) => data[0] + data[columns + 1] },
      };`,
    );
    const steals =
      `export const measures = { thief: { ofSpectrum: () => (Deno.writeTextFileSync("results/x", ""), 1) } };`;
    Deno.writeTextFileSync(`${folder}/steals.ts`, steals);
    Deno.writeTextFileSync(`${folder}/words.ts`, `export const measures = { words: { ofSpectrum: () => "many" } };`);
    Deno.writeTextFileSync(`${folder}/none.ts`, `export const measure = 1;`);
    const [, ...task] = project.tasks.measure.command.split(" ");
    const run = (plugin: string) =>
      finished(Deno.execPath(), [
        ...task.map((part) => part.endsWith(".ts") ? `${root}${part}` : part),
        ...[`${folder}/run`, "--measures=effective-rank", "--quiet", `--plugin=${folder}/${plugin}.ts`],
        `--out=results/${plugin}`,
      ], folder);
    const { code, stderr } = await run("mine");
    assertEquals([code, stderr], [0, ""]);
    const rows = [];
    for await (const row of readLog(`${folder}/results/mine/log.ndjson`)) rows.push(row);
    assertEquals(values(rows, { quantity: "top share" }), [0.5, 0.75]);
    assertEquals(values(rows, { quantity: "trace" }), [2, 4]);
    const theories = rows.filter(({ kind, quantity }) => kind === "theory" && quantity === "trace");
    assert(theories.length >= 2 && theories.every(({ value }) => Number.isFinite(Number(value))));
    assertEquals(
      [...Deno.readDirSync(`${folder}/results/mine/figures`)].some(({ name }) => name === "trace_weights.svg"),
      true,
    );
    for (
      const [plugin, message] of [
        ["steals", "thief: Requires write access"],
        ["words", "words: expected a number, found string"],
        ["none", "expected `export const measures = { NAME: { ofSpectrum: (s) => … } }`"],
      ]
    ) {
      const said = await run(plugin);
      assertEquals(said.code, 2, said.stderr);
      assertStringIncludes(said.stderr, `error: --plugin=${folder}/${plugin}.ts: ${message}`);
    }
    assertEquals([...Deno.readDirSync(`${folder}/results`)].some(({ name }) => name === "x"), false);
  }));

/** Samples (S, C) with independent columns of given sizes. */
function samples(S: number, sizes: readonly number[], seed: number): Float32Array {
  const noise = normals({ seed, key: "samples", step: 0 }, S * sizes.length);
  return Float32Array.from(noise, (value, i) => value * sizes[i % sizes.length]);
}

Deno.test("measure --activations: ranks, alignment, probes, and OV on what attention reads, of every replica", () =>
  inFolder(async (folder) => {
    const [R, S, C, steps] = [2, 400, 4, [0, 10]];
    const names = ["query", "key", "value", "output"];
    for (const step of steps) {
      // Two heads of two channels. The first copies channel 0 at the start, and channels 0 and 1 later; the second always two.
      const value = new Float32Array(R * C * C);
      const eye = new Float32Array(R * C * C);
      for (let r = 0; r < R; r++) {
        for (let c = 0; c < C; c++) {
          eye[(r * C + c) * C + c] = 1;
          value[(r * C + c) * C + c] = c === 1 && step === 0 ? 0 : 1;
        }
      }
      writeSafetensors(
        `${folder}/step-${step}.safetensors`,
        names.map((name) => ({
          name: `blocks.0.attention.${name}`,
          shape: [R, C, C],
          data: name === "value" ? value : eye,
        })),
        { step: String(step), replicas: String(R), heads: "2" },
      );
      // At the last step the samples of replica 0 are turned and scaled, those of replica 1 are others.
      const x = [samples(S, [1, 1, 1, 1], 1), samples(S, [1, 1, 1, 1], step + 2)];
      const first = step === 0 ? x[0] : x[0].map((_, i) => 3 * x[0][i - i % C + (i % C + 1) % C]);
      const all = new Float32Array(R * S * C);
      all.set(first, 0);
      all.set(x[1], S * C);
      const labels = new Float32Array(R * S);
      for (let i = 0; i < R * S; i++) labels[i] = 2 * all[i * C] - all[i * C + 3] + 5;
      const noise = normals({ seed: 9, key: "labels", step: 0 }, R * S);
      Deno.mkdirSync(`${folder}/activations`, { recursive: true });
      writeSafetensors(`${folder}/activations/activations-${step}.safetensors`, [
        { name: "blocks.0", shape: [R, S / 4, 4, C], data: all },
        { name: "label.linear", shape: [R, S], data: labels },
        { name: "label.noise", shape: [R, S], data: Float32Array.from(noise) },
      ], { step: String(step), replicas: String(R) });
    }
    const checkpoints = steps.map((step) => `${folder}/step-${step}.safetensors`);
    Deno.mkdirSync(`${folder}/run`);
    checkpoints.forEach((path, index) => Deno.renameSync(path, `${folder}/run/step-${steps[index]}.safetensors`));
    const args = [`${folder}/run`, `--activations=${folder}/activations`, "--measures=effective-rank", "--no-null"];
    const { exitCode, said, rows, out } = await measure(folder, ...args);
    assertEquals(exitCode, 0, said);
    const of = { series: "activations of blocks.*", layer: 0 };
    const at = (quantity: string, step: number, replica: number) => values(rows, { ...of, quantity, step, replica })[0];
    assertAlmostEquals(at("activation-cka", 0, 0), 1, 1e-6);
    assert(at("activation-cka", 0, 1) < 0.1);
    assertEquals(at("activation-cka", 10, 1), 1);
    for (const replica of [0, 1]) assertAlmostEquals(at("activation-rank", 10, replica), 4, 0.02);
    assertAlmostEquals(at("probe of linear (R²)", 10, 0), 1, 1e-3);
    assert(at("probe of noise (R²)", 10, 1) < 0.05);
    const heads = (step: number, head: number) =>
      values(rows, { series: "OV", layer: 0, head, step, quantity: "ov-activation-rank", replica: 0 })[0];
    assertAlmostEquals(heads(0, 0), 1, 1e-3);
    assertAlmostEquals(heads(10, 0), 2, 0.02);
    assertAlmostEquals(heads(0, 1), 2, 0.02);
    const figures = [...Deno.readDirSync(`${out}/figures`)].map(({ name }) => name);
    for (const name of ["activation_cka_activations.svg", "ov_activation_rank.svg"]) {
      assert(figures.includes(name), name);
    }
    const short = await measure(`${folder}/again`, `${folder}/run`, `--activations=${folder}/run,${folder}/run`);
    assertEquals(short.exitCode, 2);
    assertStringIncludes(
      short.said,
      "expected --activations to name 1 folder, one for each of the checkpoints', found 2",
    );
  }));

Deno.test("measure --compare: folders of different models stand beside each other, layer by layer", () =>
  inFolder(async (folder) => {
    for (const [name, size] of [["small", 3], ["large", 5]] as const) {
      Deno.mkdirSync(`${folder}/${name}`);
      for (const step of [0, 10]) {
        const tensors = [0, 1, 2].map((layer) => ({
          name: `layers.${layer}.mlp.weight`,
          shape: [size, size],
          data: Float32Array.from(normals({ seed: size, key: `layer ${layer}`, step }, size * size)),
        }));
        writeSafetensors(`${folder}/${name}/step-${step}.safetensors`, tensors, {});
      }
    }
    const args = [`${folder}/small`, `${folder}/large`, "--measures=effective-rank,spectral-norm,tail-exponent"];
    const refused = await measure(folder, ...args);
    assertEquals(refused.exitCode, 2);
    assertStringIncludes(refused.said, "--compare sets different models beside each other");
    const { exitCode, rows, out, said } = await measure(folder, ...args, "--compare");
    assertEquals(exitCode, 0, said);
    for (const name of ["small", "large"]) {
      for (const layer of [0, 1, 2]) {
        const series = `${name}: layers.${layer}.mlp.weight`;
        assertEquals(values(rows, { series, layer, replica: 0, quantity: "effective-rank" }).length, 2, series);
        assert(rows.some((row) => row.kind === "theory" && row.series === series), series);
      }
    }
    const panels = (figure: string) => {
      const { concat } = JSON.parse(Deno.readTextFileSync(`${out}/figures/${figure}.vl.json`));
      return concat.map(({ title }: { title: { text: string } }) => title.text);
    };
    assertEquals(
      panels("effective_rank_weights"),
      [0, 1, 2].flatMap((layer) => ["small", "large"].map((name) => `${name}: layer ${layer} weights`)),
    );
    assertEquals(panels("spectral_norm_depth"), ["small: mlp", "large: mlp"]);
    // The edge of random matrices is in the heat map of weights, of which some values are above it and some below.
    const { datasets } = JSON.parse(Deno.readTextFileSync(`${out}/figures/spectrum.vl.json`));
    assertEquals(datasets.edge0.length, 2);
  }));
