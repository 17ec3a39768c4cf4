// Entries (m, n) … (m, n + 3) of replica r of the result, whose rows start at multiples of four elements: n % 4 = 0.
@group(0) @binding(3) var<storage, read_write> c: array<vec4f>;  // (R, M, N)

fn store_result(r: u32, m: u32, n: u32, value: vec4f) {
  if (m < dims.M && n < dims.N) {
    c[((r * dims.M + m) * dims.N + n) / 4u] = value;
  }
}
