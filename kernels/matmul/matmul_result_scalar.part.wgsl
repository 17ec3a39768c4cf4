// Entries (m, n) … (m, n + 3) of replica r of the result, with rows of any length; those beyond it are left out.
@group(0) @binding(3) var<storage, read_write> c: array<f32>;  // (R, M, N)

fn store_result(r: u32, m: u32, n: u32, value: vec4f) {
  if (m >= dims.M) {
    return;
  }
  let row = (r * dims.M + m) * dims.N;
  if (n < dims.N) { c[row + n] = value.x; }
  if (n + 1u < dims.N) { c[row + n + 1u] = value.y; }
  if (n + 2u < dims.N) { c[row + n + 2u] = value.z; }
  if (n + 3u < dims.N) { c[row + n + 3u] = value.w; }
}
