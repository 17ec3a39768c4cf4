import { assert, assertEquals, assertThrows } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { type NamedTensor, openSafetensors, writeSafetensors } from "../../lib/checkpoint/mod.ts";
import { canMount, onDisk } from "../run/small_disk.ts";
import { inFolder, namesIn } from "./files.ts";

const tensors: NamedTensor[] = [
  { name: "b", shape: [3], data: new Float32Array([1, 2, 3]) },
  { name: "a", shape: [1, 1], data: new Uint8Array([4]) },
  { name: "d", shape: [1], data: new Float64Array([5]) },
  { name: "__proto__", shape: [], data: new Uint32Array([6]) },
  { name: "n", shape: [0], data: new Float32Array() },
];

Deno.test("what is written is read back, each tensor at a multiple of its element size", () =>
  inFolder((root) => {
    const path = `${root}/a.safetensors`;
    const bytes = writeSafetensors(path, tensors, { step: "1", ["__proto__"]: "text" });
    assertEquals(bytes, Deno.statSync(path).size);
    assertEquals(namesIn(root), ["a.safetensors"]);
    const header = new DataView(Deno.readFileSync(path).buffer).getBigUint64(0, true);
    assertEquals(header % 8n, 0n);
    using file = openSafetensors(path);
    assertEquals([...file.tensors].map(([name, { offset }]) => [name, offset]), [
      ["d", 0],
      ["b", 8],
      ["n", 20],
      ["__proto__", 20],
      ["a", 24],
    ]);
    for (const { name, shape, data } of tensors) {
      assertEquals(file.tensors.get(name)!.shape, shape);
      assertEquals(file.readStored(name), data);
    }
    assertEquals(file.metadata, new Map([["__proto__", "text"], ["step", "1"]]));
  }));

Deno.test("the order of tensors and keys does not change the bytes", () =>
  inFolder((root) => {
    writeSafetensors(`${root}/a`, tensors, { x: "1", y: "2" });
    writeSafetensors(`${root}/b`, tensors.toReversed(), { y: "2", x: "1" });
    assertEquals(Deno.readFileSync(`${root}/a`), Deno.readFileSync(`${root}/b`));
  }));

Deno.test("no tensors and no texts make a file too", () =>
  inFolder((root) => {
    writeSafetensors(`${root}/a`, []);
    using file = openSafetensors(`${root}/a`);
    assertEquals(file.tensors.size, 0);
  }));

Deno.test("what cannot be a file is refused before anything is written", () =>
  inFolder((root) => {
    const one = { name: "a", shape: [1], data: new Float32Array(1) };
    const refuses = (given: NamedTensor[], text: string, metadata = {}) => {
      const error = assertThrows(() => writeSafetensors(`${root}/a`, given, metadata), Error);
      assertEquals(error.message, text);
    };
    refuses([one, { ...one, shape: [] }], 'expected tensors with names of their own, found "a" taken');
    refuses([{ ...one, name: "__metadata__" }], 'expected tensors with names of their own, found "__metadata__" taken');
    refuses([{ ...one, shape: [2] }], "expected a shape of 1 elements for a, found (2)");
    refuses([{ ...one, shape: [-1, -1] }], "expected a shape of 1 elements for a, found (-1, -1)");
    refuses([{ ...one, shape: [0.5, 2] }], "expected a shape of 1 elements for a, found (0.5, 2)");
    refuses([{ ...one, name: "\ud800" }], 'expected whole Unicode characters, found "\\ud800"');
    refuses([one], 'expected whole Unicode characters, found "\\udfff"', { a: "\udfff" });
    const clamped = new Uint8ClampedArray(1) as unknown as Uint8Array<ArrayBuffer>;
    refuses([{ ...one, data: clamped }], "expected a typed array of numbers, found [object Uint8ClampedArray]");
    assertEquals(namesIn(root), []);
  }));

Deno.test("a folder that is not there is what the system says, and no file is left", () =>
  inFolder((root) => {
    assertThrows(() => writeSafetensors(`${root}/none/a`, tensors), Deno.errors.NotFound);
    Deno.mkdirSync(`${root}/taken`);
    assertThrows(() => writeSafetensors(`${root}/taken`, tensors));
    assertEquals(namesIn(root), ["taken"]);
  }));

Deno.test("writing makes no second copy of the tensors", () =>
  inFolder((root) => {
    const data = new Float32Array(1 << 23).fill(1);
    const big = Array.from({ length: 8 }, (_, index) => ({ name: `${index}`, shape: [data.length], data }));
    const before = Deno.memoryUsage().rss;
    writeSafetensors(`${root}/a`, big);
    const grown = Deno.memoryUsage().rss - before;
    assertEquals(Deno.statSync(`${root}/a`).size > 8 * data.byteLength, true);
    assert(grown < 2 * data.byteLength, `${grown} bytes more for ${8 * data.byteLength} written`);
  }));

Deno.test({
  name: "on a full disk nothing of a new file is left, and the old one is as it was",
  ignore: !canMount,
  fn: () =>
    inFolder(async (root) => {
      const program = fromFileUrl(import.meta.resolve("./fixtures/write_when_full.ts"));
      const args = ["run", "--no-prompt", "--allow-read", "--allow-write=results", program];
      const { code, stdout, stderr } = await onDisk(root, "size=64k", args);
      assertEquals([code, stderr], [
        1,
        "error: disk full: expected space to write, found none (No space left on device (os error 28))\n",
      ]);
      assertEquals(stdout, "");
      assertEquals(namesIn(`${root}/kept`), ["a.safetensors"]);
      using file = openSafetensors(`${root}/kept/a.safetensors`);
      assertEquals(file.read("a"), new Float32Array(8000).fill(1));
    }),
});
