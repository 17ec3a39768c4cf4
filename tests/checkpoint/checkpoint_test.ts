import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type Checkpoint,
  CheckpointError,
  exportReplica,
  latestCheckpoint,
  listCheckpoints,
  openSafetensors,
  readCheckpoint,
  saveCheckpoint,
  writeSafetensors,
} from "../../lib/checkpoint/mod.ts";
import { RunError } from "../../lib/io/errors.ts";
import { inFolder, namesIn } from "./files.ts";

const state = (step: number, fill = step): Checkpoint => ({
  step,
  replicas: 2,
  tensors: [
    { name: "blocks.0.attention.query", shape: [2, 2, 2], data: new Float32Array(8).fill(fill) },
    { name: "optimizer.blocks.0.attention.query.first", shape: [8], data: new Float32Array(8) },
    { name: "run.batches", shape: [], data: new Uint32Array([step]) },
    { name: "scale", shape: [2], data: new Float32Array([1, 2]) },
  ],
  metadata: { note: "é" },
});

Deno.test("a checkpoint comes back bit for bit, NaN patterns too, under a name that sorts by step", () =>
  inFolder((root) => {
    const bits = new Uint32Array([0x7fc00001, 0xff800001, 0x80000000, 1, 0, 0, 0, 0]);
    const saved = state(1200);
    const tensors = saved.tensors.with(0, { ...saved.tensors[0], data: new Float32Array(bits.buffer) });
    const { path, bytes } = saveCheckpoint(root, { ...saved, tensors });
    assertEquals(path, `${root}/checkpoints/step-00001200.safetensors`);
    assertEquals([Deno.statSync(path).size, namesIn(`${root}/checkpoints`)], [bytes, ["step-00001200.safetensors"]]);
    const back = readCheckpoint(path);
    assertEquals([back.step, back.replicas, back.metadata], [1200, 2, { note: "é" }]);
    const query = back.tensors.find(({ name }) => name.startsWith("blocks"))!;
    assertEquals(new Uint32Array(query.data.buffer), bits);
    const named = Object.fromEntries(back.tensors.map((tensor) => [tensor.name, tensor]));
    for (const { name, shape, data } of tensors.slice(1)) assertEquals(named[name], { name, shape, data });
  }));

Deno.test("the newest complete checkpoint is found among others, cut ones and strangers", () =>
  inFolder((root) => {
    assertEquals([listCheckpoints(root), latestCheckpoint(root)], [[], null]);
    for (const step of [5, 99_999_999, 100_000_000, 10]) saveCheckpoint(root, state(step));
    const inside = `${root}/checkpoints`;
    for (const name of ["step-5.safetensors", "step-000000005.safetensors", "step-00000005.safetensors.17.tmp", "x"]) {
      Deno.writeTextFileSync(`${inside}/${name}`, "");
    }
    assertEquals(listCheckpoints(root).map(({ step }) => step), [5, 10, 99_999_999, 100_000_000]);
    assertEquals(latestCheckpoint(root)!.step, 100_000_000);
    Deno.truncateSync(`${inside}/step-100000000.safetensors`, 400);
    Deno.truncateSync(`${inside}/step-99999999.safetensors`, 0);
    const passed: string[] = [];
    assertEquals(latestCheckpoint(root, ({ message }) => passed.push(message.replaceAll(root, "")))!.step, 10);
    assertEquals(passed.map((line) => line.split(":")[0]), [
      "/checkpoints/step-100000000.safetensors",
      "/checkpoints/step-99999999.safetensors",
    ]);
    for (const step of ["05", "10"]) Deno.truncateSync(`${inside}/step-000000${step}.safetensors`, 3);
    assertThrows(() => latestCheckpoint(root), CheckpointError, "step-100000000.safetensors: expected ");
  }));

Deno.test("a file that no run has saved is no checkpoint", () =>
  inFolder((root) => {
    const refuses = (metadata: Record<string, string>, text: string) => {
      writeSafetensors(`${root}/a`, [], metadata);
      const { message } = assertThrows(() => readCheckpoint(`${root}/a`), CheckpointError);
      assertEquals(message, `${root}/a: expected a checkpoint of a run, with ${text}`);
    };
    refuses({}, "step in its metadata, found none");
    refuses({ step: "1e3", replicas: "1" }, 'step in its metadata, found "1e3"');
    refuses({ step: "-1", replicas: "1" }, 'step in its metadata, found "-1"');
    refuses({ step: "1" }, "replicas in its metadata, found none");
    refuses({ step: "1", replicas: "" }, 'replicas in its metadata, found ""');
  }));

Deno.test("what is no state of R replicas is not saved", () =>
  inFolder((root) => {
    const refuses = (change: Partial<Checkpoint>, text: string) =>
      assertEquals(assertThrows(() => saveCheckpoint(root, { ...state(1), ...change }), RangeError).message, text);
    refuses(
      { replicas: 3 },
      "expected 3 replicas along the first axis of blocks.0.attention.query, found shape (2, 2, 2); " +
        "what has no replicas is named optimizer.… or run.…",
    );
    refuses({ step: 1.5 }, "expected a step ≥ 0 to save, found 1.5");
    refuses({ metadata: { step: "1" } }, "expected metadata of its own, found step, which every checkpoint has");
    assertEquals(namesIn(root), []);
  }));

Deno.test("one replica is exported as a plain file, without its axis and without the optimiser", () =>
  inFolder((root) => {
    const saved = state(7);
    saved.tensors[0].data.set([1, 2, 3, 4, 5, 6, 7, 8] as never);
    const { path } = saveCheckpoint(root, saved);
    exportReplica(path, 1, `${root}/one.safetensors`);
    {
      using file = openSafetensors(`${root}/one.safetensors`);
      assertEquals([...file.tensors.keys()], ["blocks.0.attention.query", "scale"]);
      assertEquals(file.tensors.get("blocks.0.attention.query")!.shape, [2, 2]);
      assertEquals(file.read("blocks.0.attention.query"), new Float32Array([5, 6, 7, 8]));
      assertEquals([file.tensors.get("scale")!.shape, file.read("scale")[0]], [[], 2]);
      assertEquals(Object.fromEntries(file.metadata), { format: "pt", note: "é", replica: "1", step: "7" });
    }
    for (const replica of [-1, 2, 0.5]) {
      assertThrows(() => exportReplica(path, replica, `${root}/x`), CheckpointError, `[0, 2), found ${replica}`);
    }
    writeSafetensors(`${root}/odd`, [{ name: "a", shape: [3], data: new Float32Array(3) }], {
      step: "1",
      replicas: "2",
    });
    assertThrows(() => exportReplica(`${root}/odd`, 0, `${root}/x`), CheckpointError, '"a", found shape [3]');
    assertEquals(namesIn(root), ["checkpoints", "odd", "one.safetensors"]);
  }));

Deno.test({
  name: "a full disk is said of the checkpoint, and leaves none behind",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    inFolder(async (root) => {
      // /dev/full takes no byte; a link to it stands in for the temporary file on a full disk.
      saveCheckpoint(root, state(1));
      Deno.symlinkSync("/dev/full", `${root}/checkpoints/step-00000002.safetensors.${Deno.pid}.tmp`);
      const error = await assertRejects(() => Promise.resolve().then(() => saveCheckpoint(root, state(2))), RunError);
      assertEquals(
        error.message,
        `disk full: expected space for ${root}/checkpoints/step-00000002.safetensors, found none; ` +
          "earlier checkpoints are as they were",
      );
      assertEquals(namesIn(`${root}/checkpoints`), ["step-00000001.safetensors"]);
      assertEquals(latestCheckpoint(root)!.step, 1);
    }),
});

Deno.test("checkpoint: the number of heads that parameters agree on goes into the metadata, what is given there comes first", () =>
  inFolder((root) => {
    const save = (counts: readonly (number | undefined)[], metadata: Record<string, string> = {}) => {
      const tensors = counts.map((heads, index) => ({
        name: `w${index}`,
        shape: [1],
        data: new Float32Array(1),
        heads,
      }));
      const moment = { name: "optimizer.w", shape: [1], data: new Float32Array(1), heads: 7 };
      return readCheckpoint(
        saveCheckpoint(root, { step: 1, replicas: 1, tensors: [...tensors, moment], metadata }).path,
      )
        .metadata;
    };
    assertEquals(save([4, undefined, 4]), { heads: "4" });
    assertEquals(save([4, 2]), {});
    assertEquals(save([undefined]), {});
    assertEquals(save([4], { heads: "2" }), { heads: "2" });
  }));
