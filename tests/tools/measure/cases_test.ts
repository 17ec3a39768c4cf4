/** Checkpoints that are easily misread: `fixtures/cases.py` wrote them, with what is right for each. */
import { assertAlmostEquals, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { type Manifest, readManifest } from "../../../lib/run/mod.ts";
import { inFolder } from "../../checkpoint/files.ts";
import { measure, values } from "./run_measure.ts";

const CASES = fromFileUrl(import.meta.resolve("./fixtures/cases"));
const expected: Record<string, Record<string, number & number[] & string>> = JSON.parse(
  Deno.readTextFileSync(`${CASES}/expected.json`),
);

/** What the tool measures of a folder, with the manifest of its run. */
async function measuredAt(path: string, ...args: string[]) {
  const found: (Awaited<ReturnType<typeof measure>> & { manifest: Manifest })[] = [];
  await inFolder(async (folder) => {
    const run = await measure(folder, path, ...args);
    assertEquals(run.exitCode, 0, run.said);
    found.push({ ...run, manifest: readManifest(run.out) });
  });
  return found[0];
}

const measuredOf = (name: string, ...args: string[]) => measuredAt(`${CASES}/${name}`, ...args);

Deno.test("measure: cross-attention of GPT-2 is read apart, and never averaged with self-attention", async () => {
  const { rows, said, manifest } = await measuredOf("gpt2-cross", "--measures=effective-rank");
  const [value] = values(rows, { series: "cross QK", head: 2, quantity: "effective-rank" });
  assertAlmostEquals(value, expected["gpt2-cross"]["cross-attention QK of head 2, effective rank"], 1e-5);
  assertEquals(values(rows, { series: "QK", quantity: "effective-rank" }).length, 4);
  assertMatch(said, /attention +cross: 1 layer \(0\) × 4 heads of width 8, .* heads from config.json \(n_head\)/);
  assertEquals(manifest.files.some(({ path }) => path === "plan.txt"), true);
});

Deno.test("measure: a fused weight is read head by head where the kind of model says so, and asked for where nothing does", async () => {
  const { rows } = await measuredOf("bigcode", "--measures=effective-rank");
  const right = expected.bigcode["QK of head 1, effective rank"];
  assertAlmostEquals(values(rows, { series: "QK", head: 1, quantity: "effective-rank" })[0], right, 1e-5);
  await inFolder(async (folder) => {
    Deno.copyFileSync(`${CASES}/bigcode/checkpoint-0/model.safetensors`, `${folder}/w.safetensors`);
    const asked = await measure(folder, `${folder}/w.safetensors`, "--heads=4");
    assertEquals(asked.exitCode, 2);
    assertMatch(
      asked.said,
      /expected the order of query, key and value in "transformer.h.0.attn.c_attn.weight" .*--fused/,
    );
    const plan = await measure(folder, `${folder}/w.safetensors`, "--heads=4", "--plan");
    assertEquals(plan.exitCode, 2);
    assertMatch(plan.said, /needed +.*--fused=parts\|interleaved\|grouped/);
    const args = [`${folder}/w.safetensors`, "--heads=4", "--measures=effective-rank"];
    const given = await measure(folder, ...args, "--fused=interleaved");
    assertEquals(given.exitCode, 0, given.said);
    assertAlmostEquals(values(given.rows, { series: "QK", head: 1, quantity: "effective-rank" })[0], right, 1e-5);
    Deno.removeSync(given.out, { recursive: true });
    // A choice of a layout that names the order does the same.
    const layout = String.raw`--circuits=qkv=\.c_attn\.weight$:interleaved o=\.c_proj\.weight$`;
    const named = await measure(folder, ...args, layout);
    assertEquals(named.exitCode, 0, named.said);
    assertAlmostEquals(values(named.rows, { series: "QK", head: 1, quantity: "effective-rank" })[0], right, 1e-5);
  });
});

Deno.test("measure: which side of a weight is its input is told by the framework, not by the attention", async () => {
  for (const circuits of ["auto", "none"]) {
    const { rows } = await measuredOf("transformer-lens", "--measures=subspace-distance", `--circuits=${circuits}`);
    for (const name of ["W_in", "W_out"]) {
      const of = { series: `blocks.0.mlp.${name}`, step: 1, quantity: "subspace-distance" };
      const right = expected["transformer-lens"][`mlp.${name}, subspace distance at step 1`];
      assertAlmostEquals(values(rows, of)[0], right, 1e-5);
    }
  }
});

Deno.test("measure: GPT-2's weights give the same with and without circuits", async () => {
  const gpt2 = fromFileUrl(import.meta.resolve("./fixtures/gpt2"));
  const args = ["--measures=subspace-distance", String.raw`--matrices=\.c_(fc|proj)`, "--steps=every:3"];
  const [withCircuits, without] = [await measuredAt(gpt2, ...args), await measuredAt(gpt2, ...args, "--circuits=none")]
    .map(({ rows }) => rows.filter(({ kind, series }) => kind === "measure" && String(series).includes("mlp")));
  assertEquals(new Set(without.map(({ step }) => step)), new Set([0, 150, 300]));
  assertEquals(without, withCircuits);
});

Deno.test("measure: a mask beside weights is no parameter", async () => {
  const { rows, said } = await measuredOf("masked-bias", "--measures=parameter-norm");
  for (const norm of values(rows, { quantity: "parameter-norm" })) {
    assertAlmostEquals(norm, expected["masked-bias"]["parameter norm"], 1e-5);
  }
  assertMatch(said, /buffers +1, no parameters: gpt_neox.layers.0.attention.masked_bias/);
});

Deno.test("measure: steps are read out of names as people write them", async () => {
  for (const name of ["scientific", "suffixes", "step-and-epoch", "final-beside"]) {
    const { rows, said } = await measuredOf(name, "--measures=effective-rank");
    assertEquals(
      rows.filter(({ kind, quantity }) => kind === "measure" && quantity === "effective-rank").map(({ step }) => step),
      expected[name].steps,
    );
    if (name === "step-and-epoch") assertStringIncludes(said, "step-500-epoch-1: step 500, not epoch 1, orders it");
    if (name === "final-beside") assertMatch(said, /left out +.*index.json: a model beside checkpoints in folders/);
  }
});

Deno.test("measure: equal weights under several steps are told, by a run and by an audit", async () => {
  const { said } = await measuredOf("repeated");
  assertStringIncludes(said, `warning: ${expected.repeated.said}`);
  const audit = await measuredOf("repeated", "--audit");
  assertStringIncludes(audit.said, `equal weights: ${expected.repeated.said}`);
  assertEquals(audit.rows.some(({ quantity }) => quantity === "effective-rank"), false);
  assertEquals(audit.rows.filter(({ kind }) => kind === "finding").length > 0, true);
});
