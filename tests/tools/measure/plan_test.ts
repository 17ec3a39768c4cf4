/** What is read of a folder of checkpoints, and what is left out and said: without a GPU but where values count. */
import { assert, assertAlmostEquals, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { type NamedTensor, openSafetensors, writeSafetensors } from "../../../lib/checkpoint/mod.ts";
import { UserError } from "../../../lib/io/errors.ts";
import { matmulReference } from "../../../lib/linalg/reference_solve.ts";
import { svdReference } from "../../../lib/linalg/reference.ts";
import { effectiveRank } from "../../../lib/metrics/spectrum.ts";
import { inventoryOf } from "../../../lib/tools/measure/inventory.ts";
import { layerOf, locate } from "../../../lib/tools/measure/names.ts";
import { measureOptions } from "../../../lib/tools/measure/options.ts";
import { planCheckpoint, type PlanOptions } from "../../../lib/tools/measure/plan.ts";
import { chosenSteps, findSeries } from "../../../lib/tools/measure/series.ts";
import { inFolder } from "../../checkpoint/files.ts";
import { gaussian } from "../../linalg/matrices.ts";
import { measure, values } from "./run_measure.ts";

const tensor = (name: string, shape: readonly number[], seed = 1) => ({
  name,
  shape,
  data: Float32Array.from(gaussian(shape.reduce((a, b) => a * b, 1), seed)),
});

const defaults: PlanOptions = {
  circuits: measureOptions.circuits.parse("auto"),
  matrices: "auto",
  heads: measureOptions.heads.parse("0"),
};

/** The plan of a checkpoint with some tensors, and a configuration beside it. */
function planOf(tensors: readonly NamedTensor[], options: Partial<PlanOptions> = {}, config?: object) {
  const folder = Deno.makeTempDirSync();
  try {
    writeSafetensors(`${folder}/model.safetensors`, tensors);
    if (config !== undefined) Deno.writeTextFileSync(`${folder}/config.json`, JSON.stringify(config));
    using source = openSafetensors(folder);
    return planCheckpoint(source, { ...defaults, ...options });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

const seriesOf = ({ families }: ReturnType<typeof planOf>) => families.flatMap(({ series }) => series);

Deno.test("inventory: buffers, states and quantised weights are no parameters", () => {
  const bytes = { shape: [2, 2], data: new Uint8Array(4) };
  const tensors: NamedTensor[] = [
    tensor("h.0.attn.bias", [1, 1, 4, 4]),
    tensor("h.0.attn.c_proj.bias", [4]),
    tensor("h.0.attn.rotary_emb.inv_freq", [4]),
    tensor("h.0.attention.masked_bias", []),
    tensor("optimizer.first", [4]),
    { name: "h.0.attn.mask", ...bytes },
    { name: "h.0.mlp.up.qweight", ...bytes },
    tensor("h.0.mlp.up.scales", [2, 2]),
    tensor("h.0.mlp.down.weight", [2, 4]),
  ];
  const { inventory, families } = planOf(tensors);
  assertEquals([...inventory.parameters.keys()].toSorted(), ["h.0.attn.c_proj.bias", "h.0.mlp.down.weight"]);
  assertEquals(inventory.quantised.toSorted(), ["h.0.mlp.up.qweight", "h.0.mlp.up.scales"]);
  assertEquals(inventory.buffers.length, 4);
  assertEquals(inventory.state, ["optimizer.first"]);
  assertEquals(families.length, 1);
  // Without a quantised weight, what is called scales is a parameter.
  const plain = new Map([["scales", { dtype: "F32", shape: [2], offset: 0, bytes: 8 } as const]]);
  assertEquals([...inventoryOf({ tensors: plain }).parameters.keys()], ["scales"]);
});

Deno.test("plan: stacked experts are measured one by one, convolutions as their matrix, biases not", () => {
  const experts = [
    tensor("model.layers.3.mlp.experts.gate_up_proj", [5, 6, 4]),
    tensor("model.layers.3.mlp.experts.down_proj", [5, 4, 3]),
    tensor("model.layers.3.mlp.experts.down_proj_bias", [5, 4]),
    tensor("conv1.weight", [8, 4, 3]),
    tensor("patch.weight", [8, 3, 2, 2]),
  ];
  const attention = ["q", "k", "v", "o"].map((name) => tensor(`model.layers.3.self_attn.${name}_proj.weight`, [4, 4]));
  const plan = planOf([...attention, ...experts], {}, { model_type: "mixtral", num_attention_heads: 2 });
  assertEquals(plan.needs, []);
  const sizes = Object.fromEntries(
    plan.families.map(({ name, heads, layer, sizes: { M, N } }) => [name, [heads, layer, M, N]]),
  );
  assertEquals(sizes["model.layers.3.mlp.experts.gate_up_proj"], [5, 3, 6, 4]);
  assertEquals(sizes["model.layers.3.mlp.experts.down_proj"], [5, 3, 4, 3]);
  assertEquals(sizes["conv1.weight"], [1, undefined, 8, 12]);
  assertEquals(sizes["patch.weight"], [1, undefined, 8, 12]);
  assert(seriesOf(plan).includes("model.layers.3.mlp.experts.down_proj[4]"));
  assertEquals(plan.weights.find(({ name }) => name === "conv1.weight")?.form, "convolution");
  // Some models multiply their experts from the right.
  const [gate, down] = [tensor("l.0.experts.gate_up_proj", [5, 4, 4]), tensor("l.0.experts.down_proj", [5, 3, 4])];
  const right = planOf([gate, down], {}, { model_type: "gpt_oss" });
  assertEquals(right.weights.map(({ stored }) => stored), ["in-out", "in-out"]);
  // Where nothing says it, it is asked for, unless only spectra are measured.
  const [need] = planOf([gate, down]).needs;
  assertMatch(need.message, /expected which side of "l.0.experts.\w+" is the input, .* --axes=in-out\|out-in/);
  assertEquals(planOf([gate, down], { spaces: false }).needs, []);
  assertEquals(planOf([gate, down], { axes: "in-out" }).families.map(({ sizes: { M, N } }) => [M, N]), [[4, 3], [
    4,
    4,
  ]]);
});

Deno.test("plan: GPT-2's names are read by the storage that shapes tell, and asked for where they do not", () => {
  const square = [tensor("h.0.mlp.c_fc.weight", [4, 4]), tensor("h.0.mlp.c_proj.weight", [4, 4])];
  assertMatch(planOf(square).needs[0].message, /expected which side of "h.0.mlp.c_fc.weight" is the input/);
  assertEquals(planOf(square, {}, { model_type: "gpt_bigcode" }).weights[0].stored, "out-in");
  const wide = [tensor("h.0.mlp.c_fc.weight", [4, 16]), tensor("h.0.mlp.c_proj.weight", [16, 4])];
  assertEquals(planOf(wide).families.map(({ sizes: { M, N } }) => [M, N]), [[16, 4], [4, 16]]);
  const linear = [tensor("h.0.mlp.c_fc.weight", [16, 4]), tensor("h.0.mlp.c_proj.weight", [4, 16])];
  assertEquals(planOf(linear).families.map(({ sizes: { M, N } }) => [M, N]), [[16, 4], [4, 16]]);
});

Deno.test("plan: layers are counted along their list, whatever other digits names have", () => {
  const prefixes = ["v2.layers.0.attn", "v2.layers.1.attn", "v2.layers.10.attn"];
  assertEquals(locate(prefixes).modules.map(({ layer }) => layer), [0, 1, 10]);
  const { layers } = locate(prefixes);
  assertEquals(layerOf("v2.layers.10.mlp.fc1.weight", layers), 10);
  assertEquals(layerOf("v2.layers.7.mlp.fc1.weight", layers), 7); // A layer without attention.
  assertEquals(layerOf("classifier.2.weight", layers), undefined);
  assertEquals(layerOf("w1.weight", new Map()), undefined);
  const swin = ["stages.0.blocks.0.attn", "stages.0.blocks.1.attn", "stages.1.blocks.0.attn", "stages.1.blocks.1.attn"];
  const through = locate(swin);
  assertEquals(through.modules.map(({ layer }) => layer), [0, 1, 2, 3]);
  assertEquals(through.counted, ["stages.*.blocks.*.attn"]);
  assertEquals(layerOf("stages.1.blocks.0.mlp.weight", through.layers), 2);
});

Deno.test("plan: attention that no layout reads is said to be measured as plain weights", () => {
  const names = ["q_a_proj", "q_b_proj", "kv_a_proj_with_mqa", "kv_b_proj", "o_proj"];
  const plan = planOf(names.map((name) => tensor(`model.layers.0.self_attn.${name}.weight`, [4, 4])));
  assertMatch(plan.notes[0], /attention that no layout reads is measured as plain weights: .*q_a_proj/);
});

Deno.test("series: what is no checkpoint of the run is left out by name", () =>
  inFolder((folder) => {
    const write = (path: string, metadata = {}) => {
      Deno.mkdirSync(`${folder}/${path.split("/").slice(0, -1).join("/")}`, { recursive: true });
      writeSafetensors(`${folder}/${path}`, [tensor("w", [2, 2])], metadata);
    };
    for (const step of ["100", "5k"]) write(`run/checkpoint-${step}/model.safetensors`);
    write("run/final/model.safetensors");
    write("run/model.safetensors");
    Deno.mkdirSync(`${folder}/run/checkpoint-300`);
    Deno.writeTextFileSync(`${folder}/run/checkpoint-300/pytorch_model.bin`, "");
    const [{ files, leftOut }] = findSeries([`${folder}/run`]);
    assertEquals(files.map(({ step }) => step), [100, 5000]);
    const said = leftOut.map(({ path, why }) => `${path.slice(folder.length)}: ${why}`).join("\n");
    assertStringIncludes(said, "/run/final: called final, without a step");
    assertStringIncludes(said, "/run/model.safetensors: a model beside checkpoints in folders");
    assertStringIncludes(said, "/run/checkpoint-300: no safetensors in it, only pickled weights");
    // Files too; but what says its step is a checkpoint whatever it is called.
    for (const name of ["step-1", "step-2", "latest"]) write(`files/${name}.safetensors`);
    const flat = findSeries([`${folder}/files`])[0];
    assertEquals([flat.files.map(({ step }) => step), flat.leftOut.map(({ why }) => why)], [
      [1, 2],
      ["called latest, without a step"],
    ]);
    write("files/latest.safetensors", { step: "3" });
    assertEquals(findSeries([`${folder}/files`])[0].files.map(({ step }) => step), [1, 2, 3]);
    const some = chosenSteps(findSeries([`${folder}/files`])[0], { text: "", every: 2 });
    assertEquals(some.files.map(({ step }) => step), [1, 3]);
    assertThrows(
      () => chosenSteps(findSeries([`${folder}/files`])[0], { text: "", list: [7] }),
      UserError,
      "found 7 (nearest: 3)",
    );
    // Names that are not understood are refused with the file.
    write("odd/step-12x.safetensors");
    write("odd/step-13.safetensors");
    assertThrows(() => findSeries([`${folder}/odd`]), UserError, "odd/step-12x.safetensors");
    write("seeds/seed1.safetensors");
    write("seeds/seed2.safetensors");
    assertThrows(() => findSeries([`${folder}/seeds`]), UserError, "seeds/seed1.safetensors");
  }));

Deno.test("series: two folders are two replicas, whatever they hold; folders called by their steps are one run", () =>
  inFolder((folder) => {
    for (const path of ["a", "b", "run/checkpoint-10", "run/checkpoint-20"]) {
      Deno.mkdirSync(`${folder}/${path}`, { recursive: true });
      writeSafetensors(`${folder}/${path}/model.safetensors`, [tensor("w", [2, 2])]);
    }
    assertEquals(findSeries([`${folder}/a`, `${folder}/b`]).map(({ files }) => files.length), [1, 1]);
    const [run, ...others] = findSeries([`${folder}/run/checkpoint-20`, `${folder}/run/checkpoint-10`]);
    assertEquals([run.files.map(({ step }) => step), others.length], [[10, 20], 0]);
    assertEquals(run.notes, ["2 folders called by their steps are one run"]);
  }));

Deno.test("series: a newest file that is still being written is passed over; any other that is broken is refused", () =>
  inFolder((folder) => {
    for (const step of [1, 2, 3]) writeSafetensors(`${folder}/step-${step}.safetensors`, [tensor("w", [2, 2])]);
    const cut = (step: number) => {
      const path = `${folder}/step-${step}.safetensors`;
      Deno.writeFileSync(path, Deno.readFileSync(path).subarray(0, -5));
    };
    cut(3);
    const [{ files, leftOut }] = findSeries([folder]);
    assertEquals(files.map(({ step }) => step), [1, 2]);
    assertMatch(leftOut[0].why, /the newest, not whole, perhaps still being written: expected 16 bytes of data/);
    writeSafetensors(`${folder}/step-3.safetensors`, [tensor("w", [2, 2])]);
    cut(2);
    assertThrows(() => findSeries([folder]), UserError, "step-2.safetensors: expected 16 bytes");
  }));

Deno.test("measure: folders of different models are refused as replicas", () =>
  inFolder(async (folder) => {
    for (const [name, columns] of [["a", 2], ["b", 3]] as const) {
      Deno.mkdirSync(`${folder}/${name}`);
      writeSafetensors(`${folder}/${name}/model.safetensors`, [tensor("w", [2, columns])]);
    }
    const { exitCode, said } = await measure(folder, `${folder}/a`, `${folder}/b`);
    assertEquals(exitCode, 2);
    assertMatch(said, /expected folders of one model as replicas, found w of 1 × \[2, 3\] by 3 in .*b alone/);
  }));

const multiply = (a: ArrayLike<number>, b: ArrayLike<number>, M: number, K: number, N: number) =>
  matmulReference(Float64Array.from(a), Float64Array.from(b), M, K, N);

Deno.test("measure: adapters are measured as B·A", () =>
  inFolder(async (folder) => {
    const a = tensor("base_model.model.layers.1.q_proj.lora_A.weight", [2, 6], 1);
    const b = tensor("base_model.model.layers.1.q_proj.lora_B.weight", [5, 2], 2);
    writeSafetensors(`${folder}/adapter_model.safetensors`, [a, b]);
    const { exitCode, rows, said } = await measure(
      folder,
      `${folder}/adapter_model.safetensors`,
      "--measures=effective-rank,nuclear-norm",
    );
    assertEquals(exitCode, 0, said);
    const { s } = svdReference(multiply(b.data, a.data, 5, 2, 6), 5, 6);
    const of = { series: "base_model.model.layers.1.q_proj (B·A)", layer: 1 };
    assertAlmostEquals(values(rows, { ...of, quantity: "effective-rank" })[0], effectiveRank(s.slice(0, 2)), 1e-5);
    assertAlmostEquals(values(rows, { ...of, quantity: "nuclear-norm" })[0], s[0] + s[1], 1e-4);
    assertMatch(said, /adapters +1: base_model.model.layers.1.q_proj/);
  }));

Deno.test("measure --delta: changes of weights, of circuits and of all parameters since the first step", () =>
  inFolder(async (folder) => {
    const [C, H] = [6, 2];
    const names = ["q_proj", "k_proj", "v_proj", "o_proj"];
    const at = (step: number) => [
      ...names.map((name, i) => tensor(`layers.0.self_attn.${name}.weight`, [C, C], 10 * step + i)),
      tensor("layers.0.mlp.up.weight", [4, C], 10 * step + 9),
    ];
    Deno.mkdirSync(`${folder}/run`);
    for (const step of [0, 1, 2]) writeSafetensors(`${folder}/run/step-${step}.safetensors`, at(step));
    const { exitCode, rows, said } = await measure(
      folder,
      `${folder}/run`,
      "--delta",
      `--heads=${H}`,
      "--measures=frobenius-norm,effective-rank,parameter-norm,subspace-distance",
    );
    assertEquals(exitCode, 0, said);
    const [first, last] = [at(0), at(2)];
    const difference = (i: number) => last[i].data.map((value, j) => value - first[i].data[j]);
    const norm = (x: ArrayLike<number>) => Math.sqrt(Array.from(x).reduce((sum, value) => sum + value * value, 0));
    const weight = { series: "layers.0.mlp.up.weight", step: 2, quantity: "frobenius-norm" };
    assertAlmostEquals(values(rows, weight)[0], norm(difference(4)), 1e-4);
    assertAlmostEquals(
      values(rows, { quantity: "parameter-norm", step: 2 })[0],
      Math.hypot(...[0, 1, 2, 3, 4].map((i) => norm(difference(i)))),
      1e-4,
    );
    const D = C / H;
    const circuit = (tensors: typeof first) => {
      const rowsOf = (i: number) => tensors[i].data.subarray(D * C, 2 * D * C);
      const q = rowsOf(0);
      return multiply(
        Float64Array.from({ length: C * D }, (_, i) => q[(i % D) * C + Math.floor(i / D)]),
        rowsOf(1),
        C,
        D,
        C,
      );
    };
    const [end, start] = [circuit(last), circuit(first)];
    const change = end.map((value, i) => value - start[i]);
    const of = { series: "QK", head: 1, step: 2 };
    assertAlmostEquals(values(rows, { ...of, quantity: "frobenius-norm" })[0], norm(change), 1e-4);
    assertAlmostEquals(
      values(rows, { ...of, quantity: "effective-rank" })[0],
      effectiveRank(svdReference(change, C, C).s),
      1e-4,
    );
    assertEquals(values(rows, { ...of, step: 0, quantity: "effective-rank" }), [0]);
  }));

Deno.test("measure --audit: missing rank, cuts between equal values, coinciding replicas, a shard of another step", () =>
  inFolder(async (folder) => {
    const heads = ["q", "k", "v", "o"].map((name, i) => tensor(`layers.0.self_attn.${name}_proj.weight`, [4, 4], i));
    // The second head's query has two equal rows.
    heads[0].data.set(heads[0].data.subarray(8, 12), 12);
    const identity = Float32Array.from({ length: 25 }, (_, i) => i % 6 === 0 ? [3, 0.4, 0.4, 1e-3, 1e-3][i / 6] : 0);
    for (const replica of ["a", "b"]) {
      for (const step of [1, 2, 3]) {
        const inside = `${folder}/${replica}/checkpoint-${step}`;
        Deno.mkdirSync(inside, { recursive: true });
        const seed = replica === "b" && step > 1 ? 100 * step : step;
        const first = [...heads, { name: "cut.weight", shape: [5, 5], data: identity }];
        const moving = [tensor("x.weight", [3, 3], seed), tensor("y.weight", [3, 3], seed + 50)];
        // The second shard of step 2 is that of step 3, in replica a.
        const other = replica === "a" && step === 2 ? 3 : seed;
        const second = [tensor("u.weight", [3, 3], other + 70), tensor("v.weight", [3, 3], other + 90)];
        writeSafetensors(`${inside}/model-00001-of-00002.safetensors`, [...first, ...moving]);
        writeSafetensors(`${inside}/model-00002-of-00002.safetensors`, second);
        const map = [...first, ...moving].map(({ name }) => [name, "model-00001-of-00002.safetensors"]);
        const rest = second.map(({ name }) => [name, "model-00002-of-00002.safetensors"]);
        Deno.writeTextFileSync(
          `${inside}/model.safetensors.index.json`,
          JSON.stringify({ weight_map: Object.fromEntries([...map, ...rest]) }),
        );
      }
    }
    const { exitCode, said, rows } = await measure(folder, `${folder}/a`, `${folder}/b`, "--heads=2", "--audit");
    assertEquals(exitCode, 0, said);
    assertMatch(said, /rank: .*a: layer 0 QK head 1 at step 1 has rank 1 of 2/);
    assertMatch(said, /cut: .*a: cut.weight at step 3 is cut between equal singular values \(σ_2 and σ_3\)/);
    assertMatch(
      said,
      /shard: .*model-00002-of-00002.safetensors holds the same at steps 2 and 3, while the other shards differ/,
    );
    assertMatch(said, /replicas: replicas 0, 1 hold the same weights at step 1/);
    assertEquals(/replicas 0, 1 hold the same weights at step [23]/.test(said), false);
    assertEquals(rows.some(({ kind }) => kind === "change"), false);
  }));
