// Uniform integers and permutations, from the bits of random.part.wgsl.

// Uniform in 0 … n − 1, without the bias of a remainder: the first of four words below the largest multiple of n decides.
// All four miss with probability below (n / 2³²)⁴; the last one is taken then.
fn uniform_below(bits: vec4u, n: u32) -> u32 {
  // 2³² mod n, from the words that 32 bits hold.
  let excess = (0xffffffffu % n + 1u) % n;
  let last = 0xffffffffu - excess;
  return select(select(select(bits.w, bits.z, bits.z <= last), bits.y, bits.y <= last), bits.x, bits.x <= last) % n;
}

// Place of element c among the C elements of a random permutation: the rank of its word, ties by index.
// Costs ⌈C/4⌉ loop iterations.
fn permuted_rank(seed: u32, key: u32, step: u32, item: u32, c: u32, C: u32) -> u32 {
  let own = random_bits(seed, key, step, item, c / 4u)[c % 4u];
  var rank = 0u;
  for (var block = 0u; block < (C + 3u) / 4u; block++) {
    let bits = random_bits(seed, key, step, item, block);
    let j = 4u * block + vec4u(0u, 1u, 2u, 3u);
    let before = (bits < vec4u(own)) | ((bits == vec4u(own)) & (j < vec4u(c)));
    let counted = select(vec4u(0u), vec4u(1u), before & (j < vec4u(C)));
    rank += counted.x + counted.y + counted.z + counted.w;
  }
  return rank;
}
