/**
 * Files that went wrong: mutant `n` of a good file is a function of `n` alone.
 *
 * @module
 */
import { uniforms } from "../../lib/random/random.ts";
import { fileOf, fixture } from "./files.ts";

const GOOD = ["floats", "integers", "shapes_and_names"].map((name) =>
  Deno.readFileSync(fixture(`${name}.safetensors`))
);
const NUMBERS = [
  "-1",
  "1.5",
  "1e9",
  "01",
  "9007199254740991",
  "9007199254740993",
  "18446744073709551616",
  "9".repeat(400),
];
const KEYS = [
  "__proto__",
  "__metadata__",
  "constructor",
  "dtype",
  "\\ud800",
  "\\u0000",
  '\\"',
  "\\x",
  "n".repeat(5000),
];
const VALUES = ["null", "true", "[]", "{}", '""', "1", '"F32"', "[".repeat(5000), '{"a":'.repeat(5000), '"'];
const DTYPES = ["F64", "F32", "F16", "BF16", "I64", "U8", "BOOL", "F4", "C64", "f32", "toString", ""];
const CLAIMS = [
  0n,
  1n,
  7n,
  100_000_000n,
  100_000_001n,
  2n ** 31n,
  2n ** 32n,
  2n ** 40n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];

type Random = () => number;
type Mutation = (file: Uint8Array<ArrayBuffer>, random: Random) => Uint8Array<ArrayBuffer>;

const pick = <T>(items: readonly T[], random: Random): T => items[Math.floor(random() * items.length)];

function join(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole;
}

/** Header as one character a byte, and what lies behind it. */
function split(file: Uint8Array<ArrayBuffer>): { header: string; data: Uint8Array } {
  const claimed = file.length < 8 ? 0 : Number(new DataView(file.buffer).getBigUint64(0, true));
  const end = Math.min(file.length, 8 + claimed);
  return { header: String.fromCharCode(...file.subarray(8, end)), data: file.subarray(end) };
}

/** Changes the header and lets the length say the truth about it, so that what is wrong lies deeper. */
function edit(change: (header: string, random: Random) => string): Mutation {
  return (file, random) => {
    const { header, data } = split(file);
    const bytes = Uint8Array.from(change(header, random), (character) => character.charCodeAt(0));
    return fileOf(join(bytes, data), 0, BigInt(bytes.length));
  };
}

/** Replaces one of the places that a pattern matches. */
function replaceOne(pattern: RegExp, replacement: (random: Random, found: string) => string): Mutation {
  return edit((header, random) => {
    const places = [...header.matchAll(pattern)];
    if (places.length === 0) return header;
    const { 0: found, index } = pick(places, random);
    return header.slice(0, index) + replacement(random, found) + header.slice(index + found.length);
  });
}

const mutations: readonly Mutation[] = [
  function flipAnywhere(file, random) {
    if (file.length > 0) file[Math.floor(random() * file.length)] ^= 1 << Math.floor(random() * 8);
    return file;
  },
  function flipInHead(file, random) {
    if (file.length > 0) file[Math.floor(random() * Math.min(file.length, 200))] ^= 1 << Math.floor(random() * 8);
    return file;
  },
  function truncate(file, random) {
    return file.slice(0, Math.floor(random() * (file.length + 1)));
  },
  function insert(file, random) {
    const at = Math.floor(random() * (file.length + 1));
    const bytes = Uint8Array.from({ length: 1 + Math.floor(random() * 12) }, () => Math.floor(random() * 256));
    return join(file.subarray(0, at), bytes, file.subarray(at));
  },
  function repeat(file, random) {
    const [from, to] = [random(), random()].map((u) => Math.floor(u * file.length)).sort((a, b) => a - b);
    return join(file.subarray(0, to), file.subarray(from));
  },
  function remove(file, random) {
    const [from, to] = [random(), random()].map((u) => Math.floor(u * file.length)).sort((a, b) => a - b);
    return join(file.subarray(0, from), file.subarray(to));
  },
  function claim(file, random) {
    const claimed = random() < 0.5 ? pick(CLAIMS, random) : BigInt(Math.floor(random() * 2 * file.length));
    if (file.length >= 8) new DataView(file.buffer).setBigUint64(0, claimed, true);
    return file;
  },
  replaceOne(/\d+/g, (random) => pick(NUMBERS, random)),
  replaceOne(/\d+/g, (random, found) => String(Math.max(0, Number(found) + pick([-8, -4, -1, 1, 4, 8], random)))),
  replaceOne(/"[^"]*"(?=:)/g, (random) => `"${pick(KEYS, random)}"`),
  replaceOne(/(?<=:)("[^"]*"|\[[^\]]*\]|\{[^}]*\})/g, (random) => pick(VALUES, random)),
  replaceOne(/(?<="dtype":)"[^"]*"/g, (random) => `"${pick(DTYPES, random)}"`),
  replaceOne(/"[^"]*":\{[^}]*\}/g, (_, found) => `${found},${found}`),
  replaceOne(/"(dtype|shape|data_offsets)":("[^"]*"|\[[^\]]*\])/g, (_, found) => `${found},${found}`),
  replaceOne(/,/g, (random) => pick(["", ",,", ";", ", ", ":"], random)),
  edit((header, random) => {
    const entries = header.match(/"[^"]*":\{[^}]*\}/g) ?? [];
    const moved = entries.map((entry, index) => [random(), index, entry] as const).sort((a, b) => a[0] - b[0]);
    return `{${moved.map(([, , entry]) => entry).join(",")}}`;
  }),
];

/**
 * A mutant of a file that PyTorch has written: one to three mutations.
 *
 * @param number Which one.
 * @returns Its bytes.
 */
export function mutant(number: number): Uint8Array<ArrayBuffer> {
  const draws = uniforms({ seed: 3, key: "safetensors mutant", step: number }, 80);
  let drawn = 0;
  const random = () => draws[drawn++ % draws.length];
  let file = GOOD[number % GOOD.length].slice();
  const times = 1 + Math.floor(3 * random() ** 2);
  for (let time = 0; time < times; time++) file = pick(mutations, random)(file, random);
  return file;
}
