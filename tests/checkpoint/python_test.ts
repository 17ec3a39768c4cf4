import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { exportReplica, openSafetensors, saveCheckpoint, writeSafetensors } from "../../lib/checkpoint/mod.ts";
import { inFolder } from "./files.ts";
import { mutant } from "./mutants.ts";

const python = Deno.env.get("ICL_LAB_PYTHON") ?? "python3";
const script = fromFileUrl(import.meta.resolve("./python.py"));

/** Whether that Python has what `python.py` needs. */
const canAsk = await new Deno.Command(python, { args: ["-c", "import numpy, torch, safetensors"], stderr: "null" })
  .output().then(({ success }) => success, () => false);
if (!canAsk) console.error("skipped: exchange with PyTorch; ICL_LAB_PYTHON names a Python with torch and safetensors");

/** Lets Python do its part in a folder. */
async function ask(task: string, folder: string): Promise<unknown> {
  const { code, stdout, stderr } = await new Deno.Command(python, { args: [script, task, folder] }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test({
  name: "PyTorch reads back every type, shape, name and text that is written here",
  ignore: !canAsk,
  fn: () =>
    inFolder(async (folder) => {
      const written = [
        { name: "f64", shape: [2], data: new Float64Array([0.1, -1e300]) },
        { name: "f32", shape: [2, 3], data: new Float32Array([0, -0, 1, -1.5, Infinity, 2 ** -149]) },
        { name: "f16", shape: [2], data: new Float16Array([65504, 2 ** -24]) },
        { name: "i64", shape: [1], data: new BigInt64Array([-(2n ** 63n)]) },
        { name: "u64", shape: [1], data: new BigUint64Array([2n ** 40n]) },
        { name: "i32", shape: [1], data: new Int32Array([-(2 ** 31)]) },
        { name: "u32", shape: [1], data: new Uint32Array([2 ** 32 - 1]) },
        { name: "i16", shape: [1], data: new Int16Array([-(2 ** 15)]) },
        { name: "u16", shape: [1], data: new Uint16Array([2 ** 16 - 1]) },
        { name: "i8", shape: [1], data: new Int8Array([-128]) },
        { name: "u8", shape: [1], data: new Uint8Array([255]) },
        { name: "scalar", shape: [], data: new Float32Array([3.5]) },
        { name: "empty", shape: [3, 0, 2], data: new Float32Array() },
        { name: 'блок "0"\n\\🧪', shape: [1], data: new Float32Array([7]) },
        { name: "view", shape: [2], data: new Float32Array([9, 1, 2, 9]).subarray(1, 3) },
      ];
      const metadata = { step: "1200", note: 'é "quoted" \n', empty: "" };
      writeSafetensors(`${folder}/written.safetensors`, written, metadata);
      const tensor = (type: string, shape: number[], values: string[]) => [`torch.${type}`, shape, values];
      assertEquals(await ask("read", folder), {
        metadata,
        tensors: {
          f64: tensor("float64", [2], ["0.1", "-1e+300"]),
          f32: tensor("float32", [2, 3], ["0.0", "-0.0", "1.0", "-1.5", "inf", "1.401298464324817e-45"]),
          f16: tensor("float16", [2], ["65504.0", "5.960464477539063e-08"]),
          i64: tensor("int64", [1], ["-9223372036854775808"]),
          u64: tensor("uint64", [1], ["1099511627776"]),
          i32: tensor("int32", [1], ["-2147483648"]),
          u32: tensor("uint32", [1], ["4294967295"]),
          i16: tensor("int16", [1], ["-32768"]),
          u16: tensor("uint16", [1], ["65535"]),
          i8: tensor("int8", [1], ["-128"]),
          u8: tensor("uint8", [1], ["255"]),
          scalar: tensor("float32", [], ["3.5"]),
          empty: tensor("float32", [3, 0, 2], []),
          'блок "0"\n\\🧪': tensor("float32", [1], ["7.0"]),
          view: tensor("float32", [2], ["1.0", "2.0"]),
        },
      });
    }),
});

Deno.test({
  name: "the same tensors give the same bytes here and there",
  ignore: !canAsk,
  fn: () =>
    inFolder(async (folder) => {
      await ask("write", folder);
      writeSafetensors(`${folder}/ours.safetensors`, [
        { name: "блок", shape: [0, 3], data: new Float16Array() },
        { name: "i", shape: [1], data: new BigInt64Array([-1n]) },
        { name: "a", shape: [], data: new Float64Array([0.5]) },
        { name: "c", shape: [2], data: new Uint8Array([1, 2]) },
        { name: "b", shape: [1, 2], data: new Float32Array([1, 2]) },
      ], { step: "7" });
      const [ours, theirs] = ["ours", "theirs"].map((name) => Deno.readFileSync(`${folder}/${name}.safetensors`));
      assertEquals(ours, theirs);
    }),
});

Deno.test({
  name: "what is accepted of 3000 mutants, the format's own reader accepts too",
  ignore: !canAsk,
  fn: () =>
    inFolder(async (folder) => {
      const accepted: boolean[] = [];
      {
        using files = Deno.openSync(`${folder}/files`, { write: true, create: true });
        for (let number = 0; number < 3000; number++) {
          const bytes = mutant(number);
          files.writeSync(new Uint8Array(BigUint64Array.of(BigInt(bytes.length)).buffer));
          for (let done = 0; done < bytes.length;) done += files.writeSync(bytes.subarray(done));
          Deno.writeFileSync(`${folder}/mutant`, bytes);
          try {
            openSafetensors(`${folder}/mutant`)[Symbol.dispose]();
            accepted.push(true);
          } catch {
            accepted.push(false);
          }
        }
      }
      const verdicts = await ask("judge", folder) as string;
      assertEquals(verdicts.length, 3000);
      const strays = accepted.flatMap((ours, number) => ours && verdicts[number] === "0" ? [number] : []);
      assertEquals(strays, []);
      assert(accepted.filter((ours) => ours).length > 100);
    }),
});

Deno.test({
  name: "an exported replica is loaded into a module of PyTorch as it is",
  ignore: !canAsk,
  fn: () =>
    inFolder(async (folder) => {
      const tensors = [
        { name: "weight", shape: [2, 2, 3], data: new Float32Array([0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6]) },
        { name: "bias", shape: [2, 2], data: new Float32Array([0, 0, 0.5, -0.5]) },
        { name: "optimizer.weight.first", shape: [12], data: new Float32Array(12) },
      ];
      const { path } = saveCheckpoint(folder, { step: 3, replicas: 2, tensors, metadata: {} });
      exportReplica(path, 1, `${folder}/replica.safetensors`);
      assertEquals(await ask("load", folder), [6.5, 14.5]);
    }),
});
