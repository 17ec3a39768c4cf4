/** Readouts by layer, their erasure, and a model run without them. */
import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { evaluate } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { erasedAt, layerReadouts } from "../../lib/interventions/layer_readouts.ts";
import { normals } from "../../lib/random/random.ts";

await openGpu();

const [R, B, T, C, K] = [2, 40, 3, 6, 2];
const seeds = [5, 6];
const positions = [0, 2];
const values = normals({ seed: 1, key: "targets" }, R * B * positions.length * K);
const noise = normals({ seed: 2, key: "targets" }, R * B * T * C);

/** A stream that holds the targets in its first coordinates at the positions, with noise of some size; nothing at position 1. */
function streamWith(size: number): Float32Array {
  return Float32Array.from(noise, (value, index) => {
    const [row, c] = [Math.floor(index / C), index % C];
    const at = positions.indexOf(row % T);
    const held = at < 0 || c >= K ? 0 : values[(Math.floor(row / T) * positions.length + at) * K + c];
    return (c < K ? size : 1) * value + held;
  });
}

Deno.test("layer readouts: R² by layer is that of the signal; the erased stream holds nothing at its positions, and is left alone elsewhere", async () => {
  const layers = [noise, streamWith(1), streamWith(0.01)];
  const options = { positions, train: 30, targets: { target: { values, K } }, random: [K], seeds };
  const found = layerReadouts({ layers, shape: [R, B, T, C] }, options);
  for (let r = 0; r < R; r++) {
    assertLess(found[0].r2.target[r], 0.1);
    assert(found[1].r2.target[r] > 0.2 && found[1].r2.target[r] < 0.8, `found ${found[1].r2.target[r]}`);
    assert(found[2].r2.target[r] > 0.999);
  }
  using stream = Tensor.from(layers[2], [R, B, T, C]);
  const after = async (erasures: Parameters<typeof erasedAt>[1]) => {
    using erased = await evaluate(() => erasedAt(stream, erasures, positions));
    return await erased.read();
  };
  const [erased, random] = [await after(found[2].erasures.target!), await after(found[2].random[K])];
  for (const changed of [erased, random]) {
    changed.forEach((value, index) => {
      if (Math.floor(index / C) % T === 1) assertEquals(value, layers[2][index]);
    });
  }
  const [left, control] = layerReadouts({ layers: [erased, random], shape: [R, B, T, C] }, options);
  for (let r = 0; r < R; r++) {
    assertLess(Math.abs(left.r2.target[r]), 0.2);
    // Two random directions of six overlap with the two that hold the targets, but do not contain them.
    assert(control.r2.target[r] > 0.2, `found ${control.r2.target[r]}`);
  }
});

Deno.test("layer readouts: what does not fit is refused by name", () => {
  const streams = { layers: [noise], shape: [R, B, T, C] } as const;
  const target = { values, K };
  const refused = (call: () => unknown) => assertThrows(call, RangeError).message;
  assertEquals(
    refused(() => layerReadouts(streams, { positions: [0, 3], train: 30, targets: { target }, seeds })),
    "layerReadouts: expected positions below 3, found 3",
  );
  assertEquals(
    refused(() => layerReadouts(streams, { positions: [0], train: 30, targets: { target }, seeds })),
    'layerReadouts: expected 160 numbers of target "target", found 320',
  );
});
