/**
 * Keeps the WGSL of every shader module that a test process makes in the folder that `ICL_LAB_SHADERS` names, a file a text, so that
 * another compiler can be asked about all of them. For `deno test --preload`.
 *
 * @module
 */
import { createHash } from "node:crypto";

const folder = Deno.env.get("ICL_LAB_SHADERS");
if (folder !== undefined) {
  const seen = new Set<string>();
  const make = GPUDevice.prototype.createShaderModule;
  GPUDevice.prototype.createShaderModule = function (descriptor) {
    const { code, label = "" } = descriptor;
    // What tests name so is wrong on purpose: no compiler takes it.
    if (!seen.has(code) && label !== "wrong") {
      seen.add(code);
      const hash = createHash("sha256").update(code).digest("hex").slice(0, 16);
      Deno.writeTextFileSync(`${folder}/${label.replaceAll(/\W/g, "_")}.${hash}.wgsl`, code);
    }
    return make.call(this, descriptor);
  };
}
