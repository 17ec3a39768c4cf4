import { assert, assertEquals } from "@std/assert";
import { CheckpointError, openSafetensors } from "../../lib/checkpoint/mod.ts";
import { inFolder } from "./files.ts";
import { mutant } from "./mutants.ts";

const MUTANTS = 3000;
const ARRAYS = [
  "Uint8Array",
  "Int8Array",
  "Uint16Array",
  "Int16Array",
  "Uint32Array",
  "Int32Array",
  "Float16Array",
  "Float32Array",
  "Float64Array",
  "BigInt64Array",
  "BigUint64Array",
] as const;

/** Counts the bytes of all typed arrays that are made meanwhile; views of memory that is there count nothing. */
function metered<T>(action: () => T): { result: T; bytes: number } {
  const scope = globalThis as unknown as Record<string, unknown>;
  const before = ARRAYS.map((name) => [name, scope[name]] as const);
  let bytes = 0;
  for (const [name, array] of before) {
    scope[name] = new Proxy(array as new (...args: unknown[]) => ArrayBufferView, {
      construct(target, args) {
        // A wanton length is counted, not allocated.
        if (typeof args[0] === "number" && args[0] > 2 ** 28) throw new Error(`${name} of ${args[0]}`);
        const made = new target(...args);
        if (!(args[0] instanceof ArrayBuffer)) bytes += made.byteLength;
        return made;
      },
    });
  }
  try {
    return { result: action(), bytes };
  } finally {
    for (const [name, array] of before) scope[name] = array;
  }
}

/** Opens a file and reads all that is in it in every way; the errors met, `undefined` where there was none. */
function readAll(path: string): (unknown | undefined)[] {
  const attempt = (action: () => unknown) => {
    try {
      action();
      return undefined;
    } catch (error) {
      return error;
    }
  };
  let errors: (unknown | undefined)[] = [];
  const opened = attempt(() => {
    using file = openSafetensors(path);
    errors = [...file.tensors.keys()].flatMap((name) => [
      attempt(() => file.read(name)),
      attempt(() => file.readNumbers(name)),
      attempt(() => file.readStored(name)),
    ]);
  });
  return [opened, ...errors];
}

function timed(path: string): number {
  const started = performance.now();
  readAll(path);
  return performance.now() - started;
}

Deno.test(`of ${MUTANTS} mutants of good files none does more than be refused by name`, () =>
  inFolder((root) => {
    const path = `${root}/mutant.safetensors`;
    const kinds = new Set<string>();
    let accepted = 0;
    for (let number = 0; number < MUTANTS; number++) {
      const bytes = mutant(number);
      Deno.writeFileSync(path, bytes);
      const started = performance.now();
      const { result: errors, bytes: allocated } = metered(() => readAll(path));
      let elapsedMs = performance.now() - started;
      // A busy machine may stop the process for a while, but not time and again in the same place.
      for (let again = 0; again < 5 && elapsedMs > 1000; again++) elapsedMs = Math.min(elapsedMs, timed(path));
      for (const error of errors) {
        if (error === undefined) continue;
        assert(error instanceof CheckpointError, `mutant ${number}: ${error instanceof Error ? error.stack : error}`);
        assert(error.message.startsWith(`${path}: expected `) && error.message.length < 1500, `mutant ${number}`);
        assert(!/[\n\r\0]/.test(error.message), `mutant ${number}: ${JSON.stringify(error.message)}`);
      }
      if (errors[0] === undefined) accepted++;
      else kinds.add((errors[0] as Error).message.replace(path, "").replaceAll(/"(\\.|[^"\\])*"|[\d.[\],]+/g, ""));
      // Three ways to read a byte: as 4 bytes, as 8, and as it is; and the header, and a buffer to convert by.
      assert(allocated <= 20 * bytes.length + 1024, `mutant ${number} of ${bytes.length} bytes allocates ${allocated}`);
      assert(elapsedMs < 1000, `mutant ${number} takes ${elapsedMs} ms`);
    }
    // Mutants that all fail at the door would test nothing behind it.
    assert(accepted > MUTANTS / 20 && accepted < MUTANTS / 2, `${accepted} accepted`);
    assert(kinds.size > 30, `${kinds.size} kinds of refusal`);
  }));

Deno.test("the meter sees an allocation that a file claims", () => {
  const { bytes } = metered(() => new Float64Array(1000).length + new Uint8Array(new ArrayBuffer(5000)).length);
  assertEquals(bytes, 8000);
});

Deno.test("of 1000 mutants of an index none does more than be refused by name", () =>
  inFolder((root) => {
    const good = Deno.readFileSync(new URL("./fixtures/sharded/model.safetensors.index.json", import.meta.url));
    const path = `${root}/model.safetensors.index.json`;
    for (const shard of ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]) {
      Deno.copyFileSync(new URL(`./fixtures/sharded/${shard}`, import.meta.url), `${root}/${shard}`);
    }
    for (let number = 0; number < 1000; number++) {
      const bytes = good.slice();
      bytes[(number * 7919) % bytes.length] ^= 1 << (number % 8);
      if (number % 5 === 0) bytes.copyWithin(number % bytes.length, (number * 31) % bytes.length);
      Deno.writeFileSync(path, number % 7 === 0 ? bytes.subarray(0, number % bytes.length) : bytes);
      for (const error of readAll(path)) {
        assert(error === undefined || error instanceof CheckpointError, `mutant ${number}: ${error}`);
      }
    }
  }));
