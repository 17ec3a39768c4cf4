"""Saves what modules of a PyTorch model read, for a fixed batch: save_activations(model, batch, 100, "activations", names)."""
import os, torch
from safetensors.torch import save_file


def save_activations(model, batch, step, folder, modules, labels={}):
    found = {}
    def keep(name):
        def hook(module, args, kwargs):
            found[name] = next(x for x in (*args, *kwargs.values()) if torch.is_tensor(x)).detach().float().cpu().contiguous()
        return model.get_submodule(name).register_forward_pre_hook(hook, with_kwargs=True)
    hooks = [keep(name) for name in modules]  # modules of attention, under their names in the checkpoint, give OV too
    with torch.no_grad():
        model(**batch)  # under model.eval(), so that the batch is read in the same way at every step
    for hook in hooks:
        hook.remove()
    os.makedirs(folder, exist_ok=True)
    save_file(found | {f"label.{k}": v.cpu() for k, v in labels.items()}, f"{folder}/activations-{step}.safetensors")
