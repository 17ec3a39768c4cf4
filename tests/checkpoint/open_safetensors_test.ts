import { assert, assertEquals, assertThrows } from "@std/assert";
import { CheckpointError, openSafetensors } from "../../lib/checkpoint/mod.ts";
import { fileOf, fixture, inFolder } from "./files.ts";

const VALUES = [0, -0, 1, -1.5, 65504, 2 ** -14];
const SPECIAL = [Infinity, -Infinity, NaN, 2 ** -24];

Deno.test("every floating-point type of PyTorch is read as the numbers it holds", () => {
  using file = openSafetensors(fixture("floats.safetensors"));
  for (const type of ["f64", "f32", "f16", "bf16"]) {
    const { dtype, shape, bytes } = file.tensors.get(`${type}.values`)!;
    assertEquals([dtype, shape, bytes], [type.toUpperCase(), [2, 3], 6 * Number(type.replace(/\D+/, "")) / 8]);
    // 65504 has more bits than BF16 keeps.
    const values = type === "bf16" ? VALUES.with(4, 65536) : VALUES;
    assertEquals(file.read(`${type}.values`), new Float32Array(values));
    assertEquals(file.readNumbers(`${type}.values`), new Float64Array(values));
    assertEquals(Array.from(file.readStored(`${type}.values`) as Float32Array), values);
    assertEquals(file.read(`${type}.special`), new Float32Array(SPECIAL));
  }
  assert(file.readStored("f16.values") instanceof Float16Array);
  assert(file.readStored("bf16.values") instanceof Float32Array);
});

Deno.test("float64 is rounded to nearest where weights are asked for, and exact where numbers are", () => {
  using file = openSafetensors(fixture("floats.safetensors"));
  assertEquals(Array.from(file.read("f64.fine")), [Math.fround(0.1), Infinity, 0]);
  assertEquals(Array.from(file.readNumbers("f64.fine")), [0.1, 1e300, 1e-300]);
});

Deno.test("integers and truth values are numbers where asked, and weights nowhere", () => {
  using file = openSafetensors(fixture("integers.safetensors"));
  const expected: [string, number[]][] = [
    ["i64", [1 - 2 ** 53, 0, 2 ** 53 - 1]],
    ["u64", [0, 2 ** 40]],
    ["i32", [-(2 ** 31), 2 ** 31 - 1]],
    ["u32", [0, 2 ** 32 - 1]],
    ["i16", [-(2 ** 15), 2 ** 15 - 1]],
    ["u16", [0, 2 ** 16 - 1]],
    ["i8", [-128, 127]],
    ["u8", [0, 255]],
    ["bool", [1, 0, 1]],
  ];
  for (const [name, values] of expected) {
    assertEquals(Array.from(file.readNumbers(name)), values);
    assertEquals(Array.from(file.readStored(name) as ArrayLike<number | bigint>, Number), values);
    assertThrows(() => file.read(name), CheckpointError, `tensor "${name}" to be of F64|F32|F16|BF16, found`);
  }
  assertEquals(file.readStored("i64.large"), new BigInt64Array([2n ** 62n]));
  assertThrows(() => file.readNumbers("i64.large"), CheckpointError, 'within ±2^53 in tensor "i64.large", found 46116');
  assertEquals(file.tensors.get("f8")!.dtype, "F8_E4M3");
  assertThrows(() => file.readNumbers("f8"), CheckpointError, "U8|BOOL, found F8_E4M3");
});

Deno.test("scalars, empty tensors, names and metadata of any text come through, and pollute nothing", () => {
  using file = openSafetensors(fixture("shapes_and_names.safetensors"));
  assertEquals(file.tensors.get("scalar")!.shape, []);
  assertEquals(Array.from(file.read("scalar")), [3.5]);
  assertEquals([file.tensors.get("empty.matrix")!.shape, file.read("empty.matrix").length], [[3, 0, 2], 0]);
  assertEquals(file.read("empty"), new Float32Array());
  const names = ["блок.0.внимание", 'quote " backslash \\ newline \n', "🧪", "__proto__", "constructor", ""];
  assertEquals(names.map((name) => file.read(name)[0]), [1, 2, 3, 4, 5, 6]);
  assertEquals(
    new Map([...file.metadata].sort()),
    new Map([["__proto__", "polluted"], ["note", 'é "quoted" \n'], ["step", "1200"]]),
  );
  assertEquals(({} as Record<string, unknown>).dtype, undefined);
  assertThrows(() => file.read("toString"), CheckpointError, 'expected a tensor "toString", found none of that name');
});

Deno.test("a tensor longer than the conversion buffer is converted to its last element", () =>
  inFolder((root) => {
    const length = (1 << 20) + 3;
    const bytes = fileOf(`{"a":{"dtype":"BF16","shape":[${length}],"data_offsets":[0,${2 * length}]}}`, 2 * length);
    const view = new DataView(bytes.buffer, bytes.length - 2 * length);
    for (let index = 0; index < length; index++) view.setUint16(2 * index, 0x3f80 + (index % 128), true);
    Deno.writeFileSync(`${root}/a.safetensors`, bytes);
    using file = openSafetensors(`${root}/a.safetensors`);
    assertEquals(file.read("a"), Float32Array.from({ length }, (_, index) => 1 + (index % 128) / 128));
  }));

Deno.test("shards are read through their index, or through the folder that holds it", () => {
  const { weight, bias } = JSON.parse(Deno.readTextFileSync(fixture("sharded.json")));
  for (const path of ["sharded", "sharded/model.safetensors.index.json"]) {
    using model = openSafetensors(fixture(path));
    assertEquals([...model.tensors].map(([name, { shape }]) => [name, shape]), [["weight", [2, 3]], ["bias", [2]]]);
    assertEquals([model.read("weight"), model.read("bias")], [new Float32Array(weight), new Float32Array(bias)]);
    assertEquals(model.readNumbers("bias").length, 2);
    assertEquals(model.metadata, new Map([["format", "pt"], ["total_size", "32"]]));
    assertThrows(() => model.read("other"), CheckpointError, 'expected a tensor "other", found none');
  }
});

Deno.test("an index that lies, or names files outside of its folder, is refused by what it says", () =>
  inFolder((root) => {
    const shard = fileOf('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1);
    Deno.mkdirSync(`${root}/model`);
    Deno.writeFileSync(`${root}/outside.safetensors`, shard);
    Deno.writeFileSync(`${root}/model/one.safetensors`, shard);
    const path = `${root}/model/model.safetensors.index.json`;
    const refuses = (index: string, line: string) => {
      Deno.writeTextFileSync(path, index);
      const error = assertThrows(() => openSafetensors(path), CheckpointError);
      assertEquals(error.message.replaceAll(root, ""), line);
    };
    const at = "/model/model.safetensors.index.json: expected ";
    for (
      const file of ["../outside.safetensors", "/outside.safetensors", "..", "a\\b", "C:x", "./one.safetensors"]
    ) {
      refuses(
        JSON.stringify({ weight_map: { a: file } }),
        `${at}a file beside the index for "a", found ${JSON.stringify(file)}`,
      );
    }
    refuses('{"weight_map":{"a":1}}', `${at}a file beside the index for "a", found no text`);
    refuses('{"weight_map":[]}', `${at}an object with weight_map, found no weight_map in it`);
    refuses("[]", `${at}an object with weight_map, found none`);
    refuses("{", `${at}an index of safetensors files (JSON), found other text`);
    refuses("[".repeat(1e6), `${at}an index of safetensors files (JSON), found other text`);
    refuses(
      '{"weight_map":{"a":"one.safetensors","b":"one.safetensors"}}',
      '/model/one.safetensors: expected a tensor "b", as model.safetensors.index.json says, found none of that name',
    );
    refuses(
      '{"weight_map":{"a":"two.safetensors"}}',
      "/model/two.safetensors: expected a safetensors file, found none",
    );
    Deno.writeTextFileSync(path, '{"weight_map":{"__proto__":"one.safetensors"}}');
    assertThrows(() => openSafetensors(path), CheckpointError, 'expected a tensor "__proto__", as');
  }));

Deno.test("a folder stands for the one file in it", () =>
  inFolder((root) => {
    const one = fileOf('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1);
    const refuses = (line: string) =>
      assertEquals(assertThrows(() => openSafetensors(root), CheckpointError).message, `${root}: expected ${line}`);
    const wanted = "one *.safetensors.index.json or one *.safetensors in the folder";
    refuses(`${wanted}, found none`);
    Deno.writeFileSync(`${root}/a.safetensors`, one);
    openSafetensors(root)[Symbol.dispose]();
    for (const name of ["b", "c", "d"]) Deno.writeFileSync(`${root}/${name}.safetensors`, one);
    refuses(`${wanted}, found 4: a.safetensors, b.safetensors, c.safetensors, …`);
  }));
