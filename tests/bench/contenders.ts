/** Who takes part in the comparison of one training step. */
import type { Contender } from "./contender.ts";
import type { WorkerConfig } from "./linear_icl_worker.ts";

/** The step that everybody takes. */
export const STEP = { d: 8, N: 32, B: 256, R: 16, lr: 0.01 } as const;

const here = (file: string) => new URL(file, import.meta.url).pathname;

/** This project's step in a process of its own. */
export function ours(name: string, config: WorkerConfig): Contender {
  return { name, command: [Deno.execPath(), "run", here("linear_icl_worker.ts"), JSON.stringify(config)] };
}

/** The step in PyTorch, one of the ways of linear_icl_torch.py. */
export function torchStep(
  name: string,
  variant: string,
  step: Omit<WorkerConfig, "sampler">,
  python: string,
): Contender {
  const config = JSON.stringify({ ...step, variant, threads: navigator.hardwareConcurrency });
  return { name: `PyTorch, ${name}`, command: [python, here("linear_icl_torch.py"), config] };
}

/** Contenders of the step, in order; the first is the slowest way to write it. */
export function contenders(tasks: WorkerConfig["tasks"], python: string): Contender[] {
  const torch = (name: string, variant: string) => torchStep(name, variant, { ...STEP, tasks }, python);
  const jax = (device: string): Contender => {
    const config = JSON.stringify({ ...STEP, device, tasks });
    const options = ["--quiet", "--config", here("jax_js/deno.json")];
    return {
      name: `jax-js, ${device}`,
      command: [Deno.execPath(), "run", ...options, here("jax_js/linear_icl.ts"), config],
    };
  };
  return [
    torch("eager autograd, as the formula reads", "eager_definition"),
    torch("eager autograd, vectors only", "eager_vectors"),
    torch("eager autograd, 16 replicas batched", "batched_autograd"),
    torch("gradient by hand, 16 replicas batched", "batched_by_hand"),
    torch("the same from sufficient statistics", "batched_by_hand_statistics"),
    jax("wasm"),
    jax("webgpu"),
    ours("icl-lab, tokens, R = 16", { ...STEP, tasks, sampler: "tokens" }),
    ours("icl-lab, statistics, R = 16", { ...STEP, tasks, sampler: "statistics" }),
  ];
}
