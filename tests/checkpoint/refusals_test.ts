import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { CheckpointError, openSafetensors } from "../../lib/checkpoint/mod.ts";
import { describeError } from "../../lib/io/errors.ts";
import { fileOf, fixture, inFolder } from "./files.ts";

/** The line that a user reads, without the path in front. */
function refusal(bytes: Uint8Array): string {
  const path = Deno.makeTempFileSync();
  try {
    Deno.writeFileSync(path, bytes);
    const error = assertThrows(() => openSafetensors(path)[Symbol.dispose](), CheckpointError);
    const { line, exitCode } = describeError(error);
    assertEquals([line, exitCode], [error.message, 2]);
    assertEquals(line.startsWith(`${path}: expected `), true, line);
    return line.slice(path.length + ": expected ".length);
  } finally {
    Deno.removeSync(path);
  }
}

const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const GOOD = '"dtype":"F32","shape":[1],"data_offsets":[0,4]';
const one = (entry: string) => `{"a":{${entry}}}`;

const foreign: [string, Uint8Array, string][] = [
  ["an empty file", new Uint8Array(), "a safetensors file, found a file of 0 bytes"],
  ["three bytes", bytes("abc"), "a safetensors file, found a file of 3 bytes"],
  [
    "what torch.save writes",
    Deno.readFileSync(fixture("foreign.pt")),
    "a safetensors file, found a zip archive, as torch.save writes; load it there and write it again with " +
    "safetensors.torch.save_file",
  ],
  [
    "a NumPy array",
    bytes("\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False"),
    "a safetensors file, found a NumPy array; write it again with safetensors.numpy.save_file",
  ],
  ["an HTML page", bytes("<!DOCTYPE html>\n<html></html>"), "a safetensors file, found an HTML or XML page"],
  [
    "a Git LFS pointer",
    bytes("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
    "a safetensors file, found a Git LFS pointer in place of the file; fetch it with git lfs pull",
  ],
  [
    "prose",
    bytes("Call me Ishmael. Some years ago"),
    "a safetensors file, found one whose header claims 2334391967886893379 bytes (at most 100000000)",
  ],
  [
    "a header that claims terabytes",
    fileOf("{}", 0, 5n * 2n ** 40n),
    "a safetensors file, found one whose header claims 5497558138880 bytes (at most 100000000)",
  ],
  [
    "a header that claims all 64 bits",
    fileOf("{}", 0, 2n ** 64n - 1n),
    "a safetensors file, found one whose header claims 18446744073709551615 bytes (at most 100000000)",
  ],
  [
    "a header longer than the file",
    fileOf("{}", 0, 90_000_000n),
    "a safetensors file, found one that ends before its header of 90000000 bytes (cut off, or another format)",
  ],
  ["a header of nothing", fileOf(""), "a safetensors file, found one whose header does not begin with {"],
  ["a list", fileOf("[]"), "a safetensors file, found one whose header does not begin with {"],
  ["bytes that are no UTF-8", fileOf(bytes('{"\xff":1}')), "a header in UTF-8, found other bytes"],
];
for (const [what, file, line] of foreign) Deno.test(`refuses ${what}`, () => assertEquals(refusal(file), line));

const headers: [string, string, number?][] = [
  ["{", "a key of the header to be a text, found the end of the text"],
  ['{"a"}', '":" after key "a" of the header, found "}" at character 4'],
  ["{}x", 'nothing after the JSON, found "x" at character 2'],
  ["{}\0", 'nothing after the JSON, found "\\u0000" at character 2'],
  [`${one(GOOD)},`, 'nothing after the JSON, found "," at character 54', 4],
  ['{"a":1}', 'tensor "a" to be an object, found "1}" at character 5'],
  ['{"a":null}', 'tensor "a" to be an object, found "null}" at character 5'],
  [one(`${GOOD},"x":[`), 'dtype, shape and data_offsets of tensor "a", found "x"', 4],
  [`{"a":{${GOOD}},"a":{${GOOD}}}`, 'keys of the header once each, found "a" twice', 4],
  [`{"a":{${GOOD}},"\\u0061":{${GOOD}}}`, 'keys of the header once each, found "a" twice', 4],
  [one(`"dtype":"U8",${GOOD}`), 'keys of tensor "a" once each, found "dtype" twice', 4],
  [one(""), 'dtype, shape and data_offsets of tensor "a", found no dtype'],
  [one('"dtype":"F32"'), 'dtype, shape and data_offsets of tensor "a", found no shape'],
  [one('"dtype":"F32","shape":[]'), 'dtype, shape and data_offsets of tensor "a", found no data_offsets'],
  [one('"dtype":32'), 'dtype of tensor "a" to be a text, found "32}}" at character 14'],
  [
    one('"dtype":"toString","shape":[],"data_offsets":[0,0]'),
    /^dtype of tensor "a" to be one of BOOL\|.*, found "toString"$/.source,
  ],
  [one('"dtype":"F32","shape":1'), 'shape of tensor "a" to be a list, found "1}}" at character 28'],
  [
    one('"dtype":"F32","shape":[-1]'),
    'shape of tensor "a" to hold whole numbers in [0, 2^53), found "-1]}}" at character 29',
  ],
  [
    one('"dtype":"F32","shape":[1.0]'),
    'shape of tensor "a" to hold whole numbers in [0, 2^53), found "1.0]}}" at character 29',
  ],
  [
    one('"dtype":"F32","shape":[1e3]'),
    'shape of tensor "a" to hold whole numbers in [0, 2^53), found "1e3]}}" at character 29',
  ],
  [
    one('"dtype":"F32","shape":[01]'),
    'shape of tensor "a" to hold whole numbers in [0, 2^53), found "01]}}" at character 29',
  ],
  [
    one('"dtype":"F32","shape":["1"]'),
    'shape of tensor "a" to hold whole numbers in [0, 2^53), found "\\"1\\"]}}" at character 29',
  ],
  [
    one('"dtype":"F32","shape":[9007199254740992]'),
    'shape of tensor "a" to hold whole numbers in [0, 2^53), found "9007199254740992]}}" at character 29',
  ],
  [
    one(`"dtype":"F32","shape":[${"9".repeat(1_000_000)}]`),
    `shape of tensor "a" to hold whole numbers in [0, 2^53), found "${"9".repeat(40)}…" at character 29`,
  ],
  [
    one('"dtype":"F32","shape":[[1]]'),
    'shape of tensor "a" to hold whole numbers in [0, 2^53), found "[1]]}}" at character 29',
  ],
  [
    one('"dtype":"F32","shape":[1,]'),
    'shape of tensor "a" to hold whole numbers in [0, 2^53), found "]}}" at character 31',
  ],
  [one('"dtype":"F32","shape":[1 2]'), '"," or "]" in shape of tensor "a", found "2]}}" at character 31'],
  [
    one(`"dtype":"F32","shape":[${Array(65).fill(1)}],"data_offsets":[0,4]`),
    'shape of tensor "a" of at most 64 numbers, found more',
  ],
  [
    one('"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]'),
    'a shape of tensor "a" with fewer than 2^47 elements, found [4294967296,4294967296]',
  ],
  [one('"dtype":"F32","shape":[],"data_offsets":[0]'), 'two data_offsets of tensor "a", found 1'],
  [
    one('"dtype":"F32","shape":[],"data_offsets":[0,4,8]'),
    'data_offsets of tensor "a" of at most 2 numbers, found more',
  ],
  [one('"dtype":"F32","shape":[],"data_offsets":[4,0]'), 'data_offsets of tensor "a" to ascend, found [4,0]', 4],
  [
    one('"dtype":"F32","shape":[2],"data_offsets":[0,4]'),
    '8 bytes of tensor "a" (F32, shape [2]), found 4 in data_offsets',
    4,
  ],
  [
    one('"dtype":"F4","shape":[3],"data_offsets":[0,2]'),
    '1.5 bytes of tensor "a" (F4, shape [3]), found 2 in data_offsets',
    2,
  ],
  [
    one('"dtype":"F32","shape":[1],"data_offsets":[4,8]'),
    'tensor "a" to begin at byte 0 of the data, where the one before ends, found 4',
    8,
  ],
  [
    `{"a":{${GOOD}},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}`,
    'tensor "b" to begin at byte 4 of the data, where the one before ends, found 2',
    6,
  ],
  [one(GOOD), "4 bytes of data behind the header, as it says, found 3", 3],
  [one(GOOD), "4 bytes of data behind the header, as it says, found 5", 5],
  [
    one('"dtype":"U8","shape":[1099511627776],"data_offsets":[0,1099511627776]'),
    "1099511627776 bytes of data behind the header, as it says, found 4",
    4,
  ],
  ['{"__metadata__":{"a":1}}', '"a" to be a text, found "1}}" at character 21'],
  ['{"__metadata__":null}', '__metadata__ to be an object, found "null}" at character 16'],
  ['{"__metadata__":{"a":{"b":"c"}}}', '"a" to be a text, found "{\\"b\\":\\"c\\"}}}" at character 21'],
  ['{"__metadata__":{"a":"1","a":"1"}}', 'keys of __metadata__ once each, found "a" twice'],
  ['{"__metadata__":{},"__metadata__":{}}', 'keys of the header once each, found "__metadata__" twice'],
  ['{"\\ud800":1}', "a key of the header of whole Unicode characters, found half a surrogate pair"],
  ['{"\\x":1}', 'a key of the header to be a text, found "\\"\\\\x\\""'],
  ['{"\n":1}', 'a key of the header to be a text, found "\\"\\n\\""'],
  ['{"a', "a key of the header to end with a quote, found the end of the text"],
  ['{"a\\"', "a key of the header to end with a quote, found the end of the text"],
  [`{"a":${"[".repeat(3_000_000)}`, `tensor "a" to be an object, found "${"[".repeat(40)}…" at character 5`],
  [`{"a":${'{"a":'.repeat(1_000_000)}`, 'dtype, shape and data_offsets of tensor "a", found "a"'],
  [`{"${"n".repeat(1_000_000)}":1}`, `tensor "${"n".repeat(40)}…" to be an object, found "1}" at character 1000004`],
  ['{"\u202eevil\u0085":1}', 'tensor "\ufffdevil\ufffd" to be an object, found "1}" at character 10'],
];
for (const [header, line, dataBytes] of headers) {
  Deno.test(`refuses the header ${JSON.stringify(header.slice(0, 60))} before ${dataBytes ?? 0} bytes`, () => {
    const found = refusal(fileOf(header, dataBytes));
    if (line.startsWith("^")) assertMatch(found, new RegExp(line));
    else assertEquals(found, line);
  });
}

Deno.test("white space may stand wherever JSON lets it", () => {
  const header = ` \n{ "a" : { "shape" : [ 1 , 1 ] , "dtype" :\t"F32", "data_offsets":[0 , 4 ] } } \r\n `.trimStart();
  const path = Deno.makeTempFileSync();
  Deno.writeFileSync(path, fileOf(header, 4));
  using file = openSafetensors(path);
  Deno.removeSync(path);
  assertEquals(file.tensors.get("a"), { dtype: "F32", shape: [1, 1], bytes: 4, offset: 0 });
});

Deno.test("an empty header is a file without tensors", () => {
  const path = Deno.makeTempFileSync();
  Deno.writeFileSync(path, fileOf("{}"));
  using file = openSafetensors(path);
  Deno.removeSync(path);
  assertEquals([file.tensors.size, file.metadata.size], [0, 0]);
});

Deno.test("what is no file that can be read ends in one line, and a pipe does not hang", () =>
  inFolder(async (root) => {
    const refuses = (path: string, line: string) =>
      assertEquals(assertThrows(() => openSafetensors(path), CheckpointError).message, line);
    refuses(`${root}/none`, `${root}/none: expected a safetensors file or a folder, found none`);
    refuses(root, `${root}: expected one *.safetensors.index.json or one *.safetensors in the folder, found none`);
    refuses("/dev/null", "/dev/null: expected a safetensors file, found no regular file");
    Deno.symlinkSync(`${root}/loop`, `${root}/loop`);
    assertMatch(
      assertThrows(() => openSafetensors(`${root}/loop`), CheckpointError).message,
      /loop: expected a safetensors file or a folder, found Too many levels of symbolic links \(os error 40\)/,
    );
    if (Deno.build.os === "linux") {
      await new Deno.Command("mkfifo", { args: [`${root}/pipe`] }).output();
      refuses(`${root}/pipe`, `${root}/pipe: expected a safetensors file, found no regular file`);
    }
    Deno.mkdirSync(`${root}/x.safetensors.index.json`);
    refuses(
      `${root}/x.safetensors.index.json`,
      `${root}/x.safetensors.index.json: expected an index of safetensors files (JSON), found no regular file`,
    );
    if (Deno.uid() !== 0) {
      Deno.writeFileSync(`${root}/closed`, fileOf("{}"), { mode: 0o000 });
      assertMatch(
        assertThrows(() => openSafetensors(`${root}/closed`), CheckpointError).message,
        /closed: expected a safetensors file, found Permission denied \(os error 13\)/,
      );
    }
  }));

Deno.test("without permission to read, the line names the permission", async () => {
  const module = import.meta.resolve("../../lib/checkpoint/mod.ts");
  const errors = import.meta.resolve("../../lib/io/errors.ts");
  const path = fixture("floats.safetensors");
  const program = `import { openSafetensors } from ${JSON.stringify(module)};
    import { reportError } from ${JSON.stringify(errors)};
    try { openSafetensors(${JSON.stringify(path)}); } catch (error) { Deno.exit(reportError(error)); }`;
  const config = fromFileUrl(import.meta.resolve("../../deno.json"));
  const args = ["run", "--no-prompt", `--config=${config}`, "-"];
  const child = new Deno.Command(Deno.execPath(), { args, stdin: "piped", stderr: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(program));
  await writer.close();
  const { code, stderr } = await child.output();
  assertEquals(code, 2);
  assertMatch(
    new TextDecoder().decode(stderr),
    /^error: expected permission to read .*floats\.safetensors, found none/,
  );
});

Deno.test("a file that shrinks after it was opened is said to have shrunk", () =>
  inFolder((root) => {
    Deno.writeFileSync(`${root}/a.safetensors`, fileOf(one(GOOD), 4));
    using file = openSafetensors(`${root}/a.safetensors`);
    Deno.truncateSync(`${root}/a.safetensors`, 63);
    assertThrows(() => file.read("a"), CheckpointError, "expected the file to stay as it was opened, found its end at");
  }));

Deno.test("a tensor larger than any array, in a file with a hole of that size, is refused for want of memory", () =>
  inFolder((root) => {
    const length = 2 ** 43;
    const header = one(`"dtype":"U8","shape":[${length}],"data_offsets":[0,${length}]`);
    Deno.writeFileSync(`${root}/a.safetensors`, fileOf(header));
    try {
      Deno.truncateSync(`${root}/a.safetensors`, 8 + header.length + length);
    } catch {
      return; // This file system knows no such files.
    }
    using file = openSafetensors(`${root}/a.safetensors`);
    assertThrows(() => file.readStored("a"), CheckpointError, 'expected memory for tensor "a", found none (');
  }));
