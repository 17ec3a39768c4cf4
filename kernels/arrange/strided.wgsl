// y[i] = x[Σ_k i_k s_k]      i = (i_0 … i_5) row-major
//
// One invocation per element. Permuting and repeating are both of this form. Elements of x are of type X: as those of y,
// or one number that stands for four. Extents n and steps s count elements.
struct Dims {
  N: u32,
  n1: u32, n2: u32, n3: u32, n4: u32, n5: u32,
  s0: u32, s1: u32, s2: u32, s3: u32, s4: u32, s5: u32,
}
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<X>;              // (M)
@group(0) @binding(2) var<storage, read_write> y: array<Element>;  // (N)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let i = group_index(group, groups) * 64u + lane;
  if (i >= dims.N / WIDTH) {
    return;
  }
  var rest = i;
  let k5 = rest % dims.n5;
  rest /= dims.n5;
  let k4 = rest % dims.n4;
  rest /= dims.n4;
  let k3 = rest % dims.n3;
  rest /= dims.n3;
  let k2 = rest % dims.n2;
  rest /= dims.n2;
  let k1 = rest % dims.n1;
  let k0 = rest / dims.n1;
  let at = k0 * dims.s0 + k1 * dims.s1 + k2 * dims.s2 + k3 * dims.s3 + k4 * dims.s4 + k5 * dims.s5;
  y[i] = Element(x[at]);
}
