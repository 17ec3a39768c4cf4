/** Real architectures: `fixtures/architectures.py` wrote their checkpoints by the transformers package, with what is right. */
import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { openSafetensors } from "../../../lib/checkpoint/mod.ts";
import { matmulReference } from "../../../lib/linalg/reference_solve.ts";
import { svdReference } from "../../../lib/linalg/reference.ts";
import { effectiveRank } from "../../../lib/metrics/spectrum.ts";
import { describePlan } from "../../../lib/tools/measure/describe.ts";
import { measureOptions } from "../../../lib/tools/measure/options.ts";
import { type Plan, planCheckpoint } from "../../../lib/tools/measure/plan.ts";
import { findSeries } from "../../../lib/tools/measure/series.ts";
import { inFolder } from "../../checkpoint/files.ts";
import { measure, values } from "./run_measure.ts";

const ARCHITECTURES = fromFileUrl(import.meta.resolve("./fixtures/architectures"));

interface Expected {
  readonly circuits: readonly {
    series: string;
    layer: number;
    head: number;
    "effective-rank": number;
    "frobenius-norm": number;
  }[];
  readonly weights: Readonly<Record<string, readonly [number, number]>>;
}

const expectedOf = (name: string): Expected =>
  JSON.parse(Deno.readTextFileSync(`${ARCHITECTURES}/${name}/expected.json`));

const defaults = {
  circuits: measureOptions.circuits.parse("auto"),
  matrices: "auto",
  heads: measureOptions.heads.parse("0"),
} as const;

/** Options of architectures whose files do not tell everything, and what is asked without them. */
const TOLD: Readonly<Record<string, { readonly heads?: string; readonly asks?: RegExp }>> = {
  "torch-encoder": { heads: "4", asks: /expected the number of heads, .* --heads=N/ },
  "torch-transformer": {
    heads: "encoder=4 decoder=4",
    asks: /expected the number of heads of encoder, .* --heads='encoder=N …'/,
  },
  timm: { heads: "4", asks: /expected the number of heads, .* --heads=N/ },
};

/** What a plan says besides. */
const NOTED: Readonly<Record<string, readonly string[]>> = {
  swin: ["layers of encoder.layers.*.blocks.*.attention are numbered through, since two of its numbers count"],
};

/** Circuits of every head, found by plain functions from the factors that the plan reads. */
function circuitsOf(folder: string, { families }: Plan) {
  using source = openSafetensors(folder);
  return families.filter(({ circuit }) => circuit !== "matrix").flatMap(
    ({ series, layer, heads, sizes: { M, N, D }, read }) => {
      const { a, b } = read((name) => source.read(name));
      return Array.from({ length: heads }, (_, head) => {
        const left = Float64Array.from(a.subarray(head * M * D, (head + 1) * M * D));
        const right = b!.subarray(head * N * D, (head + 1) * N * D);
        const transposed = Float64Array.from({ length: D * N }, (_, i) => right[(i % N) * D + Math.floor(i / N)]);
        const product = matmulReference(left, transposed, M, D, N);
        const s = svdReference(product, M, N).s.slice(0, Math.min(M, N, D));
        return {
          series: series[head],
          layer,
          head,
          "effective-rank": effectiveRank(s),
          "frobenius-norm": Math.sqrt(product.reduce((sum, value) => sum + value * value, 0)),
        };
      });
    },
  );
}

for (const { name } of [...Deno.readDirSync(ARCHITECTURES)].toSorted((a, b) => a.name < b.name ? -1 : 1)) {
  Deno.test(`measure: every head of ${name} is right, or is asked for`, () => {
    const folder = `${ARCHITECTURES}/${name}`;
    const { circuits, weights } = expectedOf(name);
    using source = openSafetensors(folder);
    const { heads, asks } = TOLD[name] ?? {};
    if (asks !== undefined) {
      const { needs, families } = planCheckpoint(source, defaults);
      assertMatch(needs[0].message, asks);
      assertEquals(families.some(({ circuit }) => circuit !== "matrix"), false);
    }
    const plan = planCheckpoint(source, { ...defaults, heads: measureOptions.heads.parse(heads ?? "0") });
    assertEquals(plan.needs, []);
    const key = (of: { series: string; layer?: number; head: number }) =>
      `${of.series}, layer ${of.layer}, head ${of.head}`;
    const found = new Map(circuitsOf(folder, plan).map((one) => [key(one), one]));
    assertEquals([...found.keys()].toSorted(), circuits.map(key).toSorted());
    for (const right of circuits) {
      for (const measure of ["effective-rank", "frobenius-norm"] as const) {
        assertAlmostEquals(
          found.get(key(right))![measure],
          right[measure],
          1e-9 * Math.max(1, right[measure]),
          `${key(right)}: ${measure}`,
        );
      }
    }
    // Row spaces lie in the input of each weight, as its module says.
    for (const { circuit, name: weight, sizes: { M, N } } of plan.families) {
      if (circuit === "matrix" && weights[weight] !== undefined) assertEquals([M, N], weights[weight], weight);
    }
    const taken = new Set(
      plan.attention.flatMap(({ query, key, value, output }) =>
        [query, key, value, output].map(({ tensor }) => tensor)
      ),
    );
    const matrices = plan.families.filter(({ circuit }) => circuit === "matrix").map(({ name }) => name);
    assertEquals(matrices.filter((name) => taken.has(name)), []);
    const left = plan.leftOut.flatMap(({ names }) => names);
    assertEquals(new Set([...taken, ...matrices, ...left]), new Set(plan.inventory.parameters.keys()));
    assertEquals(plan.notes, NOTED[name] ?? []);
  });
}

Deno.test("measure: the tool itself says of several towers what it found, and measures each apart", () =>
  inFolder(async (folder) => {
    const { exitCode, rows, said } = await measure(
      folder,
      `${ARCHITECTURES}/whisper`,
      "--measures=effective-rank,frobenius-norm",
    );
    assertEquals(exitCode, 0, said);
    for (const { series, layer, head, ...right } of expectedOf("whisper").circuits) {
      for (const [quantity, value] of Object.entries(right)) {
        const [found] = values(rows, { series, layer, head, quantity });
        assertAlmostEquals(found, value, 2e-5 * Math.max(1, value), `${series} ${layer} ${head} ${quantity}`);
      }
    }
    assertMatch(said, /attention +encoder: 2 layers \(0–1\) × 2 heads .*\(encoder_attention_heads\)/);
    assertMatch(said, /attention +decoder: 1 layer \(0\) × 4 heads .*\(decoder_attention_heads\)/);
    assertMatch(said, /attention +decoder cross: 1 layer \(0\) × 4 heads/);
    assertMatch(said, /weights +2 as matrices, convolutions, \(out, in · window\): model.encoder.conv1.weight/);
  }));

Deno.test("measure: a number of heads that the configuration contradicts is said", () => {
  using source = openSafetensors(`${ARCHITECTURES}/llama`);
  const { notes } = planCheckpoint(source, { ...defaults, heads: measureOptions.heads.parse("8") });
  assertEquals(notes, ["8 heads as --heads says, while config.json (num_attention_heads) says 4"]);
});

Deno.test("measure: heads whose width the configuration contradicts are refused, unless their number is given", () =>
  inFolder((folder) => {
    for (const name of ["llama", "t5", "llava"]) {
      const right = JSON.parse(Deno.readTextFileSync(`${ARCHITECTURES}/${name}/config.json`));
      const twice = (config: Record<string, unknown>) => {
        for (const key of ["head_dim", "d_kv"]) if (typeof config[key] === "number") config[key] = 2 * config[key];
      };
      [right, right.text_config ?? {}].forEach(twice);
      Deno.mkdirSync(`${folder}/${name}`);
      Deno.copyFileSync(`${ARCHITECTURES}/${name}/model.safetensors`, `${folder}/${name}/model.safetensors`);
      Deno.writeTextFileSync(`${folder}/${name}/config.json`, JSON.stringify(right));
      using source = openSafetensors(`${folder}/${name}`);
      const [need] = planCheckpoint(source, defaults).needs;
      assertMatch(
        need.message,
        /expected heads of \d+ channels in ".+", as config\.json \(.*(head_dim|d_kv)\) says, found \d+ of/,
      );
    }
    using source = openSafetensors(`${folder}/llama`);
    const plan = planCheckpoint(source, { ...defaults, heads: measureOptions.heads.parse("4") });
    assertEquals(plan.needs, []);
    assertMatch(plan.notes[0], /^heads of \d+ channels as --heads says, while config\.json \(head_dim\) says \d+$/);
    return Promise.resolve();
  }));

Deno.test("measure: heads of towers that there are not are refused", () => {
  using source = openSafetensors(`${ARCHITECTURES}/bart`);
  const heads = measureOptions.heads.parse("encoder=4 coder=4");
  let message = "";
  try {
    planCheckpoint(source, { ...defaults, heads });
  } catch (error) {
    message = String(error);
  }
  assertMatch(message, /expected --heads to name towers \(encoder, decoder\), found "coder"/);
});

Deno.test("measure: a plan says where heads come from, what is left out, and what are buffers", () => {
  const [series] = findSeries([`${ARCHITECTURES}/transformer-lens`]);
  using source = openSafetensors(series.files[0].path);
  const text = describePlan([{ series, plan: planCheckpoint(source, defaults) }]).join("\n");
  assertMatch(
    text,
    /attention +2 layers \(0–1\) × 4 heads of width 4, stream 16; layout transformer-lens; heads from shapes/,
  );
  assertMatch(text, /weights +4 \(in-out\), of TransformerLens: blocks.0.mlp.W_in/);
  assertMatch(text, /left out +4 of 16 floating tensors not measured: 2 vectors and scalars; 2 embeddings/);
  assertMatch(text, /buffers +4, no parameters: blocks.0.attn.IGNORE/);
  assert(!text.includes("needed"));
});
