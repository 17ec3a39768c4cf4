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

/**
 * Order of queries, keys and values in one weight: `parts` [Q K V], `interleaved` head by head [q k v], `grouped` by key head
 * [q … q k v], `codegen` in four blocks of [Q V K].
 */
export type FusedOrder = "parts" | "interleaved" | "grouped" | "codegen";

/** Names of query, key and value, and of the map back to the residual stream. */
export type Names =
  & { readonly output: RegExp; readonly axes: WeightAxes }
  & (
    | { readonly query: RegExp; readonly key: RegExp; readonly value: RegExp }
    | {
      /** All three in one tensor. */
      readonly fused: RegExp;
      /** Where the names settle it. */
      readonly order?: FusedOrder;
    }
    | {
      readonly query: RegExp;
      /** Keys and values in one tensor, [K V], as of cross-attention. */
      readonly keyValue: RegExp;
    }
  );

/** A way in which models name their attention. What stands before a name's match is the layer's prefix. */
export type Layout = Names & {
  /** Name on the command line. */
  readonly id: string;
  /** Whose it is. */
  readonly of: string;
};

/** Known layouts; a tensor belongs to the first that takes it. */
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
    id: "gpt2-cross",
    of: "cross-attention of GPT-2: q_attn, and c_attn of keys and values",
    query: /\.?q_attn\.weight$/,
    keyValue: /\.?c_attn\.weight$/,
    output: /\.?c_proj\.weight$/,
    axes: "in-out",
  },
  {
    id: "gpt2",
    of: "GPT-2, GPT-BigCode: fused c_attn, as Conv1D (in, out) or Linear (out, in)",
    fused: /\.?c_attn\.weight$/,
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
    id: "torch-apart",
    of: "nn.MultiheadAttention with widths of its own for keys and values",
    query: /\.?q_proj_weight$/,
    key: /\.?k_proj_weight$/,
    value: /\.?v_proj_weight$/,
    output: /\.?out_proj\.weight$/,
    axes: "out-in",
  },
  {
    id: "llama",
    of:
      "Llama, Mistral, Qwen, Gemma, OPT, GPT-J, BART, Phi: q_proj, k_proj, v_proj (grouped or not), o_proj, out_proj or dense",
    query: /\.?q_proj\.weight$/,
    key: /\.?k_proj\.weight$/,
    value: /\.?v_proj\.weight$/,
    output: /\.?(?:o_proj|out_proj|dense)\.weight$/,
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
    id: "codegen",
    of: "CodeGen: fused qkv_proj, out_proj",
    fused: /\.?qkv_proj\.weight$/,
    output: /\.?out_proj\.weight$/,
    axes: "out-in",
  },
  {
    id: "mpt",
    of: "MPT, ModernBERT, Baichuan: fused Wqkv or W_pack",
    fused: /\.?(?:Wqkv|W_pack)\.weight$/,
    order: "parts",
    output: /\.?(?:out_proj|Wo|o_proj)\.weight$/,
    axes: "out-in",
  },
  {
    id: "neox",
    of: "GPT-NeoX, Pythia, BLOOM, Falcon: query_key_value",
    fused: /\.?query_key_value\.weight$/,
    output: /\.?dense\.weight$/,
    axes: "out-in",
  },
  {
    id: "internlm2",
    of: "InternLM2: wqkv by groups",
    fused: /\.?wqkv\.weight$/,
    output: /\.?wo\.weight$/,
    axes: "out-in",
  },
  {
    id: "bert",
    of: "BERT, ViT: self.query, self.key, self.value, output.dense",
    query: /\.?(?:self|attention)\.query(?:_proj)?\.weight$/,
    key: /\.?(?:self|attention)\.key(?:_proj)?\.weight$/,
    value: /\.?(?:self|attention)\.value(?:_proj)?\.weight$/,
    output: /\.?output\.dense\.weight$/,
    axes: "out-in",
  },
  {
    id: "distilbert",
    of: "DistilBERT: q_lin, k_lin, v_lin, out_lin",
    query: /\.?q_lin\.weight$/,
    key: /\.?k_lin\.weight$/,
    value: /\.?v_lin\.weight$/,
    output: /\.?out_lin\.weight$/,
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
    of: "layers called query, key, value (or W_q …) and out (or W_o, output, dense, proj)",
    query: /\.?(?:query|to_q|wq|W_q|q)\.weight$/,
    key: /\.?(?:key|to_k|wk|W_k|k)\.weight$/,
    value: /\.?(?:value|to_v|wv|W_v|v)\.weight$/,
    output: /\.?(?:out|output|to_out\.0|to_out|wo|W_o|o|dense|proj)\.weight$/,
    axes: "out-in",
  },
  {
    id: "fused",
    of: "layers called qkv (or to_qkv) and out (or proj …)",
    fused: /\.?(?:qkv|to_qkv)\.weight$/,
    output: /\.?(?:out|output|to_out\.0|to_out|wo|W_o|o|proj|out_proj|o_proj)\.weight$/,
    axes: "out-in",
  },
];
