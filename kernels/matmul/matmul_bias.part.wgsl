// bias_of(replica, n) = bias[replica, n … n + 3], added to every row of the product; a stride of 0 serves every replica
fn bias_of(replica: u32, n: u32) -> vec4f {
  return bias_row(replica * dims.strideBias, vec2u(1u, dims.N), vec2u(0u, n));
}
