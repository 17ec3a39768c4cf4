// y[i] = x[start + Σ_k i_k step_k]      i = (i_0 … i_5) row-major; PAD: 0 where a coordinate lies outside of x
//
// One invocation per element. Permuting, repeating and cutting out are all of this form. With PAD, y is x of extents
// m_k surrounded by zeros: x starts at coordinate o_k of y.
const PAD: u32 = 0u;
struct Dims {
  N: u32, start: u32,
  n1: u32, n2: u32, n3: u32, n4: u32, n5: u32,
  s0: u32, s1: u32, s2: u32, s3: u32, s4: u32, s5: u32,
  m0: u32, m1: u32, m2: u32, m3: u32, m4: u32, m5: u32,
  o0: u32, o1: u32, o2: u32, o3: u32, o4: u32, o5: u32,
}
@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (X)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (N)

@compute @workgroup_size(64) fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) lane: u32) {
  let i = group_index(group, groups) * 64u + lane;
  if (i >= dims.N) {
    return;
  }
  var rest = i;
  var k5 = rest % dims.n5;
  rest /= dims.n5;
  var k4 = rest % dims.n4;
  rest /= dims.n4;
  var k3 = rest % dims.n3;
  rest /= dims.n3;
  var k2 = rest % dims.n2;
  rest /= dims.n2;
  var k1 = rest % dims.n1;
  var k0 = rest / dims.n1;
  var inside = true;
  if (PAD == 1u) {
    // Below the first coordinate the difference wraps around and is too large as well.
    k0 -= dims.o0;
    k1 -= dims.o1;
    k2 -= dims.o2;
    k3 -= dims.o3;
    k4 -= dims.o4;
    k5 -= dims.o5;
    inside = k0 < dims.m0 && k1 < dims.m1 && k2 < dims.m2 && k3 < dims.m3 && k4 < dims.m4 && k5 < dims.m5;
  }
  let at = dims.start + k0 * dims.s0 + k1 * dims.s1 + k2 * dims.s2 + k3 * dims.s3 + k4 * dims.s4 + k5 * dims.s5;
  y[i] = select(0.0, x[select(0u, at, inside)], inside);
}
