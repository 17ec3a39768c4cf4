import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import {
  encoderNames,
  exportReplica,
  gpt2Names,
  type NameMap,
  openSafetensors,
  readParameters,
  saveCheckpoint,
} from "../../lib/checkpoint/mod.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { evaluate } from "../../lib/gpu/program.ts";
import { type DType, Tensor } from "../../lib/gpu/tensor.ts";
import { ParameterSet } from "../../lib/models/parameters.ts";
import { type Transformer, transformer } from "../../lib/models/transformer.ts";

await openGpu();

const SIZES = { layers: 2, heads: 2, width: 8, mlp: 12, length: 6 } as const;
const GPT2 = transformer({ ...SIZES, input: { vocabulary: 11 }, outputs: 11, activation: "gelu-tanh", tied: true });
const ENCODER = transformer({ ...SIZES, input: { dimension: 5 }, outputs: 3, causal: false, positions: "none" });
const GPT2_NAMES = gpt2Names({ width: 8 });
const ENCODER_NAMES = encoderNames({
  width: 8,
  prefix: "encoder.",
  others: {
    "embedding.input": { name: "embed.weight", transposed: true },
    "embedding.input_bias": "embed.bias",
    unembedding: { name: "head.weight", transposed: true },
    unembedding_bias: "head.bias",
  },
});

const pathOf = (name: string) => fromFileUrl(new URL(`fixtures/${name}.safetensors`, import.meta.url));

/** Loads a file into every replica and compares what they compute with what PyTorch did. */
async function assertSame(path: string, model: Transformer, names: NameMap): Promise<void> {
  const R = 2;
  using file = openSafetensors(path);
  using parameters = ParameterSet.create(model.parameters, [1, 2]);
  parameters.load(readParameters(file, parameters.shapes, names));
  const { shape, dtype } = file.tensors.get("example.input")!;
  const one = [...file.readNumbers("example.input")];
  const all = [...one, ...one];
  using input: Tensor<DType> = Tensor.from(dtype === "I32" ? Uint32Array.from(all) : all, [R, ...shape]);
  using output = await evaluate(() => model.apply(parameters.weights, input));
  const exact = file.read("example.output");
  // Some forty single-precision operations.
  (await output.read()).forEach((value, i) => assertAlmostEquals(value, exact[i % exact.length], 2e-5));
}

Deno.test("a GPT-2 that PyTorch has saved computes here what it did there", async () => {
  await assertSame(pathOf("pytorch_gpt2"), GPT2, GPT2_NAMES);
});

Deno.test("an nn.TransformerEncoder that PyTorch has saved computes here what it did there", async () => {
  await assertSame(pathOf("pytorch_encoder"), ENCODER, ENCODER_NAMES);
});

Deno.test("GPT-2 with a prefix, matrices as (out, in), and an unembedding of its own", () => {
  const names = gpt2Names({ width: 8, prefix: "transformer.", transposed: true });
  assertEquals(names("unembedding"), { name: "lm_head.weight", transposed: true });
  assertEquals(names("norm.gain"), "transformer.ln_f.weight");
  assertEquals(names("blocks.12.norm2.bias"), { name: "transformer.h.12.ln_2.bias" });
  assertEquals(names("blocks.0.mlp.out_bias"), { name: "transformer.h.0.mlp.c_proj.bias" });
  const value = { name: "transformer.h.0.attn.c_attn.weight", transposed: true, columns: [16, 24] };
  assertEquals(names("blocks.0.attention.value") as unknown, value);
});

Deno.test("a parameter that the layout has not is named, as is a file of another one", () => {
  for (const name of ["blocks.0.attention.gate", "blocks.x.norm1.gain", "layers.0.weight"]) {
    const { message } = assertThrows(() => GPT2_NAMES(name), ShapeError);
    assertEquals(message, `expected a parameter of a transformer that the file's layout has, found "${name}"`);
  }
  using parameters = ParameterSet.create(GPT2.parameters, [1]);
  using file = openSafetensors(pathOf("pytorch_encoder"));
  assertThrows(
    () => readParameters(file, parameters.shapes, GPT2_NAMES),
    Error,
    `expected a tensor "wte.weight", found none; nearest is`,
  );
});

Deno.test("a replica that was exported is read back by name, into any number of replicas", async () => {
  using trained = ParameterSet.create(GPT2.parameters, [1, 2, 3]);
  using restored = ParameterSet.create(GPT2.parameters, [7, 8]);
  const folder = Deno.makeTempDirSync();
  try {
    const arrays = await trained.read();
    const moments = arrays.map((array) => ({ ...array, name: `optimizer.first.${array.name}` }));
    const { path } = saveCheckpoint(folder, { step: 5, replicas: 3, tensors: [...arrays, ...moments], metadata: {} });
    const one = join(folder, "one.safetensors");
    exportReplica(path, 2, one);
    using file = openSafetensors(one);
    assertEquals([...file.tensors.keys()].toSorted(), arrays.map(({ name }) => name).toSorted());
    restored.load(readParameters(file, restored.shapes));
    (await restored.read()).forEach(({ data }, index) => {
      const size = data.length / 2;
      const expected = arrays[index].data.slice(2 * size);
      assertEquals([data.slice(0, size), data.slice(size)], [expected, expected], arrays[index].name);
    });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
