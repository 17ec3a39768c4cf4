"""Executes a notebook with the Deno at hand and prints it as JSON: execute_notebook.py NOTEBOOK DENO FOLDER."""
import json, os, sys

notebook, deno, folder = sys.argv[1:]
kernel = os.path.join(folder, "kernels", "deno")
os.makedirs(kernel)
with open(os.path.join(kernel, "kernel.json"), "w") as file:
    argv = [deno, "jupyter", "--kernel", "--conn", "{connection_file}"]
    json.dump({"argv": argv, "display_name": "Deno", "language": "typescript"}, file)
os.environ.update(JUPYTER_PATH=folder, JUPYTER_RUNTIME_DIR=os.path.join(folder, "runtime"), JUPYTER_PLATFORM_DIRS="1")

import nbformat
from nbclient import NotebookClient
from nbclient.util import run_sync

read = nbformat.read(notebook, as_version=4)
where = {"metadata": {"path": os.path.dirname(notebook)}}
client = NotebookClient(read, timeout=120, kernel_name="deno", resources=where)
with client.setup_kernel():
    for index, cell in enumerate(read.cells):
        client.execute_cell(cell, index)
    # About one result in twenty comes after the kernel has said that it is idle: front ends show it all the same, nbclient does not.
    if not cell.outputs:
        late = run_sync(client.kc.get_iopub_msg)(timeout=60)
        cell.outputs.append(nbformat.v4.output_from_msg(late))
json.dump(read, sys.stdout)
