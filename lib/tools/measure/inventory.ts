/**
 * Kinds of a checkpoint's tensors: parameters, buffers, state of a run, quantised weights, adapters.
 *
 * @module
 */
import { FLOATING } from "../../checkpoint/dtype.ts";
import type { TensorEntry } from "../../checkpoint/header.ts";
import type { TensorSource } from "../../checkpoint/safetensors_file.ts";

/** A low-rank change of a weight, ΔW ∝ B A. */
export interface Adapter {
  /** Name of the weight that it changes. */
  readonly name: string;
  /** Tensor of A (r, in). */
  readonly a: string;
  /** Tensor of B (out, r). */
  readonly b: string;
}

/** Tensors by what they are. */
export interface Inventory {
  /** Weights, biases and gains, adapters included. */
  readonly parameters: ReadonlyMap<string, TensorEntry>;
  /** Masks, frequencies, statistics of a norm: no parameters, whatever their type. */
  readonly buffers: readonly string[];
  /** State of an optimiser or a run. */
  readonly state: readonly string[];
  /** Weights of less than 16 bits, with their scales. */
  readonly quantised: readonly string[];
  /** Low-rank adapters, whose tensors are parameters too. */
  readonly adapters: readonly Adapter[];
}

const STATE = /^(?:optimizer|run)\./;
const BUFFER =
  /(?:^|\.)(?:masked_bias|IGNORE|inv_freq|original_inv_freq|position_ids|token_type_ids|num_batches_tracked|running_mean|running_var|rotary_sin|rotary_cos|sin_cached|cos_cached|freqs_cis|mask|causal_mask|attn_mask|attention_mask|relative_position_index|alibi|slopes)$/;
const MASK = /(?:^|\.)\w*att\w*\.(?:bias|tril|mask)$/i;
const COMPANION =
  /(?:[._])(?:scales?|scale_inv|zeros?|zero_point|qzeros|g_idx|SCB|absmax|quant_map|nested_absmax|nested_quant_map|weight_format|quant_state\..*|shape)$/;
const LORA = /^(.*?)\.?lora_([AB])(?:\.[\w-]+?)?(?:\.weight)?$/;

/**
 * Sorts the tensors of a checkpoint.
 *
 * @param source Open checkpoint.
 * @returns All of its tensors, each in one place.
 */
export function inventoryOf({ tensors }: Pick<TensorSource, "tensors">): Inventory {
  const parameters = new Map<string, TensorEntry>();
  const [buffers, state, quantised]: string[][] = [[], [], []];
  const low = (dtype: TensorEntry["dtype"]) => /^F[48]|^F6/.test(dtype);
  const packed = [...tensors].some(([name, { dtype }]) =>
    low(dtype) || !FLOATING.includes(dtype) && /(?:^|[._])q?weight(?:_packed)?$/.test(name)
  );
  for (const [name, entry] of tensors) {
    const { dtype, shape } = entry;
    if (STATE.test(name)) state.push(name);
    else if (packed && COMPANION.test(name)) quantised.push(name);
    else if (!FLOATING.includes(dtype)) {
      if (low(dtype) || /(?:^|[._])q?weight(?:_packed)?$/.test(name)) quantised.push(name);
      else buffers.push(name);
    } else if (BUFFER.test(name) || MASK.test(name) && shape.length > 2) buffers.push(name);
    else parameters.set(name, entry);
  }
  return { parameters, buffers, state, quantised, adapters: adaptersOf(parameters) };
}

function adaptersOf(parameters: ReadonlyMap<string, TensorEntry>): Adapter[] {
  const pairs = new Map<string, { a?: string; b?: string }>();
  for (const [name, { shape }] of parameters) {
    const match = LORA.exec(name);
    if (match === null || shape.length !== 2) continue;
    const [, base, side] = match;
    const pair = pairs.get(base) ?? {};
    pairs.set(base, { ...pair, [side.toLowerCase()]: name });
  }
  return [...pairs].flatMap(([name, { a, b }]) => a !== undefined && b !== undefined ? [{ name, a, b }] : []);
}
