"""Writes a run folder that ./lab serve, query and report read while the training runs."""
import datetime, fcntl, json, os


class LabLog:
    def __init__(self, folder, experiment, configuration={}, seeds=[0]):
        os.makedirs(folder)  # results/EXPERIMENT/RUN, never on top of another run
        self.folder, self.log = folder, open(f"{folder}/log.ndjson", "a", buffering=1)
        fcntl.flock(self.log, fcntl.LOCK_EX)  # held while the run lives: nothing else says that it does
        now = datetime.datetime.now(datetime.timezone.utc).isoformat()
        self.manifest = dict(experiment=experiment, preset="python", configuration=configuration, seeds=seeds, start=now)
        self.end("running")

    def measure(self, step, series="main", replica=0, **numbers):  # finite numbers only
        for quantity, value in numbers.items():
            row = dict(kind="measure", series=series, step=step, quantity=quantity, replica=replica, value=float(value))
            self.log.write(json.dumps(row, allow_nan=False) + "\n")

    def end(self, status="complete", reason=None):
        with open(f"{self.folder}/manifest.json.tmp", "w") as file:
            json.dump(dict(self.manifest, status=status, reason=reason, columns={}), file)
        os.replace(f"{self.folder}/manifest.json.tmp", f"{self.folder}/manifest.json")
