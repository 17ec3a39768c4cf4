/** One operation of the benchmark of memory-bound kernels; answers lines of the protocol in contender.ts. */
import type { Tensor as AnyTensor } from "../../lib/gpu/tensor.ts";
import { answerRounds, replaying } from "./answer_rounds.ts";

type Kernels = typeof import("../../kernels/mod.ts");
type Autodiff = typeof import("../../lib/autodiff/mod.ts");
type Gpu = typeof import("../../lib/gpu/mod.ts");

/** Which operation, at which size, of which checkout. */
export interface ElementwiseConfig {
  /** Key of {@linkcode OPERATIONS}. */
  readonly operation: string;
  /** Rows, columns, and for tables their length. */
  readonly M: number;
  readonly C: number;
  readonly V?: number;
  /** Whether to time the gradient with respect to every input, without the values that only the output needs. */
  readonly backward?: boolean;
  /** URL of the checkout whose kernels are timed, ending in a slash. */
  readonly root: string;
}

/** Operands of an operation: `x` (1, M, C), `y` (1, M, C), `row` (1, 1, C), tokens (1, M) and a table (1, V, C). */
interface Operands {
  readonly x: AnyTensor;
  readonly y: AnyTensor;
  readonly row: AnyTensor;
  readonly table: AnyTensor;
  readonly tokens: AnyTensor<"u32">;
}

/** The operation, and what its gradient is taken with respect to. */
type Operation = (kernels: Kernels, operands: Operands) => readonly [output: AnyTensor, ...inputs: AnyTensor[]];

/** Operations by the name that the table prints. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  "add residual": (k, { x, y }) => [k.add(x, y), x, y],
  "add bias": (k, { x, row }) => [k.add(x, row), x, row],
  "multiply by rows": (k, { x, y }) => [k.multiply(x, k.slice(y, -1, 0, 1)), x],
  "sum over rows": (k, { x }) => [k.sum(x, [1]), x],
  "sum over columns": (k, { x }) => [k.sum(x, [-1]), x],
  "scale": (k, { x }) => [k.scale(x, 2), x],
  "relu": (k, { x }) => [k.relu(x), x],
  "tanh": (k, { x }) => [k.tanh(x), x],
  "gelu": (k, { x }) => [k.gelu(x), x],
  "bias, then gelu": (k, { x, row }) => [k.gelu(k.add(x, row)), x, row],
  "bias and gelu": (k, { x, row }) => {
    const bias = row.reshape([1, x.shape[2]]);
    return [k.biasAct(x, bias, "gelu"), x, bias];
  },
  "softmax": (k, { x }) => [k.softmax(x), x],
  "swap axes": (k, { x }) => [k.permute(x.reshape([1, 64, x.shape[1] / 64, x.shape[2]]), [0, 2, 1, 3]), x],
  "last of 64": (k, { x }) => [k.slice(x.reshape([1, x.shape[1] / 64, 64, x.shape[2]]), 2, 63, 64), x],
  "concatenate": (k, { x, y }) => [k.concatenate([x, y], 1), x, y],
  "layer norm": (k, { x, row }) => {
    const parameter = row.reshape([1, x.shape[2]]);
    return [k.layerNorm(x, parameter, parameter.detached), x, parameter];
  },
  "RMS norm": (k, { x, row }) => {
    const gain = row.reshape([1, x.shape[2]]);
    return [k.rmsNorm(x, gain), x, gain];
  },
  "batch norm": (k, { x, row }) => {
    const parameter = row.reshape([1, x.shape[2]]);
    return [k.batchNorm(x, parameter, parameter.detached), x, parameter];
  },
  "embedding": (k, { tokens, table }) => [k.embedding(tokens, table), table],
};

if (import.meta.main) {
  const { operation, M, C, V = 1, backward = false, root }: ElementwiseConfig = JSON.parse(Deno.args[0]);
  const kernels: Kernels = await import(`${root}kernels/mod.ts`);
  const { gradients }: Autodiff = await import(`${root}lib/autodiff/mod.ts`);
  const { openGpu, record, Tensor }: Gpu = await import(`${root}lib/gpu/mod.ts`);
  const gpu = await openGpu();
  const wave = (shape: number[], phase: number) =>
    Tensor.from(Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i + phase)), shape);
  // A third of the positions hold one token, as a separator would.
  const numbers = Uint32Array.from({ length: M }, (_, i) => i % 3 === 2 ? V - 1 : (i * 7919) % V);
  const operands = {
    x: wave([1, M, C], 1),
    y: wave([1, M, C], 2),
    row: wave([1, 1, C], 3),
    table: wave([1, V, C], 4),
    tokens: Tensor.from(numbers, [1, M]),
  };
  using program = await record(operation, () => {
    const [output, ...inputs] = OPERATIONS[operation](kernels, operands);
    if (!backward) return [output];
    const weights = wave([...output.shape], 5);
    return gradients(output, inputs, { weights });
  });
  await answerRounds({
    time: replaying(program, gpu),
    about: { adapter: gpu.adapter, dispatches: program.dispatches },
  });
}
