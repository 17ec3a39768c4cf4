/**
 * How models name and store the matrices of their attention heads.
 *
 * Every layout is affine: entry (h, c, j) of the map between the residual stream (c) and head h (j) lies at
 * `offset + h · head + c · model + j · inner` of a tensor. So fused, transposed and stacked weights are all read by one loop.
 *
 * @module
 */

/** How the axes of a weight stand. `heads` has an axis of heads: (H, C, D), for outputs (H, D, C). */
export type WeightAxes = "in-out" | "out-in" | "heads";

/** Names of query, key and value, and of the map back to the residual stream. */
export type Names =
  & { readonly output: RegExp; readonly axes: WeightAxes }
  & (
    | { readonly query: RegExp; readonly key: RegExp; readonly value: RegExp }
    | {
      /** All three in one tensor. */
      readonly fused: RegExp;
      /** One part after the other, or part by part within each head. */
      readonly order: "parts" | "heads";
    }
  );

/** A way in which models name their attention. What stands before a name's match is the layer's prefix. */
export type Layout = Names & {
  /** Name on the command line. */
  readonly id: string;
  /** Whose it is. */
  readonly of: string;
};

/** Known layouts, the first that matches is taken. */
export const LAYOUTS: readonly Layout[] = [
  {
    id: "icl-lab",
    of: "checkpoints of this project",
    query: /\.?attention\.query$/,
    key: /\.?attention\.key$/,
    value: /\.?attention\.value$/,
    output: /\.?attention\.output$/,
    axes: "in-out",
  },
  {
    id: "transformer-lens",
    of: "TransformerLens: W_Q, W_K, W_V, W_O",
    query: /\.?W_Q$/,
    key: /\.?_?W_K$/,
    value: /\.?_?W_V$/,
    output: /\.?W_O$/,
    axes: "heads",
  },
  {
    id: "gpt2",
    of: "GPT-2: fused c_attn, as Conv1D (in, out) or Linear (out, in)",
    fused: /\.?c_attn\.weight$/,
    order: "parts",
    output: /\.?c_proj\.weight$/,
    axes: "in-out",
  },
  {
    id: "torch",
    of: "nn.MultiheadAttention: in_proj_weight",
    fused: /\.?in_proj_weight$/,
    order: "parts",
    output: /\.?out_proj\.weight$/,
    axes: "out-in",
  },
  {
    id: "llama",
    of: "Llama, Mistral, Qwen, Gemma, OPT: q_proj, k_proj, v_proj (grouped or not), o_proj or out_proj",
    query: /\.?q_proj\.weight$/,
    key: /\.?k_proj\.weight$/,
    value: /\.?v_proj\.weight$/,
    output: /\.?(?:o_proj|out_proj)\.weight$/,
    axes: "out-in",
  },
  {
    id: "phi3",
    of: "Phi-3: fused qkv_proj",
    fused: /\.?qkv_proj\.weight$/,
    order: "parts",
    output: /\.?o_proj\.weight$/,
    axes: "out-in",
  },
  {
    id: "neox",
    of: "GPT-NeoX, Pythia: query_key_value, head by head",
    fused: /\.?query_key_value\.weight$/,
    order: "heads",
    output: /\.?dense\.weight$/,
    axes: "out-in",
  },
  {
    id: "bert",
    of: "BERT: self.query, self.key, self.value, output.dense",
    query: /\.?self\.query\.weight$/,
    key: /\.?self\.key\.weight$/,
    value: /\.?self\.value\.weight$/,
    output: /\.?output\.dense\.weight$/,
    axes: "out-in",
  },
  {
    id: "timm",
    of: "vision transformers of timm: qkv, proj",
    fused: /\.?attn\.qkv\.weight$/,
    order: "parts",
    output: /\.?attn\.proj\.weight$/,
    axes: "out-in",
  },
  {
    id: "linear",
    of: "layers called query, key, value (or W_q …) and out (or W_o, output, proj)",
    query: /\.?(?:query|to_q|wq|W_q|q)\.weight$/,
    key: /\.?(?:key|to_k|wk|W_k|k)\.weight$/,
    value: /\.?(?:value|to_v|wv|W_v|v)\.weight$/,
    output: /\.?(?:out|output|to_out\.0|to_out|wo|W_o|o|proj)\.weight$/,
    axes: "out-in",
  },
];
