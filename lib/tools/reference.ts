/**
 * Writes lib/README.md: every function and class that mod.ts exports, by room, with the first sentence of its description.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { writeAtomically } from "../io/atomic.ts";
import { defineCommand, runCommand } from "./command.ts";
import { listItem, paragraph } from "./markdown.ts";

/** Rooms in the order in which data flows, and what is in each. */
const ROOMS: Readonly<Record<string, string>> = {
  "lib/gpu": "adapter, kernels, tensors, and programs that are recorded once and replayed",
  "lib/random": "random numbers as a function of seed, key, step and index",
  "lib/autodiff": "gradients, Hessian-vector products, and their check against float64",
  "kernels/elementwise": "operations element by element",
  "kernels/reduce": "sums, means, softmax",
  "kernels/arrange": "slices, permutations, gathers, embeddings",
  "kernels/norm": "layer, root-mean-square and batch normalisation",
  "kernels/matmul": "matrix products",
  "kernels/attention": "attention and its pattern",
  "kernels/loss": "losses of single positions",
  "kernels/optim": "norms of gradients",
  "kernels/random": "draws on the GPU",
  "kernels/tasks": "parts of samplers",
  "kernels/baselines": "statistics that baselines share",
  "kernels/linalg": "steps of decompositions",
  "kernels/linear_icl": "the fused step of the linear transformer",
  "kernels/shared": "copies, fills, and what moves a training step on",
  "lib/statistics": "statistics over replicas, on the host (namespace `statistics`)",
  "lib/tasks": "samplers: key and step to a batch",
  "lib/models": "models as plain data: parameters, `apply`, `trace`",
  "lib/models/baselines": "exact predictors, called like models",
  "lib/losses": "prediction and target to one number per replica",
  "lib/optim": "optimisers, schedules, and wrappers of optimisers",
  "lib/train": "training as one recorded step, with reports",
  "lib/theory": "integration and descent of flows",
  "lib/theory/linear_icl": "closed forms, exact flows and SGD noise of in-context regression by linear attention",
  "lib/theory/attention_convergence": "exact losses, 1/N correction and SGD noise of one softmax layer over features",
  "lib/theory/attention_dmft": "the map of attention that feeds itself: exponents, cycles, sampling noise, sweeps",
  "lib/theory/co_occurrence": "gradient descent of a softmax-attention classifier, and what its flow keeps",
  "lib/theory/gd_in_context": "exact loss of a layer of linear self-attention, best steps of descent in context",
  "lib/theory/in_context_regression": "exact risks of predictors on prompts of linear regression",
  "lib/theory/separate_keys_queries":
    "plateaus, waits, exact flow and SGD noise of heads with separate or merged keys and queries",
  "lib/theory/task_pools":
    "posteriors and evidence under a pool of tasks and a Gaussian law, their mixtures, selection",
  "lib/theory/beyond_the_training_range": "error of predictions of affine functions that are cut at a boundary",
  "lib/theory/nonlinear_generalisation": "exact errors of in-context classification by patterns",
  "lib/linalg": "decompositions and systems, batched, on the GPU",
  "lib/linalg/host": "the same on the CPU in float64, where a software driver stands in for a GPU",
  "lib/metrics": "spectra, subspaces, curves, loss landscape, probes",
  "lib/circuits": "QK and OV circuits and attention scores of heads",
  "lib/interventions": "subspaces that are held, turned or redrawn; branches; delays",
  "lib/study": "conditions, trainings that are followed, snapshots, measurements",
  "lib/claims": "claims, expectations, verdicts (namespace `expect`)",
  "lib/figures": "measurements to figures",
  "lib/checkpoint": "safetensors, from and for PyTorch and NumPy",
  "lib/run": "an experiment, its command line, log and manifest",
  "lib/io": "files and errors for people",
  "lib/tools/measure": "measuring checkpoints of any model",
};

interface Declaration {
  readonly location: { readonly filename: string };
  readonly kind: string;
  readonly jsDoc?: { readonly doc?: string };
}

interface DocFile {
  readonly nodes: Readonly<
    Record<
      string,
      { readonly symbols: readonly { readonly name: string; readonly declarations: readonly Declaration[] }[] }
    >
  >;
}

/** Kinds that a user calls; types are found through them. */
const CALLED = ["function", "class", "variable", "namespace"];

/**
 * First sentence of a description, on one line.
 *
 * @param text Description in Markdown.
 * @returns The sentence without its full stop.
 *
 * @example
 * ```ts
 * import { firstSentence } from "./reference.ts";
 *
 * const said = firstSentence("Mean `Σ x / n` of\nvalues. Not of none, see {@linkcode sum}.");
 * if (said !== "Mean `Σ x / n` of values") throw new Error(said);
 * ```
 */
export function firstSentence(text: string): string {
  const paragraph = text.trim().split(/\n\s*\n/)[0].replaceAll(/\s+/g, " ").replaceAll(
    /\{@link(?:code)? ([^}]+)\}/g,
    "`$1`",
  );
  const end = /^(?:`[^`]*`|[^`])*?[.:](?= [A-Z`]|$)/.exec(paragraph)?.[0] ?? paragraph;
  return end.replace(/[.:]$/, "");
}

/**
 * The page, from what `deno doc --json` says.
 *
 * @param doc Documentation of mod.ts.
 * @param root URL of the workspace's root.
 * @returns Markdown ending with a newline.
 * @throws {Error} If an export lies in a room that is not in the list.
 */
export function referenceText(doc: DocFile, root: string): string {
  const rooms = new Map<string, Map<string, string>>();
  for (const { symbols } of Object.values(doc.nodes)) {
    for (const { name, declarations } of symbols) {
      const found = declarations.find(({ kind }) => CALLED.includes(kind));
      if (found === undefined || !found.location.filename.startsWith(root)) continue;
      const path = found.location.filename.slice(root.length);
      // Namespaces are named beside their room.
      if (found.kind === "namespace") continue;
      const room = path === "lib/losses.ts" ? "lib/losses" : path.slice(0, path.lastIndexOf("/"));
      if (!Object.hasOwn(ROOMS, room)) throw new Error(`expected a room of the library, found ${room} (${name})`);
      const list = rooms.get(room) ?? new Map<string, string>();
      rooms.set(room, list.set(name, firstSentence(found.jsDoc?.doc ?? "")));
    }
  }
  const sections = Object.entries(ROOMS).filter(([room]) => rooms.has(room)).map(([room, about]) => {
    const names = [...rooms.get(room)!].toSorted(([a], [b]) => a < b ? -1 : 1);
    return `## ${room}: ${about}\n\n${names.map(([name, said]) => listItem(`\`${name}\`: ${said}`)).join("\n")}`;
  });
  return [
    "# The library",
    paragraph(
      "What `mod.ts` exports, room by room in the order in which data flows. `deno doc --filter=NAME mod.ts` tells the " +
        "rest of a name: formula, shapes, domains, errors, and often an example, which is a test. Types are left out. " +
        "`deno task reference` writes this page.",
    ),
    ...sections,
  ].join("\n\n") + "\n";
}

/** Text of the page for this workspace. */
export async function currentReference(): Promise<string> {
  const root = new URL("../../", import.meta.url);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", "mod.ts"],
    cwd: fromFileUrl(root),
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (code !== 0) throw new Error(`deno doc failed: ${new TextDecoder().decode(stderr)}`);
  return await formatted(referenceText(JSON.parse(new TextDecoder().decode(stdout)), root.href));
}

/** The text as `deno fmt` leaves it. */
async function formatted(text: string): Promise<string> {
  const fmt = new Deno.Command(Deno.execPath(), { args: ["fmt", "--ext=md", "-"], stdin: "piped", stdout: "piped" })
    .spawn();
  const writer = fmt.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { code, stdout } = await fmt.output();
  if (code !== 0) throw new Error("deno fmt failed");
  return new TextDecoder().decode(stdout);
}

const command = defineCommand({
  name: "reference",
  about: "Writes lib/README.md: everything that mod.ts exports, by room, with the first sentence of its description.",
  options: {},
});

async function main(): Promise<void> {
  writeAtomically(fromFileUrl(new URL("../README.md", import.meta.url)), await currentReference());
}

if (import.meta.main) await runCommand(command, main);
