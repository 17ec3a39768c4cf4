import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { openSafetensors, writeSafetensors } from "../../../lib/checkpoint/mod.ts";
import { UserError } from "../../../lib/io/errors.ts";
import { findAttention, type HeadCounts, readFactors } from "../../../lib/tools/measure/circuits.ts";
import { type FusedOrder, LAYOUTS } from "../../../lib/tools/measure/layouts.ts";
import { measureOptions } from "../../../lib/tools/measure/options.ts";
import { gaussian } from "../../linalg/matrices.ts";

const [H, C, D] = [4, 6, 3];

/** Maps of all heads: q, k, v[h] as (D, C), o[h] as (C, D); keys shared by groups. */
function heads(groups: number, seed: number) {
  const draw = (count: number, rows: number, columns: number, key: number) =>
    Array.from({ length: count }, (_, h) => {
      const data = gaussian(rows * columns, 100 * seed + 10 * key + h);
      return (i: number, j: number) => data[i * columns + j];
    });
  return { q: draw(H, D, C, 0), k: draw(groups, D, C, 1), v: draw(groups, D, C, 2), o: draw(H, C, D, 3) };
}

type Map = (i: number, j: number) => number;
type Stored = { readonly name: string; readonly shape: readonly number[]; readonly data: Float32Array };

const tensor = (name: string, shape: readonly number[], at: (...index: number[]) => number): Stored => {
  const size = shape.reduce((a, b) => a * b, 1);
  const data = Float32Array.from({ length: size }, (_, flat) => {
    const index = shape.map((extent, axis) =>
      Math.floor(flat / shape.slice(axis + 1).reduce((a, b) => a * b, 1)) % extent
    );
    return at(...index);
  });
  return { name, shape, data };
};

const outIn = (name: string, maps: readonly Map[]) =>
  tensor(name, [maps.length * D, C], (row, c) => maps[Math.floor(row / D)](row % D, c));
const inOut = (name: string, maps: readonly Map[]) =>
  tensor(name, [C, maps.length * D], (c, column) => maps[Math.floor(column / D)](column % D, c));
const outputOutIn = (name: string, maps: readonly Map[]) =>
  tensor(name, [C, H * D], (c, column) => maps[Math.floor(column / D)](c, column % D));
const outputInOut = (name: string, maps: readonly Map[]) =>
  tensor(name, [H * D, C], (row, c) => maps[Math.floor(row / D)](c, row % D));

/** How each layout stores the same heads. */
const WRITERS: Record<string, { groups: number; write: (maps: ReturnType<typeof heads>) => Stored[] }> = {
  "icl-lab": {
    groups: H,
    write: ({ q, k, v, o }) => [
      inOut("blocks.0.attention.query", q),
      inOut("blocks.0.attention.key", k),
      inOut("blocks.0.attention.value", v),
      outputInOut("blocks.0.attention.output", o),
    ],
  },
  "transformer-lens": {
    groups: H,
    write: ({ q, k, v, o }) => [
      ...Object.entries({ W_Q: q, W_K: k, W_V: v }).map(([name, maps]) =>
        tensor(`blocks.0.attn.${name}`, [maps.length, C, D], (h, c, j) => maps[h](j, c))
      ),
      tensor("blocks.0.attn.W_O", [H, D, C], (h, j, c) => o[h](c, j)),
    ],
  },
  gpt2: {
    groups: H,
    write: ({ q, k, v, o }) => [
      inOut("transformer.h.0.attn.c_attn.weight", [...q, ...k, ...v]),
      outputInOut("transformer.h.0.attn.c_proj.weight", o),
      tensor("transformer.h.0.mlp.c_proj.weight", [5, C], () => 1),
    ],
  },
  "gpt2 as Linear": {
    groups: H,
    write: ({ q, k, v, o }) => [
      outIn("h.0.attn.c_attn.weight", [...q, ...k, ...v]),
      outputOutIn("h.0.attn.c_proj.weight", o),
    ],
  },
  torch: {
    groups: H,
    write: ({ q, k, v, o }) => [
      outIn("layers.0.self_attn.in_proj_weight", [...q, ...k, ...v]),
      outputOutIn("layers.0.self_attn.out_proj.weight", o),
    ],
  },
  llama: {
    groups: 2,
    write: ({ q, k, v, o }) => [
      outIn("model.layers.0.self_attn.q_proj.weight", q),
      outIn("model.layers.0.self_attn.k_proj.weight", k),
      outIn("model.layers.0.self_attn.v_proj.weight", v),
      outputOutIn("model.layers.0.self_attn.o_proj.weight", o),
    ],
  },
  phi3: {
    groups: 2,
    write: ({ q, k, v, o }) => [
      outIn("model.layers.0.self_attn.qkv_proj.weight", [...q, ...k, ...v]),
      outputOutIn("model.layers.0.self_attn.o_proj.weight", o),
    ],
  },
  neox: {
    groups: H,
    write: ({ q, k, v, o }) => [
      outIn("gpt_neox.layers.0.attention.query_key_value.weight", q.flatMap((map, h) => [map, k[h], v[h]])),
      outputOutIn("gpt_neox.layers.0.attention.dense.weight", o),
    ],
  },
  bert: {
    groups: H,
    write: ({ q, k, v, o }) => [
      outIn("encoder.layer.0.attention.self.query.weight", q),
      outIn("encoder.layer.0.attention.self.key.weight", k),
      outIn("encoder.layer.0.attention.self.value.weight", v),
      outputOutIn("encoder.layer.0.attention.output.dense.weight", o),
      tensor("encoder.layer.0.output.dense.weight", [C, 5], () => 1),
    ],
  },
  "gpt2-cross": {
    groups: H,
    write: ({ q, k, v, o }) => [
      inOut("transformer.h.0.crossattention.q_attn.weight", q),
      inOut("transformer.h.0.crossattention.c_attn.weight", [...k, ...v]),
      outputInOut("transformer.h.0.crossattention.c_proj.weight", o),
    ],
  },
  "torch-apart": {
    groups: H,
    write: ({ q, k, v, o }) => [
      outIn("attn.q_proj_weight", q),
      outIn("attn.k_proj_weight", k),
      outIn("attn.v_proj_weight", v),
      outputOutIn("attn.out_proj.weight", o),
    ],
  },
  codegen: {
    groups: H,
    // Four blocks, here of one head each, of queries, values and keys.
    write: ({ q, k, v, o }) => [
      outIn("transformer.h.0.attn.qkv_proj.weight", q.flatMap((map, h) => [map, v[h], k[h]])),
      outputOutIn("transformer.h.0.attn.out_proj.weight", o),
    ],
  },
  mpt: {
    groups: H,
    write: ({ q, k, v, o }) => [
      outIn("transformer.blocks.0.attn.Wqkv.weight", [...q, ...k, ...v]),
      outputOutIn("transformer.blocks.0.attn.out_proj.weight", o),
    ],
  },
  internlm2: {
    groups: 2,
    write: ({ q, k, v, o }) => [
      outIn("model.layers.0.attention.wqkv.weight", [q[0], q[1], k[0], v[0], q[2], q[3], k[1], v[1]]),
      outputOutIn("model.layers.0.attention.wo.weight", o),
    ],
  },
  distilbert: {
    groups: H,
    write: ({ q, k, v, o }) => [
      outIn("transformer.layer.0.attention.q_lin.weight", q),
      outIn("transformer.layer.0.attention.k_lin.weight", k),
      outIn("transformer.layer.0.attention.v_lin.weight", v),
      outputOutIn("transformer.layer.0.attention.out_lin.weight", o),
    ],
  },
  fused: {
    groups: H,
    write: ({ q, k, v, o }) => [
      outIn("0.attn.to_qkv.weight", [...q, ...k, ...v]),
      outputOutIn("0.attn.to_out.weight", o),
    ],
  },
  timm: {
    groups: H,
    write: ({ q, k, v, o }) => [
      outIn("blocks.0.attn.qkv.weight", [...q, ...k, ...v]),
      outputOutIn("blocks.0.attn.proj.weight", o),
    ],
  },
  linear: {
    groups: H,
    write: ({ q, k, v, o }) => [
      outIn("layer0.wq.weight", q),
      outIn("layer0.wk.weight", k),
      outIn("layer0.wv.weight", v),
      outputOutIn("layer0.wo.weight", o),
    ],
  },
};

function withTensors<T>(tensors: readonly Stored[], act: (source: ReturnType<typeof openSafetensors>) => T): T {
  const path = Deno.makeTempFileSync();
  try {
    writeSafetensors(path, tensors);
    using source = openSafetensors(path);
    return act(source);
  } finally {
    Deno.removeSync(path);
  }
}

function assertFactors(
  tensors: readonly Stored[],
  maps: ReturnType<typeof heads>,
  layouts = LAYOUTS,
  counts: HeadCounts = { heads: H },
) {
  const groups = maps.k.length;
  withTensors(tensors, (source) => {
    const [places, ...others] = findAttention(source, layouts, counts);
    assertEquals(others, []);
    assertEquals([places.layer, places.heads, places.width, places.headWidth], [0, H, C, D]);
    const read = (name: string) => source.read(name);
    const [qk, ov] = [readFactors(read, places, "QK"), readFactors(read, places, "OV")];
    for (let h = 0; h < H; h++) {
      const shared = Math.floor(h * groups / H);
      for (let c = 0; c < C; c++) {
        for (let j = 0; j < D; j++) {
          const at = (h * C + c) * D + j;
          const expected = [maps.q[h](j, c), maps.k[shared](j, c), maps.o[h](c, j), maps.v[shared](j, c)];
          assertEquals([qk.a[at], qk.b[at], ov.a[at], ov.b[at]], expected.map(Math.fround), `${h} ${c} ${j}`);
        }
      }
    }
  });
}

/** What a configuration says of fused weights whose names do not. */
const ORDERS: Record<string, FusedOrder> = { neox: "interleaved", codegen: "codegen", internlm2: "grouped" };

for (const [name, { groups, write }] of Object.entries(WRITERS)) {
  Deno.test(`findAttention: the same heads from ${name}`, () => {
    const maps = heads(groups, 1);
    const order = ORDERS[name] ?? "parts";
    assertFactors(write(maps), maps, LAYOUTS, name === "transformer-lens" ? {} : { heads: H, order });
  });
}

Deno.test("findAttention: every known layout is tested", () => {
  const tested = Object.keys(WRITERS).map((name) => name.split(" ")[0]);
  assertEquals(LAYOUTS.map(({ id }) => id).filter((id) => !tested.includes(id)), []);
});

Deno.test("findAttention: names of one's own, by patterns of the command line", () => {
  const maps = heads(2, 2);
  const { layouts } = measureOptions.circuits.parse(String.raw`q=\.wq$ k=\.wk$ v=\.wv$ o=\.wo$ axes=in-out`);
  const { q, k, v, o } = maps;
  assertFactors([inOut("l0.wq", q), inOut("l0.wk", k), inOut("l0.wv", v), outputInOut("l0.wo", o)], maps, layouts);
  const fused = measureOptions.circuits.parse("qkv=mix$:parts o=back$").layouts;
  assertFactors([outIn("l0.mix", [...q, ...k, ...v]), outputOutIn("l0.back", o)], maps, fused);
  const grouped = measureOptions.circuits.parse("qkv=mix$:grouped o=back$").layouts;
  const rows = [q[0], q[1], k[0], v[0], q[2], q[3], k[1], v[1]];
  assertFactors([outIn("l0.mix", rows), outputOutIn("l0.back", o)], maps, grouped);
  const all = heads(H, 2);
  const tensors = [
    outIn("l0.mix", all.q.flatMap((map, h) => [map, all.k[h], all.v[h]])),
    outputOutIn("l0.back", all.o),
  ];
  assertFactors(tensors, all, measureOptions.circuits.parse("qkv=mix$:interleaved o=back$").layouts);
  const asked = measureOptions.circuits.parse("qkv=mix$ o=back$").layouts;
  const message = 'expected the order of query, key and value in "l0.mix"';
  withTensors(tensors, (source) => assertThrows(() => findAttention(source, asked, { heads: H }), UserError, message));
  const shared = measureOptions.circuits.parse("q=wq$ kv=wkv$ o=wo$").layouts;
  assertFactors([outIn("l0.wq", q), outIn("l0.wkv", [...k, ...v]), outputOutIn("l0.wo", o)], maps, shared);
  for (const text of ["q=a k=b v=c", "q=( k=b v=c o=d", "nonsense", "q=a k=b v=c o=d axes=up"]) {
    assertThrows(() => measureOptions.circuits.parse(text));
  }
});

Deno.test("findAttention: replicas along the first axis", () => {
  const both = [heads(H, 3), heads(H, 4)];
  const stored = both.map((maps) => WRITERS["icl-lab"].write(maps));
  const tensors = stored[0].map(({ name, shape, data }, index) => ({
    name,
    shape: [2, ...shape],
    data: Float32Array.from([...data, ...stored[1][index].data]),
  }));
  withTensors(tensors, (source) => {
    const [places] = findAttention(source, LAYOUTS, { heads: H }, true);
    const { a, b } = readFactors((name) => source.read(name), places, "OV", 2);
    both.forEach(({ o, v }, r) => {
      assertAlmostEquals(a[((r * H + 3) * C + 5) * D + 2], o[3](5, 2));
      assertAlmostEquals(b[((r * H + 3) * C + 5) * D + 2], v[3](2, 5));
    });
  });
});

Deno.test("findAttention: what does not fit is refused by name", () => {
  const maps = heads(H, 1);
  const llama = WRITERS.llama.write(heads(2, 1));
  const refused = (tensors: readonly Stored[], counts: HeadCounts, message: string) =>
    withTensors(tensors, (source) => assertThrows(() => findAttention(source, LAYOUTS, counts), UserError, message));
  refused(llama, {}, "expected the number of heads, which shapes of llama weights do not tell");
  refused(
    llama,
    { heads: 5 },
    'expected a multiple of 5 heads for an axis of tensor "model.layers.0.self_attn.o_proj.weight"',
  );
  const [q, k, v] = llama;
  refused([q, k, v, tensor("model.layers.0.self_attn.o_proj.weight", [C], () => 1)], { heads: H }, "expected 2 axes");
  const wrong = tensor("blocks.0.attn.proj.weight", [C + 1, H * D], () => 1);
  refused([WRITERS.timm.write(maps)[0], wrong], { heads: H }, "an axis of the 7 channels of the residual stream");
  withTensors([q, k], (source) => assertEquals(findAttention(source, LAYOUTS, { heads: H }), []));
});
