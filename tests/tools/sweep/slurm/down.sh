#!/bin/sh
# Ends what up.sh started in a folder; jobs that run are left running.
folder=$1
export SLURM_CONF="$folder/slurm.conf"
for daemon in slurmctld slurmd munged; do
  if [ ! -f "$folder/$daemon.pid" ]; then continue; fi
  pid=$(cat "$folder/$daemon.pid")
  kill "$pid" 2>/dev/null
  tries=0
  while kill -0 "$pid" 2>/dev/null && [ $tries -lt 100 ]; do
    tries=$((tries + 1))
    sleep 0.1
  done
done
exit 0
