// bias_of(replica, n) = 0: a product without a bias
fn bias_of(replica: u32, n: u32) -> vec4f {
  return vec4f();
}
