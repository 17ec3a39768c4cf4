import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { ShapeError } from "../../lib/gpu/errors.ts";
import {
  completeOptions,
  type TransformerOptions,
  transformerParameters,
} from "../../lib/models/transformer_options.ts";

const SMALL = { input: { vocabulary: 7 }, outputs: 5, length: 6, layers: 1, heads: 2, width: 8 } as const;

function shapes(options: TransformerOptions): Record<string, readonly number[]> {
  const specs = transformerParameters(completeOptions(options));
  return Object.fromEntries(Object.entries(specs).map(([name, { shape }]) => [name, shape]));
}

/** Deviation of each random parameter. */
function deviations(options: TransformerOptions): Record<string, number> {
  const specs = Object.entries(transformerParameters(completeOptions(options)));
  return Object.fromEntries(specs.flatMap(([name, { init }]) => init.law === "normal" ? [[name, init.deviation]] : []));
}

Deno.test("transformer options: defaults", () => {
  const { mlp, activation, norm, positions, attention, causal, tied, predict, init, headWidth, biases } =
    completeOptions(
      SMALL,
    );
  assertEquals({ mlp, activation, norm, positions, attention, causal, tied, predict, init, headWidth, biases }, {
    mlp: 32,
    activation: "gelu",
    norm: "layer",
    positions: "learned",
    attention: "softmax",
    causal: true,
    tied: false,
    predict: "every",
    init: "fan-in",
    headWidth: 4,
    biases: { attention: true, mlp: true, unembedding: true },
  });
  assertEquals(completeOptions({ ...SMALL, outputs: 7, tied: true }).biases.unembedding, false);
  assertEquals(completeOptions({ ...SMALL, biases: { mlp: false } }).biases, {
    attention: true,
    mlp: false,
    unembedding: true,
  });
});

Deno.test("transformer options: an option that is undefined takes its default", () => {
  const { mlp, causal, init } = completeOptions({ ...SMALL, mlp: undefined, causal: undefined, init: undefined });
  assertEquals([mlp, causal, init], [32, true, "fan-in"]);
  assertEquals(completeOptions({ ...SMALL, biases: { attention: undefined } }).biases.attention, true);
});

Deno.test("transformer options: names and shapes of the parameters, everything switched on", () => {
  assertEquals(shapes(SMALL), {
    "embedding.token": [7, 8],
    "embedding.position": [6, 8],
    "blocks.0.norm1.gain": [8],
    "blocks.0.norm1.bias": [8],
    "blocks.0.attention.qkv": [8, 24],
    "blocks.0.attention.qkv_bias": [24],
    "blocks.0.attention.output": [8, 8],
    "blocks.0.attention.output_bias": [8],
    "blocks.0.norm2.gain": [8],
    "blocks.0.norm2.bias": [8],
    "blocks.0.mlp.in": [8, 32],
    "blocks.0.mlp.in_bias": [32],
    "blocks.0.mlp.out": [32, 8],
    "blocks.0.mlp.out_bias": [8],
    "norm.gain": [8],
    "norm.bias": [8],
    unembedding: [8, 5],
    unembedding_bias: [5],
  });
});

Deno.test("transformer options: what each switch leaves out or adds", () => {
  const bare = { ...SMALL, mlp: 0, norm: "none", positions: "none" } as const;
  const none = { attention: false, mlp: false, unembedding: false };
  assertEquals(shapes({ ...bare, biases: none, headWidth: 3 }), {
    "embedding.token": [7, 8],
    "blocks.0.attention.qkv": [8, 18],
    "blocks.0.attention.output": [6, 8],
    unembedding: [8, 5],
  });
  assertEquals(Object.keys(shapes({ ...bare, layers: 0, outputs: 7, tied: true })), ["embedding.token"]);
  assertEquals(shapes({ ...bare, layers: 0, input: { dimension: 3 }, biases: none }), {
    "embedding.input": [3, 8],
    "embedding.input_bias": [8],
    unembedding: [8, 5],
  });
  const rms = Object.keys(shapes({ ...SMALL, norm: "rms" })).filter((name) => name.includes("norm"));
  assertEquals(rms, ["blocks.0.norm1.gain", "blocks.0.norm2.gain", "norm.gain"]);
  assertEquals("embedding.position" in shapes({ ...SMALL, positions: "sinusoidal" }), false);
});

Deno.test("transformer options: where the last position alone is predicted, its query stands apart in the last block", () => {
  const found = shapes({ ...SMALL, layers: 2, predict: "last", biases: { attention: false } });
  const ofAttention = Object.entries(found).filter(([name]) => name.includes("attention"));
  assertEquals(ofAttention, [
    ["blocks.0.attention.qkv", [8, 24]],
    ["blocks.0.attention.output", [8, 8]],
    ["blocks.1.attention.query", [8, 8]],
    ["blocks.1.attention.key_value", [8, 16]],
    ["blocks.1.attention.output", [8, 8]],
  ]);
});

Deno.test("transformer options: scales of the initial weights", () => {
  const options = { ...SMALL, layers: 2, mlp: 32 } as const;
  const [fan, gpt2, grokking] = (["fan-in", "gpt2", "grokking"] as const).map((init) =>
    deviations({ ...options, init })
  );
  const close = (found: Record<string, number>, exact: Record<string, number>) =>
    Object.entries(exact).forEach(([name, value]) => assertAlmostEquals(found[name], value, 1e-12, name));
  const input = 1 / Math.sqrt(8);
  close(fan, { "embedding.token": input, "blocks.1.attention.qkv": input, "blocks.0.mlp.out": 1 / Math.sqrt(32) });
  close(fan, { "embedding.position": input, "blocks.0.mlp.in": input, unembedding: input });
  close(gpt2, { "embedding.token": 0.02, "blocks.0.mlp.in": 0.02, unembedding: 0.02, "blocks.0.mlp.out": 0.01 });
  close(gpt2, { "blocks.1.attention.output": 0.01, "blocks.1.attention.qkv": 0.02, "embedding.position": 0.02 });
  close(grokking, { "blocks.0.mlp.out": input, "blocks.0.mlp.in": input, unembedding: 1 / Math.sqrt(5) });
});

Deno.test("transformer options: what does not fit is refused", () => {
  const refuses = (change: Partial<TransformerOptions>, text: string) => {
    const { message } = assertThrows(() => completeOptions({ ...SMALL, ...change }), ShapeError);
    assertEquals(message, `transformer: expected ${text}`);
  };
  refuses({ heads: 3 }, "heads that divide the width of 8, or headWidth, found 3");
  refuses({ headWidth: 1.5 }, "a positive integer for headWidth, found 1.5");
  refuses({ width: 0 }, "a positive integer for width, found 0");
  refuses({ length: 2.5 }, "a positive integer for length, found 2.5");
  refuses({ outputs: -1 }, "a positive integer for outputs, found -1");
  refuses({ input: { vocabulary: 0 } }, "a positive integer for vocabulary, found 0");
  refuses({ input: { dimension: NaN } }, "a positive integer for dimension, found NaN");
  refuses({ layers: -1 }, "an integer ≥ 0 for layers, found -1");
  refuses({ mlp: 0.5 }, "an integer ≥ 0 for mlp, found 0.5");
  refuses({ tied: true }, "as many outputs as tokens where embeddings are tied, found 5");
  refuses({ tied: true, input: { dimension: 5 } }, "as many outputs as tokens where embeddings are tied, found 5");
  refuses({ tied: true, outputs: 7, biases: { unembedding: true } }, "no bias of a tied unembedding, found one");
});
